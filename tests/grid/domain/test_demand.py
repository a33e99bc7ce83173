from datetime import UTC, datetime, timedelta

import pytest

from grid.domain import demand
from grid.models import DemandInterval, DemandTarget
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 5, tzinfo=UTC)
QUARTER = NOW.replace(minute=0)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def target():
    circuit = CircuitFactory()
    made = DemandTarget.objects.create(community=circuit.community, circuit=circuit, target_w=10_000)
    DemandTarget.objects.update(since=NOW - timedelta(days=1))
    made.refresh_from_db()
    return made


def interval(target, begin=QUARTER, **fields):
    given = {"length_s": 900, "target_w": 10_000, "counted_until": begin, **fields}
    return DemandInterval(community=target.community, circuit=target.circuit, begin=begin, **given)


def stored(target, begin, **fields):
    row = interval(target, begin, **fields)
    row.save()
    return row


def count(target, rows, *, load_w=6_000, highest_w=9_000, begin=QUARTER, now=NOW):
    return demand.count_intervals(
        target, rows, begin=begin, load_w=load_w, highest_w=highest_w, target_w=10_000, now=now
    )


def test_load_between_two_looks_is_the_mean_of_both(target):
    running = interval(target, load_w=3_000, used_ws=1_000, counted_until=NOW - timedelta(seconds=20))
    [counted] = count(target, [running])
    assert (counted.used_ws, counted.load_w) == (1_000 + 20 * 4_500, 6_000)
    assert (counted.counted_until, counted.finished) == (NOW, False)


def test_gap_counts_at_the_most_that_may_have_flowed(target):
    running = interval(target, load_w=3_000, counted_until=NOW - timedelta(seconds=31))
    [counted] = count(target, [running])
    assert counted.used_ws == 31 * 9_000


def test_interval_that_ended_meanwhile_is_counted_to_its_end_and_finished(target):
    before = interval(
        target, QUARTER - 15 * MINUTE, load_w=4_000, counted_until=QUARTER - timedelta(seconds=10)
    )
    now = QUARTER + timedelta(seconds=10)
    ended, running = count(target, [before], now=now)
    assert (ended, ended.finished, ended.counted_until) == (before, True, QUARTER)
    # The mean of 4 and 6 kW, for the ten seconds on either side of the turn.
    assert (ended.used_ws, running.used_ws) == (50_000, 50_000)
    assert (running.begin, running.length_s, running._state.adding) == (QUARTER, 900, True)


def test_clock_that_stepped_back_counts_the_same_time_once(target):
    running = interval(target, load_w=6_000, used_ws=600_000, counted_until=QUARTER + 10 * MINUTE)
    [counted] = count(target, [running])
    assert (counted.used_ws, counted.counted_until) == (300_000, NOW)


def test_target_that_is_newer_than_its_interval_counts_what_came_before_at_the_present_load(target):
    target.since = NOW - MINUTE
    [counted] = count(target, [])
    assert counted.used_ws == 300 * 6_000


def test_longer_interval_takes_over_what_the_shorter_ones_within_it_counted(target):
    target.interval_min = 60
    rows = [
        interval(
            target, QUARTER + 15 * k * MINUTE, used_ws=900_000, counted_until=QUARTER + 15 * (k + 1) * MINUTE
        )
        for k in range(2)
    ]
    [counted] = count(target, rows, now=QUARTER + 30 * MINUTE + timedelta(seconds=10))
    assert (counted.begin, counted.length_s) == (QUARTER, 3_600)
    # Ten seconds since the last look, at which nothing flowed.
    assert counted.used_ws == 1_800_000 + 10 * 3_000


def test_two_who_store_the_same_new_interval_leave_the_later_count(target):
    demand.store_intervals([interval(target, used_ws=1)])
    demand.store_intervals([interval(target, used_ws=2, finished=True)])
    row = DemandInterval.objects.get()
    assert (row.used_ws, row.finished) == (2, True)
    row.used_ws, row.target_w = 3, 1
    demand.store_intervals([row])
    assert DemandInterval.objects.values_list("used_ws", "target_w").get() == (3, 1)


def test_months_peak_is_of_finished_intervals_since_the_local_month_began(target):
    # In Berlin November begins at 23:00 UTC on the day before.
    month = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    whole = {"finished": True, "used_ws": 900 * 4_000}
    stored(target, month - 15 * MINUTE, finished=True, used_ws=900 * 9_000)
    stored(target, month, **whole)
    stored(target, month + HOUR, finished=False, used_ws=900 * 8_000)
    stored(target, month + 2 * HOUR, finished=True, length_s=3_600, used_ws=3_600 * 7_000)
    stored(target, NOW + HOUR, finished=True, used_ws=900 * 6_000)
    peaks = demand.month_peaks_w([target.circuit_id], time_zone="Europe/Berlin", now=NOW)
    assert peaks == {target.circuit_id: 4_000}


def test_billed_peak_is_nobodys_without_a_target_in_use(target):
    assert demand.read_billed_peak(CircuitFactory(), now=NOW) is None
    running = stored(target, QUARTER, counted_until=NOW - MINUTE)
    billed = demand.read_billed_peak(target.circuit, now=NOW)
    assert (billed.target, billed.month_peak_w, billed.running) == (target, 0, running)
    assert demand.read_billed_peak(target.circuit, now=QUARTER + 15 * MINUTE).running is None
    DemandTarget.objects.update(active=False)
    assert demand.read_billed_peak(target.circuit, now=NOW) is None


def test_recent_intervals_are_those_of_two_hours_in_order(target, django_assert_num_queries):
    begins = [QUARTER - 2 * HOUR, QUARTER, QUARTER - HOUR, QUARTER + HOUR]
    for begin in begins:
        stored(target, begin)
    with django_assert_num_queries(1):
        recent = demand.read_recent([target], now=NOW)
    assert [row.begin for row in recent[target.circuit_id]] == [QUARTER - HOUR, QUARTER]
