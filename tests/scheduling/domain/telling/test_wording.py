from datetime import timedelta

import pytest
from django.utils.translation import override

from tests.factories.places import ACTIVE, NOW, PAUSED, allotment, connector, place, sentence_of, session


def test_sentence_of_a_silent_charger_says_since_when_and_what_is_kept():
    silent = connector(**ACTIVE, reservation_l1_ma=6_000)
    silent.charge_point.online_until = NOW - timedelta(minutes=7)
    words = sentence_of(place(silent, session()))
    assert words == "Offline for 7 min: 6 A stay reserved for it"


@pytest.mark.parametrize(
    ("there", "car", "words"),
    [
        (ACTIVE | {"refusals": 3}, {}, "Refuses its limits; the others get less until it accepts one"),
        (ACTIVE, {}, "Offers its car more than its limit; the others get less until it obeys"),
        (
            ACTIVE | {"clocks_apart": True},
            {},
            "Its clock and ours disagree about when its limit holds; the others get less until they agree",
        ),
        (
            ACTIVE | {"overdraw_ma": 16_000},
            {},
            "Draws more than its limit; the others get less until it obeys",
        ),
        ({"refusals": 3}, None, "It refused its last limits: 32 A stay reserved for it"),
        ({}, None, "It would give a car more than its fallback: 32 A stay reserved for it"),
    ],
)
def test_charger_that_can_not_be_steered_is_said_to_do_what_it_does(there, car, words):
    there = connector(**there, uncontrollable_since=NOW, reservation_l1_ma=32_000)
    stay = session(**car) if car is not None else None
    assert sentence_of(place(there, stay)) == words


def test_sentence_of_a_charging_car_says_what_binds_and_when_it_changes():
    given = allotment(next_change_at=NOW + timedelta(minutes=9))
    words = sentence_of(place(connector(**ACTIVE), session(), given))
    assert words == "9.2 A: Feeder B, phase L2 is full; 3 cars share it; next change in about 9 minutes"


def test_sentence_of_a_waiting_car_says_how_long():
    waiting = allotment("waiting_turn", wanted_ma=0)
    words = sentence_of(place(connector(**PAUSED), session(power_w=0), waiting))
    assert words.startswith("Waiting for 12 min. 0 A: waiting for its turn: Feeder B, phase L2")


def test_sentence_without_a_decision_promises_one():
    words = sentence_of(place(connector(**ACTIVE), session()))
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
    there = connector(**(ACTIVE if wanted_ma else PAUSED))
    given = allotment(reason, wanted_ma=wanted_ma)
    assert sentence_of(place(there, session(**drawing), given), brief=True) == words


def test_sentence_of_a_reason_with_words_of_its_own_tells_them():
    given = allotment("safe_plan", facts={"words": "held by the safe plan"})
    assert sentence_of(place(connector(**ACTIVE), session(), given)) == "9.2 A: held by the safe plan"


def test_sentence_speaks_the_language_that_is_active():
    given = allotment(next_change_at=NOW + timedelta(minutes=9))
    with override("de"):
        words = sentence_of(place(connector(**ACTIVE), session(), given))
    assert words == (
        "9,2 A: Feeder B, Phase L2 ist voll; 3 Autos teilen sich die Leistung; nächste Änderung in etwa 9 Minuten"
    )
