"""A charge point whose boot is Pending sends what it was asked for, and nothing else."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from websockets.exceptions import ConnectionClosed

from chargers.domain.orders import commands
from chargers.enums import CommandKind, Registration
from chargers.models import ChargePoint, DeviceVariable
from chargers.orders import read_order
from evbalancer.life.people.form import form_data
from tests.chargers.conftest import WAIT_S, CallFailed, until, utc_now
from tests.chargers.ocpp.station import Station
from tests.factories.drivers import UserFactory

REPORT = {
    "requestId": 1,
    "generatedAt": "2026-01-01T00:00:00Z",
    "seqNo": 0,
    "reportData": [
        {
            "component": {"name": "ClockCtrlr"},
            "variable": {"name": "TimeZone"},
            "variableAttribute": [{"value": "Europe/Berlin"}],
        }
    ],
}


def ask(connector, kind, **arguments):
    commands.queue_command(
        connector.charge_point, read_order(kind, arguments), by="test", now=datetime.now(UTC)
    )


def test_report_that_was_asked_for_is_taken_while_pending(charger, connector):
    ChargePoint.objects.update(registration=Registration.PENDING)
    station = Station(charger).connect()
    assert station.boot()["status"] == "Pending"
    with pytest.raises(CallFailed, match="SecurityError"):
        station.call("NotifyReport", REPORT)
    connector.charge_point.refresh_from_db()
    ask(connector, CommandKind.READ_INVENTORY, base="full")
    charger.expect("GetBaseReport")
    assert station.call("NotifyReport", REPORT) == {}
    until(lambda: DeviceVariable.objects.filter(value="Europe/Berlin").exists())
    with pytest.raises(CallFailed, match="SecurityError"):
        station.event("Started", 0)


def test_triggered_message_of_16_is_taken_while_pending(charger, connector):
    ChargePoint.objects.update(registration=Registration.PENDING)
    charger.connect()
    assert charger.boot()["status"] == "Pending"
    with pytest.raises(CallFailed, match="SecurityError"):
        charger.status("Available")
    connector.charge_point.refresh_from_db()
    ask(connector, CommandKind.TRIGGER, message="StatusNotification")
    charger.expect("TriggerMessage")
    charger.status("Available")
    with pytest.raises(CallFailed, match="SecurityError"):
        charger.call("Heartbeat")
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": utc_now()}
    with pytest.raises(CallFailed, match="SecurityError"):
        charger.call("StartTransaction", start)


def test_rejected_charge_point_sends_nothing_even_if_it_was_asked(charger, connector):
    ChargePoint.objects.update(registration=Registration.PENDING)
    charger.connect()
    charger.boot()
    connector.charge_point.refresh_from_db()
    ask(connector, CommandKind.TRIGGER, message="StatusNotification")
    charger.expect("TriggerMessage")
    ChargePoint.objects.update(registration=Registration.REJECTED)
    charger.boot()
    with pytest.raises(CallFailed, match="SecurityError"):
        charger.status("Available")


@pytest.mark.parametrize(("was", "becomes"), [("pending", "accepted"), ("accepted", "rejected")])
def test_managers_decision_counts_at_once_for_one_that_never_boots(charger, connector, client, was, becomes):
    ChargePoint.objects.update(registration=was)
    charger.connect()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    page = reverse("admin:chargers_chargepoint_change", args=[connector.charge_point.pk])
    response = client.post(page, form_data(client.get(page)) | {"registration": [becomes]})
    assert response["Location"] == reverse("admin:chargers_chargepoint_changelist")
    with pytest.raises(ConnectionClosed):
        charger.listen(WAIT_S)
    charger.close()
    charger.connect()
    if becomes == "accepted":
        assert "currentTime" in charger.call("Heartbeat")
    else:
        with pytest.raises(CallFailed, match="SecurityError"):
            charger.call("Heartbeat")
