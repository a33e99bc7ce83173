"""Who gets a minimum: rule T, room that returns, emergencies on narrow circuits, small wishes."""

import pytest

from scheduling.solver import Circuit, Demand, Problem, ReasonKind, Reservation, solve, violations
from scheduling.solver.play.live import LIVE, live_policy
from scheduling.solver.reasons import REST_S

HOUR_S = 3600


def car(key, circuit="feeder", *, phases=(0,), **facts):
    return Demand(key, circuit, phases=phases, **facts)


def booked(key, energy_wh, depart_s, **facts):
    return car(key, energy_wh=energy_wh, remaining_wh=energy_wh, depart_s=depart_s, **facts)


def decide(limit_a, *cars, policy=LIVE, circuits=()):
    feeder = Circuit("feeder", limit_ma=(limit_a * 1000,) * 3)
    problem = Problem((feeder, *circuits), cars, policy=policy, period_s=900)
    solution = solve(problem)
    assert violations(problem, solution.limits_ma()) == []
    return solution


@pytest.mark.promise("E19")
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("paused_s", [REST_S, 75, 299, 4_000])
def test_cars_that_a_cut_paused_start_when_room_returns(paused_s, known):
    wish = {"energy_wh": 10_000.0, "remaining_wh": 9_000.0, "depart_s": 10 * HOUR_S} if known else {}
    paused = [car(f"paused{n}", since_s=paused_s, starts=1, **wish) for n in range(4)]
    running = [car(f"on{n}", current_ma=6_000, since_s=75, starts=1, **wish) for n in range(5)]
    limits = decide(63, *paused, *running).limits_ma()
    assert min(limits.values()) >= 6_000


@pytest.mark.promise("E19")
def test_room_is_not_idle_beside_a_tight_plan_while_a_paused_car_fits():
    """Two of them would need all of it; they take what they can, and what they leave is not kept from the third."""
    urgent = [booked(f"urgent{n}", 30_000.0, HOUR_S, max_ma=16_000, current_ma=6_000, starts=1) for n in "ab"]
    paused = booked("night", 9_000.0, 12 * HOUR_S, since_s=60, starts=1)
    limits = decide(40, *urgent, paused).limits_ma()
    assert limits == {"urgenta": 16_000, "urgentb": 16_000, "night": 8_000}


@pytest.mark.promise("E19")
@pytest.mark.parametrize("depart_s", [600, 900])
@pytest.mark.parametrize("most_a", [14, 16, 32])
def test_what_is_kept_for_the_end_of_a_wish_is_no_reason_for_another_to_wait(most_a, depart_s):
    """The last car would be left with less than a minimum's worth, so it takes less now; the rest is for who waits."""
    last = booked("last", 800.0, depart_s, max_ma=most_a * 1_000, current_ma=6_000, starts=2)
    paused = booked("night", 9_000.0, 12 * HOUR_S, since_s=200, starts=1)
    assert decide(13, last, paused).limits_ma() == {"last": 7_000, "night": 6_000}


def test_car_paused_a_moment_ago_rests_and_says_so():
    paused = car("paused", since_s=REST_S - 10, starts=1)
    allotment = decide(40, paused).allotments["paused"]
    assert (allotment.limit_ma, allotment.reason.kind) == (0, ReasonKind.RESTING)
    assert allotment.reason.change_s == 10


@pytest.mark.promise("E15")
def test_what_cannot_wait_comes_before_a_minimum_that_can():
    soon = [booked(f"soon{n}", 7_000.0, HOUR_S) for n in range(2)]
    night = booked("night", 8_000.0, 12 * HOUR_S)
    solution = decide(56, *soon, night)
    assert solution.limits_ma()["night"] == 0
    reason = solution.allotments["night"].reason
    # The minimums would fit: the reason does not say that they don't. The wait ends when the others have left.
    assert (reason.kind, reason.circuit_id, reason.phase) == (ReasonKind.AFTER_URGENT, "feeder", 0)
    assert HOUR_S <= reason.change_s <= 12 * HOUR_S


@pytest.mark.promise("E15")
def test_everybody_has_the_minimum_while_all_fit_beside_what_cannot_wait():
    soon = booked("soon", 7_000.0, HOUR_S)
    nights = [booked(f"night{n}", 8_000.0, 12 * HOUR_S) for n in range(2)]
    blind = car("blind", current_ma=32_000, starts=1)
    limits = decide(48, soon, *nights, blind).limits_ma()
    assert min(limits.values()) >= 6_000
    assert limits["soon"] >= 22_000


def test_crowded_feeder_keeps_nobody_elsewhere_waiting():
    crowd = [booked(f"crowd{n}", 5_000.0, HOUR_S, circuit="narrow") for n in range(4)]
    night = booked("night", 8_000.0, 12 * HOUR_S)
    narrow = Circuit("narrow", "feeder", limit_ma=(13_000,) * 3)
    limits = decide(40, *crowd, night, circuits=(narrow,)).limits_ma()
    assert limits["night"] >= 6_000
    assert sum(limits[f"crowd{n}"] for n in range(4)) == 13_000


def test_community_may_want_a_little_for_everybody_first():
    soon = [booked(f"soon{n}", 7_000.0, HOUR_S) for n in range(2)]
    night = booked("night", 8_000.0, 12 * HOUR_S)
    limits = decide(56, *soon, night, policy=live_policy(everybody_first=True)).limits_ma()
    assert min(limits.values()) >= 6_000


@pytest.mark.promise("E4")
@pytest.mark.parametrize("other_ma", [0, 6_000])
@pytest.mark.parametrize(
    ("limit_a", "floor_a", "gets_a"), [(12, 14, 12), (12, 8, 12), (7, 14, 7), (40, 14, 32)]
)
def test_emergency_has_its_floor_or_what_the_circuit_carries(limit_a, floor_a, gets_a, other_ma):
    emergency = car("emergency", emergency_min_ma=floor_a * 1000)
    other = car("other", current_ma=other_ma, starts=1 if other_ma else 0)
    limits = decide(limit_a, emergency, other).limits_ma()
    assert limits["emergency"] >= min(floor_a, limit_a) * 1000
    assert sum(limits.values()) <= limit_a * 1000
    assert limits["emergency"] <= gets_a * 1000


def test_emergency_comes_before_a_minimum_that_its_charger_must_keep():
    emergency = car("emergency", emergency_min_ma=14_000)
    kept = car("kept", current_ma=6_000, starts=1, keeps_minimum=True)
    assert decide(12, emergency, kept).limits_ma() == {"emergency": 12_000, "kept": 0}


def test_two_emergencies_have_their_minimums_before_either_has_its_floor():
    pair = [car(key, emergency_min_ma=14_000) for key in ("a", "b")]
    assert sorted(decide(16, *pair).limits_ma().values()) == [6_000, 10_000]


def test_emergency_on_three_phases_takes_what_the_fullest_phase_leaves():
    emergency = car("emergency", phases=(0, 1, 2), emergency_min_ma=14_000)
    held = Reservation("feeder", load_ma=(0, 9_000, 0))
    problem = Problem(
        (Circuit("feeder", limit_ma=(20_000,) * 3),), (emergency,), (held,), policy=LIVE, period_s=900
    )
    assert solve(problem).limits_ma() == {"emergency": 11_000}


def test_emergency_without_room_for_its_minimum_says_what_is_full():
    allotment = decide(5, car("emergency", emergency_min_ma=14_000)).allotments["emergency"]
    assert allotment.limit_ma == 0
    assert (allotment.reason.kind, allotment.reason.circuit_id) == (ReasonKind.NO_ROOM, "feeder")


@pytest.mark.parametrize("starts", [0, 1])
@pytest.mark.parametrize("remaining_wh", [1.0, 50.0, 300.0])
def test_small_wish_is_served_before_it_leaves(remaining_wh, starts):
    """Less than 6 A for a quarter of an hour: never more than a part of a minimum, and no less urgent for that."""
    small = booked("small", remaining_wh, 1_000, starts=starts, since_s=1_000)
    others = [booked(f"on{n}", 20_000.0, 10 * HOUR_S, current_ma=16_000, starts=1) for n in range(2)]
    assert decide(32, small, *others).limits_ma()["small"] >= 6_000


def test_what_waits_for_a_blind_car_is_never_more_than_a_minimum():
    """Who says nothing must not be the most urgent of all."""
    silent = [car(f"silent{n}") for n in range(2)]
    soon = booked("soon", 7_000.0, HOUR_S)
    limits = decide(44, *silent, soon).limits_ma()
    assert limits["soon"] >= 25_000
