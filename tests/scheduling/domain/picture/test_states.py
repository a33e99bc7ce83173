from dataclasses import replace
from datetime import timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from scheduling.domain.picture.states import PlaceState, needs_a_person, state_of
from tests.factories.places import ACTIVE, NOW, PAUSED, allotment, connector, place, session


@pytest.mark.parametrize(
    ("there", "car", "given", "state"),
    [
        ({}, None, {}, "available"),
        ({"status": ConnectorStatus.RESERVED}, None, {}, "reserved"),
        ({"status": ConnectorStatus.PREPARING}, None, {}, "plugged in"),
        ({"status": ConnectorStatus.PREPARING}, {"state": SessionState.PLUGGED_IN}, {}, "plugged in"),
        (ACTIVE, {}, {}, "charging"),
        (PAUSED, {"power_w": 0}, {"given": allotment("waiting_turn", wanted_ma=0)}, "waiting"),
        (PAUSED, {"power_w": 0}, {"given": allotment("deferred_price", wanted_ma=0)}, "paused"),
        ({"status": ConnectorStatus.SUSPENDED_EV}, {"power_w": 0}, {}, "full"),
        ({"status": ConnectorStatus.SUSPENDED_EV}, {"power_w": 0, "energy_wh": 0}, {}, "paused"),
        (ACTIVE, {}, {"emergency": True}, "emergency"),
        (ACTIVE | {"overdraw_ma": 10_100}, {"current_l1_ma": 10_100}, {}, "not obeying"),
        (ACTIVE, {"current_l1_ma": 16_000}, {}, "charging"),
        (ACTIVE, {"current_l1_ma": 16_000, "metered_at": NOW - timedelta(minutes=2)}, {}, "charging"),
        (ACTIVE | {"uncontrollable_since": NOW}, {}, {}, "not obeying"),
        ({"overdraw_ma": 9_000}, None, {}, "not obeying"),
        ({"uncontrollable_since": NOW}, None, {}, "unmanaged"),
        ({"uncontrollable_since": NOW}, {"state": SessionState.PLUGGED_IN}, {}, "unmanaged"),
        ({"status": ConnectorStatus.FAULTED}, {}, {}, "faulted"),
        ({"status": ConnectorStatus.UNAVAILABLE}, None, {}, "offline"),
        ({"fallback_ma": None}, None, {}, "unmanaged"),
        # It was asked after its boot and holds it still, or another is on its way: what it could draw is known.
        ({"fallback_confirmed_at": NOW - timedelta(hours=3)}, None, {}, "available"),
        ({"fallback_confirmed_at": None}, None, {}, "available"),
        (ACTIVE, {"state": SessionState.FINISHED, "charge_pct": 100}, {}, "full"),
        (ACTIVE, {"state": SessionState.FINISHED, "charge_pct": 60}, {}, "plugged in"),
    ],
)
def test_state_is_one_word_of_the_vocabulary(there, car, given, state):
    stay = session(**car) if car is not None else None
    assert state_of(place(connector(**there), stay, **given), now=NOW) == state


def test_state_of_a_silent_charger_is_offline_whatever_it_last_said():
    silent = connector(**ACTIVE)
    silent.charge_point.online_until = NOW - timedelta(minutes=7)
    assert state_of(place(silent, session()), now=NOW) == "offline"


def test_reason_of_the_car_before_says_nothing_of_the_next():
    full = allotment("full", wanted_ma=0)
    there = place(connector(**ACTIVE), session(), full)
    assert state_of(there, now=NOW) == "full"
    full.session_id = session().pk
    later = replace(place(connector(**ACTIVE), session()), allotment=full, allotted_stay_id=session().stay_id)
    assert state_of(later, now=NOW) == "charging"


@pytest.mark.parametrize("state", PlaceState)
def test_person_is_needed_where_a_state_lasts_until_somebody_comes(state):
    troubled = {"not obeying", "faulted", "offline", "unmanaged"}
    assert needs_a_person(place(), state) is (str(state) in troubled)


def test_nobody_is_needed_where_somebody_took_it_out_of_service():
    resting = place(connector(status=ConnectorStatus.UNAVAILABLE))
    assert state_of(resting, now=NOW) is PlaceState.OFFLINE
    assert not needs_a_person(resting, PlaceState.OFFLINE)
