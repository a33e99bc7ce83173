import pytest

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell, tell_in

AMOUNTS = {"promised_wh": 12_500, "energy_wh": 20_000}


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        (
            Said("slot.held_back", AMOUNTS),
            (
                "12.5 kWh of 20 kWh can be promised for sure: there was not enough for everybody in the last weeks. The rest comes as far as "
                "there is room"
            ),
            (
                "12,5 kWh von 20 kWh können sicher zugesagt werden: In den letzten Wochen hat es nicht für alle gereicht. Der Rest kommt, "
                "soweit Platz ist"
            ),
        ),
        (
            Said("slot.fits_in_part", AMOUNTS),
            "12.5 kWh of 20 kWh fit into this window beside what was promised before. The rest comes as far as there is room",
            "12,5 kWh von 20 kWh passen in dieses Zeitfenster neben dem, was vorher zugesagt wurde. Der Rest kommt, soweit Platz ist",
        ),
        (
            Said("slot.no_room", {"energy_wh": 20_000}),
            "No room for 20 kWh in this window beside what was promised before",
            "Für 20 kWh ist in diesem Zeitfenster kein Platz neben dem, was vorher zugesagt wurde",
        ),
        (
            Said("slot.counts_in_part", AMOUNTS),
            "12.5 kWh of 20 kWh count, by what your car took before",
            "12,5 kWh von 20 kWh zählen, nach dem, was Ihr Auto bisher aufgenommen hat",
        ),
        (Said("slot.car_did_not_come"), "The car did not come", "Das Auto kam nicht"),
        (
            Said("slot.cancelled_by_manager", {"why": "100 % taken"}),
            "Cancelled by a manager: 100 % taken",
            "Von der Verwaltung abgesagt: 100 % taken",
        ),
    ],
)
def test_why_of_a_slot_is_read_in_the_readers_language(said, english, german):
    assert (tell(said), tell_in("de", said)) == (english, german)
