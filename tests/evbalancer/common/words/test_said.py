import json

from evbalancer.common.words.said import Said

SAID = Said(
    "emergency.moved",
    {
        "state": Said("emergency_state.refused"),
        "why": [
            Said("emergency.distance_needs", {"distance_km": 30, "energy_wh": 6_000}),
            Said.in_words(" Sorry "),
        ],
    },
)


def test_what_is_said_survives_json():
    assert Said.of_stored(json.loads(json.dumps(SAID.stored))) == SAID
    assert SAID.stored["facts"]["why"][1] == {"code": "words", "facts": {"text": "Sorry"}}


def test_a_text_from_before_there_were_codes_is_a_persons_words():
    assert Said.of_stored("The lift was broken") == Said.in_words("The lift was broken")
