"""What was stored as English sentences reads well in every language afterwards, and a person's words stay as they are."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.db import models
from django.db.migrations.state import ProjectState

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in
from scheduling.models import EmergencyRequest, SlotRequest
from tests.factories.drivers import DriverFactory
from tests.factories.scheduling import SlotRequestFactory

module = import_module("scheduling.migrations.0021_old_sentences_as_facts")
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def apps() -> Any:
    """The models as migrations see them: plain JSON."""
    state = ProjectState.from_apps(django_apps)
    state.models["scheduling", "emergencyrequest"].fields["reasons"] = models.JSONField(default=list)
    state.models["scheduling", "slotrequest"].fields["why_said"] = models.JSONField(null=True, default=None)
    return state.apps


@pytest.mark.parametrize(
    ("stored", "german"),
    [
        ("The time it is needed by has passed.", "Die Zeit, bis zu der es gebraucht wird, ist vorbei."),
        ("2 of 2 emergencies of this month are used.", "2 von 2 Notfällen dieses Monats sind verbraucht."),
        ("3 strikes are in force: no priority until they lapse.", "3 Verstöße zählen noch: kein Vorrang, bis sie verfallen."),
        ("Without the car's word at most 10 kWh are granted.", "Ohne Meldung des Autos werden höchstens 10 kWh gewährt."),
        ("30 km need about 6.2 kWh.", "30 km brauchen etwa 6,2 kWh."),
        ("The car itself tells a charge of 20 %.", "Das Auto selbst meldet einen Ladestand von 20 %."),
        ("The car holds 80 % already.", "Das Auto hat schon 80 %."),
        ("Nobody decided in time", "Niemand hat rechtzeitig entschieden."),
        ("The car left with 2 of 5 kWh", "Das Auto ist mit 2 kWh von 5 kWh weggefahren."),
        ("The session ended", "Die Ladung ist beendet."),
        ("The lift was broken", "The lift was broken"),
    ],
)  # fmt: skip
def test_reasons_of_emergencies_are_recognised(stored: str, german: str) -> None:
    assert tell_in("de", Said.of_stored(module.read_emergency(stored))) == german


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        ("%(promised)s of %(energy)s fit into this window beside what was promised before. The rest comes as far as there is room", "slot.fits_in_part"),
        ("12.5 of 20 kWh fit into this window beside what was promised before", "slot.fits_in_part"),
        ("%(promised)s of %(energy)s can be promised for sure: there was not enough for everybody in the last weeks. The rest comes as far as there is room", "slot.held_back"),
        ("No room for 20 kWh in this window beside what was promised before", "slot.no_room"),
        ("%(promised)s of %(energy)s count, by what your car took before", "slot.counts_in_part"),
        ("Cancelled by the driver", "slot.cancelled_by_driver"),
        ("The car did not come", "slot.car_did_not_come"),
    ],
)  # fmt: skip
def test_reasons_of_slots_are_recognised(stored: str, code: str) -> None:
    said = Said.of_stored(module.read_slot(stored, promised_wh=12_500, energy_wh=20_000))
    assert said.code == code
    assert "…" not in tell_in("de", said)


@pytest.mark.django_db
def test_filled_tables_are_rewritten_and_back(apps: Any) -> None:
    driver = DriverFactory()
    reasons = ["No linked car tells its charge.", "30 km need about 6 kWh.", "Go ahead"]
    old = apps.get_model("scheduling", "EmergencyRequest").objects
    claim = old.create(
        community_id=driver.community_id,
        driver_id=driver.pk,
        reason="Doctor",
        energy_wh=6_000,
        needed_by=NOW + timedelta(hours=1),
        state="refused",
        state_since=NOW,
        reasons=reasons,
        created_at=NOW,
    )
    known, unknown = (
        SlotRequestFactory(created_at=NOW, why=why) for why in ("Cancelled by a manager: Full", "Because")
    )
    module.read_old_sentences(apps, None)
    module.read_old_sentences(apps, None)
    assert EmergencyRequest.objects.get(pk=claim.pk).reasons == [
        Said("emergency.no_car_tells"),
        Said("emergency.distance_needs", {"distance_km": 30, "energy_wh": 6_000}),
        Said.in_words("Go ahead"),
    ]
    known.refresh_from_db()
    assert (known.why, known.why_said) == ("", Said("slot.cancelled_by_manager", {"why": "Full"}))
    unknown.refresh_from_db()
    assert (unknown.why, unknown.why_said, unknown.why_told) == ("Because", None, "Because")
    module.write_old_sentences(apps, None)
    assert old.get(pk=claim.pk).reasons == reasons
    assert SlotRequest.objects.get(pk=known.pk).why == "Cancelled by a manager: Full"
