import pytest
from django.urls import reverse
from django.utils import timezone

from chargers.admin.device_model import TONES, WORDS, _sentence, alerts_panel
from chargers.domain.stations import alerts
from chargers.enums import EnergyDoubt
from chargers.models import ChargePoint, Connector, DeviceVariable
from chargers.reports.base import Source
from chargers.reports.news import SecurityReport


def text_of(manager, row) -> str:
    return manager.get(
        reverse(f"admin:chargers_{row._meta.model_name}_change", args=[row.pk])
    ).content.decode()


def test_charge_points_page_shows_its_device_model_and_what_it_warned_of(manager, world):
    charge_point = world["chargers.ChargePoint"]
    source = Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, charge_point.pk)
    now = timezone.now()
    event = SecurityReport(source=source, received_at=now, kind="TamperDetected", charger_at=now, info="door")
    alerts.security_event(event, now=now)
    page = text_of(manager, ChargePoint.objects.get(pk=charge_point.pk))
    assert "Device model, last reported" in page
    assert "All 1 variables" in page
    assert "TamperDetected door" in page


def test_charge_points_page_has_words_for_every_alert(world, rf):
    session, now = world["chargers.Session"], timezone.now()
    assert set(WORDS) == set(TONES) == set(alerts.SEEN_ON_ITS_PAGE)
    session.energy_doubt = EnergyDoubt.WENT_BACK
    alerts.energy_doubted(session, told_wh=-20, now=now)
    panel = alerts_panel(rf.get("/"), session.connector.charge_point)
    ((_, what, told),) = panel.context["rows"]
    number = session.connector.number
    assert (what.text, told.text) == ("Energy in doubt", f"Connector {number}: the meter went backwards")


@pytest.mark.parametrize(
    ("action", "told", "sentence"),
    [
        (
            alerts.GRID_FAULT,
            {"control": "HVMustTrip", "fault": "OverVoltage", "info": "", "is_over": True},
            "HVMustTrip OverVoltage over",
        ),
        (alerts.GRID_CONTROL, {"control_id": "c-1", "is_started": True}, "c-1 began"),
        (alerts.GRID_CONTROL, {"control_id": "c-1", "is_started": False}, "c-1 ended"),
    ],
)
def test_grid_support_is_told_in_a_sentence(action, told, sentence):
    assert _sentence(action, told) == sentence


def test_device_model_is_searched_and_edited_by_nobody(manager, world):
    row = world["chargers.DeviceVariable"]
    DeviceVariable.objects.create(
        community=row.community,
        charge_point=row.charge_point,
        component="OCPPCommCtrlr",
        variable="HeartbeatInterval",
        value="300",
        told_at=timezone.now(),
    )
    url = reverse("admin:chargers_devicevariable_changelist")
    found = manager.get(url, {"q": "heartbeat"}).content.decode()
    assert "HeartbeatInterval" in found
    assert f"{reverse('admin:chargers_devicevariable_change', args=[row.pk])}" not in found
    assert manager.post(reverse("admin:chargers_devicevariable_change", args=[row.pk]), {}).status_code == 403


def test_connectors_page_shows_who_else_limits_it(manager, world):
    connector = world["chargers.Connector"]
    since = timezone.now().isoformat()
    Connector.objects.filter(pk=connector.pk).update(
        external_limits={"EMS": {"since": since, "is_grid_critical": True, "steps": [[0, 10_000, None]]}}
    )
    page = text_of(manager, connector)
    assert "Limited by others: 10 A now" in page
    assert "grid critical" in page
