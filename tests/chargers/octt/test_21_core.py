"""OCTT 2.1 for a CSMS, the core: boot, a transaction with its readings, a limit, on the wire."""

from datetime import UTC, datetime

import pytest

from chargers.domain.orders import commands
from chargers.domain.stations import grid_support
from chargers.enums import CommandState, ConnectorStatus, OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, DeviceVariable, Session
from chargers.orders.charging import SetLimit
from grid.models import AuditEntry
from scheduling.models import EmergencyRequest
from tests.chargers.conftest import CallFailed, until, utc_now
from tests.chargers.ocpp.station import Station


@pytest.fixture
def station(charger) -> Station:
    return Station(charger, subprotocol="ocpp2.1").connect()


def test_TC_B_01_and_B_58_CSMS_boot_over_2_1(station, connector):
    assert station.charger.ws.subprotocol == "ocpp2.1"
    assert station.boot()["status"] == "Accepted"
    assert ChargePoint.objects.get().ocpp_version == OcppVersion.V21
    # A first boot is followed by what makes it safe, in schemas that 2.1 holds to be right.
    fallback = station.charger.expect("SetChargingProfile")
    assert fallback["chargingProfile"]["chargingProfilePurpose"] == "TxDefaultProfile"
    for action in ("SetChargingProfile", *["SetVariables"] * 8, "GetCompositeSchedule"):
        station.charger.expect(action)
    until(lambda: ChargerCommand.objects.filter(state=CommandState.ACCEPTED).count() == 11)
    assert DeviceVariable.objects.count() == 8


def test_TC_E_01_and_K_01_CSMS_transaction_over_2_1_is_limited_and_metered(station, connector, tag):
    station.boot()
    station.status("Occupied")
    answer = station.event("Started", 0, state="EVConnected", token="VALID", wh=0, trigger="Authorized")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    session = Session.objects.get()
    command = commands.queue_command(
        connector.charge_point,
        SetLimit(transaction_uid="tx-1", limit_ma=10_000),
        by="OCTT",
        now=datetime.now(UTC),
        connector=connector,
        session=session,
    )
    while not _limit_of(station):
        pass  # its fallbacks come first
    until(lambda: ChargerCommand.objects.get(pk=command.pk).state == CommandState.ACCEPTED)
    values = [
        {"value": 1.2, "unitOfMeasure": {"unit": "kWh"}},
        {"value": 10.0, "measurand": "Current.Import.Offered"},
        {"value": 40, "measurand": "Display.PresentSOC"},
        {"value": 3, "measurand": "EnergyRequest.Bulk", "location": "Upstream"},
    ]
    meter = [{"timestamp": utc_now(), "sampledValue": values}]
    station.event("Updated", 1, state="Charging", meterValue=meter, trigger="LimitSet")
    session.refresh_from_db()
    assert (session.energy_wh, session.charge_pct) == (1_200, 40)
    assert Connector.objects.get().status == ConnectorStatus.CHARGING
    station.event("Ended", 2, wh=1_500, info={"stoppedReason": "ReqEnergyTransferRejected"})
    session.refresh_from_db()
    assert (session.state, session.energy_wh) == (SessionState.FINISHED, 1_500)


def _limit_of(station: Station) -> bool:
    sent = station.charger.expect("SetChargingProfile")["chargingProfile"]
    return sent.get("transactionId") == "tx-1"


def test_long_token_of_2_1_is_no_shorter_tokens_driver(station, connector, tag):
    station.boot()
    long = "V" * 36
    type(tag).objects.update(token=long)
    started = station.event("Started", 0, state="EVConnected", token=long + "X" * 100, wh=0)
    assert started["idTokenInfo"]["status"] == "Invalid"
    assert (Session.objects.get().driver, Session.objects.get().id_tag) == (None, long)


def test_news_of_2_1_are_confirmed_or_declined(station, connector):
    station.boot()
    assert station.call("NotifyPriorityCharging", {"transactionId": "tx-1", "activated": True}) == {}
    assert not EmergencyRequest.objects.exists()
    stream = {"constantStreamData": {"id": 1, "params": {}, "variableMonitoringId": 1}}
    assert station.call("OpenPeriodicEventStream", stream) == {"status": "Rejected"}
    vat = {"vatNumber": "DE1", "evseId": 1}
    assert station.call("VatNumberValidation", vat) == {"status": "Rejected", **vat}
    with pytest.raises(CallFailed) as refusal:
        station.call("StatusNotification", {"connectorStatus": "Available"})
    assert refusal.value.code == "ProtocolError"


def test_TC_R_grid_support_stands_until_its_alarm_ends(station, connector):
    """R04 (alarms of DER controls) and the start of a control, on the wire."""
    station.boot()
    alarm = {"controlType": "HVMustTrip", "gridEventFault": "OverVoltage", "timestamp": utc_now()}
    assert station.call("NotifyDERAlarm", alarm) == {}
    [charge_point] = grid_support.with_grid_faults()
    assert list(grid_support.standing_faults(charge_point, now=datetime.now(UTC))) == ["OverVoltage"]
    begun = {"controlId": "c-1", "started": True, "timestamp": utc_now(), "supersededIds": ["c-0"]}
    assert station.call("NotifyDERStartStop", begun) == {}
    told = dict(AuditEntry.objects.filter(action__contains="grid").values_list("action", "after"))
    assert told["charge_point.grid_control"]["superseded"] == ["c-0"]
    assert told["charge_point.grid_fault"]["control"] == "HVMustTrip"
    assert station.call("NotifyDERAlarm", {**alarm, "alarmEnded": True}) == {}
    assert not grid_support.with_grid_faults().exists()


def test_TC_K_22_priority_asked_at_the_station_is_an_emergency_and_ends_there(station, connector, tag):
    station.boot()
    station.event("Started", 0, state="Charging", token="VALID", wh=0, trigger="Authorized")
    asked = {"transactionId": "tx-1", "activated": True}
    assert station.call("NotifyPriorityCharging", asked) == {}
    assert station.call("NotifyPriorityCharging", asked) == {}
    claim = EmergencyRequest.objects.get()
    assert (claim.session, claim.driver) == (Session.objects.get(), tag.driver)
    stop = station.charger.expect("UsePriorityCharging")
    assert stop == {"transactionId": "tx-1", "activate": False}
    assert station.call("NotifyPriorityCharging", {**asked, "activated": False}) == {}
    assert EmergencyRequest.objects.get().state == claim.state


def test_energy_fed_back_counts_by_its_own_register(station, connector, tag):
    """Q: a car that discharges, by the register of export in its transaction's events."""
    station.boot()
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, trigger="Authorized")
    for number, told in ((1, 70_000), (2, 70_250)):
        value = {"value": told, "measurand": "Energy.Active.Export.Register"}
        meter = [{"timestamp": utc_now(), "sampledValue": [value]}]
        station.event("Updated", number, state="Charging", meterValue=meter, trigger="MeterValuePeriodic")
    station.event("Ended", 3, wh=1_000)
    session = Session.objects.get()
    assert (session.exported_wh, session.energy_wh, session.state) == (250, 0, SessionState.FINISHED)
