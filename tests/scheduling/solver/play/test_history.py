import pytest

from scheduling.solver.errors import BadInputError
from scheduling.solver.play.history import Habits, History, PastStay, past_days
from scheduling.solver.play.scenario import read_scenario


def day(*arrivals):
    return {
        "period_s": 3600,
        "n_periods": 24,
        "nodes": [{"id": "root", "parent": None, "limit_kw": 50.0}],
        "chargers": [{"id": f"c{n}", "node": "root", "max_kw": 10.0, "min_kw": 1.38, "phases": 1} for n in range(9)],
        "sessions": [
            {"id": f"s{n}", "charger": f"c{n}", "arrive_s": hour * 3600, "depart_s": (hour + 4) * 3600, "energy_kwh": 8.0, "max_kw": 10.0}
            for n, hour in enumerate(arrivals)
        ],
    }  # fmt: skip


def test_expected_cars_are_the_average_of_past_days():
    today = read_scenario(day())
    expected = History(past_days([day(9, 9), day(9, 15)]), today).expect(today, 0)
    assert [(each.arrive_s // 3600, each.max_w, each.remaining_wh) for each in expected] == [
        (9, 15_000, 12_000),
        (15, 5_000, 4_000),
    ]


def test_cars_that_should_be_here_already_are_not_expected_any_more():
    today = read_scenario(day())
    expected = History(past_days(day(9, 15)), today).expect(today, 10)
    assert [each.arrive_s for each in expected] == [5 * 3600]


def test_a_busy_day_raises_what_is_expected():
    past = past_days([day(8, 15), day(8, 15)])
    busy = read_scenario(day(8, 8, 8))
    quiet = read_scenario(day())
    assert History(past, busy).expect(busy, 9)[0].max_w > History(past, quiet).expect(quiet, 9)[0].max_w


@pytest.mark.parametrize("data", [7, [], {"days": []}])
def test_history_that_holds_no_days_is_refused(data):
    with pytest.raises(BadInputError):
        past_days(data)


def test_habits_are_the_drivers_own_at_that_time_of_day():
    stays = [PastStay("ann", 18, 36_000, 9_000.0)] * 5 + [PastStay("ann", 8, 3_600, 1_000.0)] * 5
    habits = Habits(stays + [PastStay("bob", 18, 7_200, 2_000.0)] * 9)
    assert habits.stay_s("ann", 18, 0.5) == 36_000
    assert habits.energy_wh("ann", 7, 0.5) == 1_000


def test_habits_of_a_new_driver_are_everybodys():
    habits = Habits([PastStay("bob", 23, hours * 3_600, 2_000.0) for hours in range(1, 10)])
    assert habits.stay_s("new", 0, 0.5) == 5 * 3_600


def test_habits_without_any_record_say_nothing():
    assert Habits([]).stay_s("ann", 18, 0.5) is None
