import pytest
from django.utils.translation import override

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import (
    register_phrases,
    registered_phrases,
    tell,
    tell_all,
    tell_in,
    tell_or,
)

NEEDS = Said("emergency.distance_needs", {"distance_km": 30, "energy_wh": 6_500})


def test_sentence_is_made_in_the_language_that_is_active():
    assert tell(NEEDS) == "30 km need about 6.5 kWh."
    with override("de"):
        assert tell(NEEDS) == "30 km brauchen etwa 6,5 kWh."
    assert tell_in("de", NEEDS) == "30 km brauchen etwa 6,5 kWh."


def test_what_is_said_within_is_told_in_the_same_language():
    facts = {
        "state": Said("emergency_state.refused"),
        "why": [NEEDS, Said.in_words("It's me, 100 % %(sure)s")],
    }
    assert tell_in("de", Said("emergency.moved", facts)) == (
        "Notfall: Abgelehnt. 30 km brauchen etwa 6,5 kWh. It's me, 100 % %(sure)s"
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 Verstoß zählt noch: kein Vorrang, bis er verfällt."),
        (2, "2 Verstöße zählen noch: kein Vorrang, bis sie verfallen."),
    ],
)
def test_one_and_several_are_told_apart(count, words):
    assert tell_in("de", Said("emergency.strikes_in_force", {"count": count})) == words


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        (
            Said("notice.emergency_first", {"until_at": "2026-07-02T05:05:00+09:00"}),
            "An emergency nearby is served first until Thu 05:05. Your car may get less until then.",
            "Ein Notfall in der Nähe geht bis Do 05:05 vor. Ihr Auto bekommt bis dahin vielleicht weniger.",
        ),
        (
            Said("suspension.begun", {"until_moment": "2026-07-02T05:05:00+09:00"}),
            "You are suspended until 2 Jul 2026, 05:05.",
            "Sie sind bis 02.07.2026 05:05 gesperrt.",
        ),
    ],
)
def test_moments_are_told_on_the_clock_that_they_were_stored_by(said, english, german):
    assert (tell(said), tell_in("de", said)) == (english, german)


def test_what_another_version_said_is_never_an_error():
    assert tell(Said("emergency.unheard_of", {"energy_wh": 1})) == "emergency.unheard_of"
    assert tell(Said("emergency.distance_needs", {})) == "… need about …."


def test_several_are_told_in_their_order():
    assert tell_all([NEEDS, Said.in_words("Sorry.")]) == "30 km need about 6.5 kWh. Sorry."


def test_a_persons_text_stands_where_the_system_said_nothing():
    assert (tell_or(None, "The lift was broken"), tell_or(NEEDS, "")) == ("The lift was broken", tell(NEEDS))


def test_a_code_has_one_sentence():
    before = dict(registered_phrases())
    with pytest.raises(ValueError, match=r"emergency\.covered"):
        register_phrases({"emergency.covered": "Something else"})
    assert registered_phrases() == before
