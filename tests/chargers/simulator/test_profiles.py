import math

import pytest

from chargers.simulator.profiles import (
    Feed,
    Grant,
    Limits,
    Period,
    Profile,
    ProfileError,
    ProfileStore,
    Purpose,
    Running,
    Schedule,
    composite,
)

T0 = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC
FEED = Feed(phases=3, voltage_v=230)
RUNNING = Running(started_at=T0, key="7")
DAY_S = 86_400


def schedule(*limits, unit="A", duration_s=None, start=T0, phases=None):
    """limits: an A value, or (start_s, A) pairs."""
    periods = [limit if isinstance(limit, tuple) else (0, limit) for limit in limits]
    return Schedule(unit, tuple(Period(s, a, phases) for s, a in periods), duration_s, start)


def profile(purpose, level, plan, *, profile_id=None, kind="Absolute", **more):
    number = profile_id if profile_id is not None else 100 * level + list(Purpose).index(purpose)
    return Profile(number, level, purpose, kind, plan, **more)


def store_with(*entries, running=RUNNING, **options):
    store = ProfileStore(**options)
    for connector_id, one in entries:
        store.install(one, connector_id=connector_id, now=T0, running=running if connector_id else None)
    return store


def limit_at(store, offset_s, *, connector_id=1, running=RUNNING, feed=FEED):
    return store.connector_grant(connector_id, at=T0 + offset_s, running=running, feed=feed).limit_ma


def test_connector_without_profiles_has_no_limit():
    assert ProfileStore().connector_grant(1, at=T0, running=RUNNING, feed=FEED) == Grant(None, math.inf)


def test_higher_stack_level_prevails_while_it_is_active():
    store = store_with(
        (1, profile(Purpose.TX, 0, schedule(10))),
        (1, profile(Purpose.TX, 3, schedule(6, duration_s=60))),
        (1, profile(Purpose.TX, 2, schedule(20, start=T0 + 30, duration_s=60))),
    )
    assert [limit_at(store, t) for t in (0, 59, 60, 89, 90)] == [6_000, 6_000, 20_000, 20_000, 10_000]


def test_tx_profile_overrules_the_default_even_upwards_and_lapses_to_it():
    store = store_with(
        (0, profile(Purpose.TX_DEFAULT, 5, schedule(6))),
        (1, profile(Purpose.TX, 0, schedule(20, duration_s=120))),
    )
    assert [limit_at(store, t) for t in (0, 119, 120)] == [20_000, 20_000, 6_000]


def test_station_limit_is_the_minimum_with_the_transactions_own():
    store = store_with(
        (0, profile(Purpose.STATION_MAX, 0, schedule(16))), (1, profile(Purpose.TX, 0, schedule(20)))
    )
    periods = composite(store, 1, start=T0, duration_s=60, running=RUNNING, feed=FEED, nameplate_ma=32_000)
    assert periods == [(0, 16_000)]


def test_default_of_the_connector_replaces_that_of_connector_zero_on_its_level_only():
    store = store_with(
        (0, profile(Purpose.TX_DEFAULT, 1, schedule(10), profile_id=1)),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule(8), profile_id=2)),
        (2, profile(Purpose.TX_DEFAULT, 1, schedule(14, duration_s=60), profile_id=3)),
    )
    assert [limit_at(store, t, connector_id=1) for t in (0, 60)] == [10_000, 10_000]
    assert [limit_at(store, t, connector_id=2) for t in (0, 60)] == [14_000, 8_000]


def test_same_purpose_and_level_replaces_and_so_does_the_same_id():
    store = store_with((1, profile(Purpose.TX, 1, schedule(10), profile_id=1)))
    store.install(profile(Purpose.TX, 1, schedule(12), profile_id=2), connector_id=1, now=T0, running=RUNNING)
    assert [slot.profile.id for slot in store.slots] == [2]
    store.install(profile(Purpose.TX, 4, schedule(9), profile_id=2), connector_id=1, now=T0, running=RUNNING)
    assert [(slot.profile.id, slot.profile.stack_level) for slot in store.slots] == [(2, 4)]


def test_relative_schedule_counts_from_the_transactions_start():
    waiting = profile(Purpose.TX_DEFAULT, 0, schedule((0, 0), (300, 6), start=None), kind="Relative")
    store = store_with((0, waiting))
    later = Running(started_at=T0 + 1_000, key=None)
    assert [limit_at(store, 1_000 + t, running=later) for t in (0, 299, 300, 9_999)] == [0, 0, 6_000, 6_000]


def test_absolute_schedule_without_a_start_counts_from_the_transactions_start():
    store = store_with((1, profile(Purpose.TX, 0, schedule(10, duration_s=60, start=None))))
    assert [limit_at(store, t) for t in (0, 59, 60)] == [10_000, 10_000, None]


def test_validity_bounds_a_profile_on_both_sides():
    store = store_with((1, profile(Purpose.TX, 0, schedule(10), valid_from=T0 + 10, valid_to=T0 + 20)))
    assert [limit_at(store, t) for t in (9, 10, 19, 20)] == [None, 10_000, 10_000, None]


@pytest.mark.parametrize(("recurrency", "every_s"), [("Daily", DAY_S), ("Weekly", 7 * DAY_S)])
def test_recurring_schedule_comes_again_and_leaves_gaps_after_its_duration(recurrency, every_s):
    plan = schedule((0, 10), (3_600, 16), duration_s=7_200)
    store = store_with((1, profile(Purpose.TX, 0, plan, kind="Recurring", recurrency=recurrency)))
    again = [limit_at(store, 3 * every_s + t) for t in (0, 3_600, 7_200, -1)]
    assert again == [10_000, 16_000, None, None]
    grant = store.connector_grant(1, at=T0 + 7_200, running=RUNNING, feed=FEED)
    assert grant.until == T0 + every_s


def test_watts_are_shared_by_the_phases_in_use():
    three = store_with((1, profile(Purpose.TX, 0, schedule(6_900, unit="W"))))
    assert limit_at(three, 0) == 10_000
    assert limit_at(three, 0, feed=Feed(phases=1)) == 30_000
    one_of_three = store_with((1, profile(Purpose.TX, 0, schedule(2_300, unit="W", phases=1))))
    assert limit_at(one_of_three, 0) == 10_000


def test_grant_stands_until_any_profile_changes():
    store = store_with(
        (1, profile(Purpose.TX, 1, schedule((0, 10), (50, 12), duration_s=100))),
        (1, profile(Purpose.TX, 0, schedule(6, start=T0 + 20))),
    )
    grants = [store.connector_grant(1, at=T0 + t, running=RUNNING, feed=FEED).until - T0 for t in (0, 20, 50)]
    assert grants == [20, 50, 100]


def test_composite_schedule_lists_every_change():
    store = store_with(
        (0, profile(Purpose.STATION_MAX, 0, schedule((0, 20), (40, 8)))),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule(6))),
        (1, profile(Purpose.TX, 0, schedule(16, duration_s=60))),
    )
    periods = composite(store, 1, start=T0, duration_s=100, running=RUNNING, feed=FEED, nameplate_ma=32_000)
    assert periods == [(0, 16_000), (40, 8_000), (60, 6_000)]


def test_composite_schedule_of_an_idle_connector_imagines_a_transaction_from_now():
    waiting = profile(Purpose.TX_DEFAULT, 0, schedule((0, 0), (300, 6), start=None), kind="Relative")
    periods = composite(
        store_with((0, waiting)),
        1,
        start=T0 + 5_000,
        duration_s=600,
        running=None,
        feed=FEED,
        nameplate_ma=32_000,
    )
    assert periods == [(0, 0), (300, 6_000)]


def test_composite_schedule_without_profiles_is_the_nameplate():
    periods = composite(
        ProfileStore(), 1, start=T0, duration_s=60, running=None, feed=FEED, nameplate_ma=32_000
    )
    assert periods == [(0, 32_000)]


def test_transaction_takes_its_profiles_with_it():
    store = store_with(
        (1, profile(Purpose.TX, 0, schedule(10))), (0, profile(Purpose.TX_DEFAULT, 0, schedule(6)))
    )
    store.end_transaction(1)
    assert [slot.profile.purpose for slot in store.slots] == [Purpose.TX_DEFAULT]


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({}, []),
        ({"profile_id": 1}, [2, 3]),
        ({"profile_id": 9}, [1, 2, 3]),
        ({"purpose": Purpose.TX_DEFAULT}, [1]),
        ({"purpose": Purpose.TX_DEFAULT, "stack_level": 0}, [1, 3]),
        ({"connector_id": 0, "stack_level": 2}, [1, 2]),
        ({"connector_id": 0, "purpose": Purpose.TX}, [1, 2, 3]),
    ],
)
def test_clear_removes_what_matches_every_criterion(criteria, left):
    store = store_with(
        (1, profile(Purpose.TX, 0, schedule(10), profile_id=1)),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule(10), profile_id=2)),
        (0, profile(Purpose.TX_DEFAULT, 2, schedule(10), profile_id=3)),
    )
    gone = store.clear(**criteria)
    assert ([slot.profile.id for slot in store.slots], len(gone)) == (left, 3 - len(left))


@pytest.mark.parametrize(
    ("connector_id", "one", "running"),
    [
        (0, profile(Purpose.TX, 0, schedule(10)), None),
        (1, profile(Purpose.TX, 0, schedule(10)), None),
        (1, profile(Purpose.TX, 0, schedule(10), transaction_key="8"), RUNNING),
        (1, profile(Purpose.STATION_MAX, 0, schedule(10)), RUNNING),
        (0, profile(Purpose.STATION_MAX, 0, schedule(10), kind="Relative"), None),
        (0, profile(Purpose.TX_DEFAULT, 10, schedule(10)), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule()), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule((5, 10))), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule((0, 10), (60, 6), (60, 8))), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule((0, 10), (60, 6), (120, 8))), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule(10, unit="W")), None),
        (0, profile(Purpose.TX_DEFAULT, 0, schedule(10), kind="Recurring"), None),
    ],
)
def test_profile_that_cannot_be_is_refused_and_nothing_changes(connector_id, one, running):
    store = store_with(
        (0, profile(Purpose.TX_DEFAULT, 1, schedule(6))), limits=Limits(max_periods=2, units=("A",))
    )
    before = list(store.slots)
    with pytest.raises(ProfileError):
        store.install(one, connector_id=connector_id, now=T0, running=running)
    assert store.slots == before


def test_full_memory_refuses_a_new_profile_but_takes_a_replacement():
    store = store_with((0, profile(Purpose.TX_DEFAULT, 1, schedule(6))), limits=Limits(max_profiles=1))
    with pytest.raises(ProfileError, match="TooMany"):
        store.install(profile(Purpose.TX_DEFAULT, 2, schedule(6)), connector_id=0, now=T0, running=None)
    store.install(profile(Purpose.TX_DEFAULT, 1, schedule(8)), connector_id=0, now=T0, running=None)
    assert limit_at(store, 0) == 8_000


def test_charge_point_that_ignores_duration_holds_the_last_value():
    store = store_with((1, profile(Purpose.TX, 0, schedule(20, duration_s=60))))
    store.misbehave(ignores_duration=True)
    assert limit_at(store, 9_999) == 20_000


def test_charge_point_that_ignores_relative_has_no_waiting_default():
    waiting = profile(Purpose.TX_DEFAULT, 0, schedule((0, 0), (300, 6), start=None), kind="Relative")
    store = store_with((0, waiting))
    store.misbehave(ignores_relative=True)
    assert limit_at(store, 1_000, running=Running(started_at=T0 + 1_000, key=None)) == 6_000


def test_outranked_profile_is_stored_without_effect_and_the_composite_schedule_tells():
    store = store_with((1, profile(Purpose.TX, 9, schedule(8))))
    store.misbehave(outranked_ma=25_000)
    assert limit_at(store, 0) == 25_000
    periods = composite(store, 1, start=T0, duration_s=60, running=RUNNING, feed=FEED, nameplate_ma=32_000)
    assert periods == [(0, 25_000)]
    store.misbehave(outranked_ma=-1)
    assert limit_at(store, 0) == 8_000
