from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from scheduling.domain.wording import connector_state, sentence
from scheduling.models import Allotment

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def connector(**changes):
    charge_point = ChargePoint(
        name="A-01", online_until=NOW + timedelta(minutes=1), booted_at=NOW - timedelta(hours=2)
    )
    values = {
        "status": ConnectorStatus.AVAILABLE,
        "fallback_confirmed_at": NOW - timedelta(hours=1),
        "confirmed_ma": 9_000,
        "confirmed_at": NOW - timedelta(minutes=5),
        "wanted_ma": 9_000,
    }
    return Connector(charge_point=charge_point, **(values | changes))


def session(**changes):
    values = {
        "state": SessionState.ACTIVE,
        "state_since": NOW - timedelta(hours=1),
        "power_w": 6_000,
        "energy_wh": 5,
    }
    return Session(**(values | {"metered_at": NOW} | changes))


def allotment(reason="circuit_full", **changes):
    facts = {"circuit": "Feeder B", "phase": 1, "sharing": 3}
    values = {"wanted_ma": 9_200, "reason": reason, "facts": facts, "since": NOW - timedelta(minutes=12)}
    return Allotment(**(values | changes))


ACTIVE = {"status": ConnectorStatus.CHARGING}
PAUSED = {"wanted_ma": 0, "confirmed_ma": 0, "status": ConnectorStatus.SUSPENDED_EVSE}


@pytest.mark.parametrize(
    ("place", "car", "given", "state"),
    [
        ({}, None, {}, "available"),
        ({"status": ConnectorStatus.RESERVED}, None, {}, "available"),
        ({"status": ConnectorStatus.PREPARING}, None, {}, "plugged in"),
        ({"status": ConnectorStatus.PREPARING}, {"state": SessionState.PLUGGED_IN}, {}, "plugged in"),
        (ACTIVE, {}, {}, "charging"),
        (PAUSED, {"power_w": 0}, {"allotment": allotment("waiting_turn", wanted_ma=0)}, "waiting"),
        (PAUSED, {"power_w": 0}, {"allotment": allotment("deferred_price", wanted_ma=0)}, "paused"),
        ({"status": ConnectorStatus.SUSPENDED_EV}, {"power_w": 0}, {}, "full"),
        ({"status": ConnectorStatus.SUSPENDED_EV}, {"power_w": 0, "energy_wh": 0}, {}, "paused"),
        (ACTIVE, {}, {"emergency": True}, "emergency"),
        (ACTIVE, {"current_l1_ma": 10_100}, {}, "not obeying"),
        (ACTIVE, {"current_l1_ma": 10_000}, {}, "charging"),
        (ACTIVE, {"current_l1_ma": 16_000, "metered_at": NOW - timedelta(minutes=2)}, {}, "charging"),
        (ACTIVE | {"uncontrollable_since": NOW}, {}, {}, "not obeying"),
        ({"overdraw_ma": 9_000}, None, {}, "not obeying"),
        ({"uncontrollable_since": NOW}, None, {}, "unmanaged"),
        ({"uncontrollable_since": NOW}, {"state": SessionState.PLUGGED_IN}, {}, "unmanaged"),
        ({"status": ConnectorStatus.FAULTED}, {}, {}, "faulted"),
        ({"status": ConnectorStatus.UNAVAILABLE}, None, {}, "offline"),
        ({"fallback_confirmed_at": None}, None, {}, "unmanaged"),
        ({"fallback_confirmed_at": NOW - timedelta(hours=3)}, None, {}, "unmanaged"),
        (ACTIVE, {"state": SessionState.FINISHED, "charge_pct": 100}, {}, "full"),
        (ACTIVE, {"state": SessionState.FINISHED, "charge_pct": 60}, {}, "plugged in"),
    ],
)
def test_state_is_one_word_of_the_vocabulary(place, car, given, state):
    stay = session(**car) if car is not None else None
    assert connector_state(connector(**place), stay, NOW, **given) == state


def test_state_of_a_silent_charger_is_offline_whatever_it_last_said():
    silent = connector(**ACTIVE, reservation_l1_ma=6_000)
    silent.charge_point.online_until = NOW - timedelta(minutes=7)
    assert connector_state(silent, session(), NOW) == "offline"
    words = sentence(None, connector=silent, session=session(), now=NOW)
    assert words == "Offline for 7 min: 6 A stay reserved for it"


@pytest.mark.parametrize(
    ("place", "car", "words"),
    [
        (ACTIVE | {"refusals": 3}, {}, "Refuses its limits; the others get less until it takes one"),
        (ACTIVE, {}, "Offers its car more than it was told; the others get less until it follows"),
        (
            ACTIVE,
            {"current_l1_ma": 16_000},
            "Draws more than it was told; the others get less until it follows",
        ),
        ({"refusals": 3}, None, "It refused its last limits: 32 A stay reserved for it"),
        ({}, None, "It would give a car more than its default limit: 32 A stay reserved for it"),
    ],
)
def test_charger_that_can_not_be_steered_is_said_to_do_what_it_does(place, car, words):
    place = connector(**place, uncontrollable_since=NOW, reservation_l1_ma=32_000)
    stay = session(**car) if car is not None else None
    assert sentence(None, connector=place, session=stay, now=NOW) == words


def test_sentence_of_a_charging_car_says_what_binds_and_when_it_changes():
    words = sentence(
        allotment(next_change_at=NOW + timedelta(minutes=9)),
        connector=connector(**ACTIVE),
        session=session(),
        now=NOW,
    )
    assert words == "9.2 A: Feeder B, phase L2 is full; 3 cars share it; next change in about 9 minutes"


def test_sentence_of_a_waiting_car_says_how_long():
    waiting = allotment("waiting_turn", wanted_ma=0)
    words = sentence(waiting, connector=connector(**PAUSED), session=session(power_w=0), now=NOW)
    assert words.startswith("Waiting for 12 min. 0 A: waiting for its turn: Feeder B, phase L2")


def test_sentence_without_a_decision_promises_one():
    words = sentence(None, connector=connector(**ACTIVE), session=session(), now=NOW)
    assert words == "Its share is being worked out"


@pytest.mark.parametrize(
    ("reason", "wanted_ma", "words"),
    [
        ("circuit_full", 9_200, "Feeder B, phase L2 is full; 3 cars share it"),
        ("deferred_price", 9_200, "Waits for a cheaper hour; its energy is safe"),
        ("offline", 9_200, "Was out of reach; its share is being worked out"),
        (
            "waiting_turn",
            0,
            "Waiting for 12 min: Feeder B, phase L2 cannot carry every car's minimum; 3 cars share it",
        ),
        ("no_room", 0, "Waiting for 12 min: Feeder B, phase L2 cannot carry this car's minimum"),
    ],
)
def test_brief_sentence_leaves_out_amperes_that_stand_beside_it(reason, wanted_ma, words):
    drawing = {"power_w": 6_000} if wanted_ma else {"power_w": 0}
    place = connector(**(ACTIVE if wanted_ma else PAUSED))
    given = allotment(reason, wanted_ma=wanted_ma)
    assert sentence(given, connector=place, session=session(**drawing), now=NOW, brief=True) == words


def test_sentence_of_a_reason_with_words_of_its_own_tells_them():
    given = allotment("safe_plan", facts={"words": "held by the safe plan"})
    assert (
        sentence(given, connector=connector(**ACTIVE), session=session(), now=NOW)
        == "9.2 A: held by the safe plan"
    )


def test_sentence_speaks_the_language_that_is_active():
    given = allotment(next_change_at=NOW + timedelta(minutes=9))
    with override("de"):
        words = sentence(given, connector=connector(**ACTIVE), session=session(), now=NOW)
    assert words == (
        "9,2 A: Feeder B, Phase L2 ist voll; 3 Autos teilen sich die Leistung; nächste Änderung in etwa 9 Minuten"
    )
