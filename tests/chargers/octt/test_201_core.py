"""OCTT 2.0.1 for a CSMS, the cases in which the station speaks first."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, Registration, SessionState
from chargers.models import ChargePoint, Connector, MeterValue, OcppMessage, OrphanMessage, Session
from drivers.models import IdTag
from pricing.models import BillLine
from tests.chargers.conftest import CallFailed, until, utc_now
from tests.chargers.ocpp.station import Station, moment, reading
from tests.factories.drivers import DriverFactory, IdTagFactory


@pytest.fixture
def station(charger) -> Station:
    return Station(charger).connect()


@pytest.fixture
def booted(station) -> Station:
    station.boot()
    return station


@pytest.fixture
def charging(booted, tag) -> Station:
    """The reusable state EnergyTransferStarted."""
    booted.status("Occupied")
    booted.event("Started", 0, state="Charging", token="VALID", wh=1_000, trigger="Authorized")
    return booted


def session() -> Session:
    return Session.objects.get()


def status() -> str:
    return Connector.objects.get().status


def test_TC_B_01_CSMS_cold_boot_accepted(station, connector):
    assert station.boot()["status"] == "Accepted"
    station.status("Available")
    assert "currentTime" in station.call("Heartbeat")
    charge_point = ChargePoint.objects.get()
    assert (charge_point.vendor, charge_point.model) == ("Hand", "Typed")
    assert (charge_point.serial_number, charge_point.firmware_version) == ("S1", "1.0")
    assert status() == ConnectorStatus.AVAILABLE


def test_TC_B_02_and_B_30_CSMS_cold_boot_pending_or_rejected_security_error(charger, connector):
    station = Station(charger)
    for registration in (Registration.PENDING, Registration.REJECTED):
        ChargePoint.objects.update(registration=registration)
        assert station.connect().boot()["status"] == registration.label
        with pytest.raises(CallFailed) as refusal:
            station.status("Available")
        assert refusal.value.code == "SecurityError"
    ChargePoint.objects.update(registration=Registration.ACCEPTED)
    assert station.boot()["status"] == "Accepted"
    station.status("Available")


def test_TC_C_02_06_07_CSMS_authorization_invalid_blocked_expired(booted, tag):
    driver = tag.driver
    IdTagFactory(driver=driver, token="BLOCKED", blocked_at=datetime.now(UTC))
    IdTagFactory(driver=driver, token="EXPIRED", expires_at=datetime.now(UTC) - timedelta(days=1))
    answers = [booted.authorize(token)["status"] for token in ("WHO", "BLOCKED", "EXPIRED", "valid")]
    assert answers == ["Invalid", "Blocked", "Expired", "Accepted"]


def test_TC_C_08_CSMS_accepted_token_can_be_cached_until_it_expires(booted, tag):
    IdTag.objects.update(expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert booted.authorize("VALID")["cacheExpiryDateTime"] == "2030-01-01T00:00:00.000Z"


def test_TC_C_39_CSMS_tokens_of_one_driver_are_one_group(booted, tag):
    IdTagFactory(driver=tag.driver, token="SECOND")
    IdTagFactory(driver=DriverFactory(community=tag.community), token="OTHER")
    groups = [booted.authorize(token).get("groupIdToken") for token in ("VALID", "SECOND", "OTHER", "WHO")]
    assert groups[0] == groups[1] == {"idToken": str(tag.driver_id), "type": "Central"}
    assert groups[2] not in (None, groups[0])
    assert groups[3] is None


def test_TC_C_50_to_52_CSMS_contract_certificate_that_nobody_can_check_is_refused(booted, tag):
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "a",
        "issuerKeyHash": "b",
        "serialNumber": "1",
        "responderURL": "https://ocsp.example",
    }
    payload = {
        "idToken": {"idToken": "VALID", "type": "eMAID"},
        "iso15118CertificateHashData": [hashes],
    }
    assert booted.call("Authorize", payload) == {
        "idTokenInfo": {"status": "Invalid"},
        "certificateStatus": "NoCertificateAvailable",
    }


def test_TC_E_01_CSMS_start_at_power_path_closed_with_energy_and_bill(booted, tag):
    booted.status("Occupied")
    assert session().state == SessionState.PLUGGED_IN
    answer = booted.event("Started", 0, state="Charging", token="VALID", wh=1_000, trigger="Authorized")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert (session().state, session().driver, session().transaction_uid) == (
        SessionState.ACTIVE,
        tag.driver,
        "tx-1",
    )
    assert status() == ConnectorStatus.CHARGING
    booted.event("Updated", 1, state="Charging", wh=1_500, trigger="MeterValuePeriodic")
    assert (session().energy_wh, session().events_heard) == (500, "0-1")
    booted.event("Ended", 2, state="EVConnected", wh=2_250, trigger="StopAuthorized", token="VALID")
    assert (session().state, session().energy_wh) == (SessionState.FINISHED, 1_250)
    assert status() == ConnectorStatus.FINISHING
    booted.status("Available")
    assert session().state == SessionState.ENDED
    assert BillLine.objects.get().energy_wh == 1_250


def test_TC_E_03_CSMS_cable_first_and_TC_E_09_start_at_ev_connected(booted, tag):
    booted.status("Occupied")
    booted.event("Started", 0, state="EVConnected", trigger="CablePluggedIn")
    assert (session().driver, status()) == (None, ConnectorStatus.PREPARING)
    assert booted.authorize("VALID")["status"] == "Accepted"
    answer = booted.event("Updated", 1, token="VALID", trigger="Authorized", evse=None)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert session().driver == tag.driver
    booted.event("Updated", 2, state="Charging", wh=700, evse=None)
    booted.event("Ended", 3, wh=900, evse=None, info={"stoppedReason": "EVDisconnected"})
    assert (session().energy_wh, session().meter_start_wh) == (200, 700)
    assert session().stop_reason == "EVDisconnected"


def test_TC_E_04_and_E_10_CSMS_authorization_first(booted, tag):
    assert booted.authorize("VALID")["status"] == "Accepted"
    booted.event("Started", 0, state="Idle", token="VALID", trigger="Authorized")
    assert (session().state, status()) == (SessionState.ACTIVE, ConnectorStatus.PREPARING)
    booted.status("Occupied")
    booted.event("Updated", 1, state="EVConnected", trigger="CablePluggedIn", evse=None)
    booted.event("Updated", 2, state="Charging", wh=10, evse=None)
    assert status() == ConnectorStatus.CHARGING


def test_TC_E_22_and_E_26_CSMS_charging_state_is_the_connectors_status(charging):
    for sequence, (told, ours) in enumerate(
        [
            ("SuspendedEV", ConnectorStatus.SUSPENDED_EV),
            ("SuspendedEVSE", ConnectorStatus.SUSPENDED_EVSE),
            ("Idle", ConnectorStatus.FINISHING),
        ],
        start=1,
    ):
        charging.event("Updated", sequence, state=told, evse=None)
        assert (status(), session().state) == (ours, SessionState.ACTIVE)
        # Occupied says less than is known.
        charging.status("Occupied")
        assert status() == ours


def test_TC_E_16_CSMS_invalid_token_is_said_and_the_transaction_kept(booted, tag):
    booted.status("Occupied")
    started = booted.event("Started", 0, state="EVConnected", token="WHO", wh=0)
    assert started["idTokenInfo"]["status"] == "Invalid"
    booted.event("Ended", 1, wh=0, trigger="Deauthorized", info={"stoppedReason": "DeAuthorized"})
    assert (session().driver, session().stop_reason) == (None, "DeAuthorized")


def test_TC_E_15_CSMS_token_shown_to_stop_names_no_other_driver(charging, tag):
    IdTagFactory(driver=DriverFactory(community=tag.community), token="OTHER")
    answer = charging.event("Ended", 1, wh=1_100, token="OTHER", trigger="StopAuthorized")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert session().driver == tag.driver


def test_TC_E_38_CSMS_ev_not_ready(booted, tag):
    booted.status("Occupied")
    booted.event("Started", 0, state="EVConnected", token="VALID", wh=0)
    booted.event("Updated", 1, state="SuspendedEV", evse=None)
    assert status() == ConnectorStatus.SUSPENDED_EV


@pytest.mark.promise("O1")
def test_TC_E_53_CSMS_every_transaction_counts_from_0_and_a_repetition_changes_nothing(charging):
    at = moment(session().charger_started_at)
    for _ in range(3):
        charging.event("Started", 0, state="Charging", token="VALID", wh=1_000, at=at)
        charging.event("Updated", 1, state="Charging", wh=1_200, trigger="MeterValuePeriodic", evse=None)
    assert MeterValue.objects.count() == 2
    for _ in range(3):
        assert charging.event("Ended", 2, wh=1_300, evse=None) == {}
    assert (session().energy_wh, session().events_heard) == (300, "0-2")
    charging.event("Started", 0, uid="tx-2", state="Charging", token="VALID", wh=1_300)
    assert [one.transaction_uid for one in Session.objects.order_by("plugged_at")] == ["tx-1", "tx-2"]
    assert OrphanMessage.objects.count() == 0


@pytest.mark.parametrize("events", [1, 40])
def test_TC_E_53_CSMS_a_start_is_known_again_by_its_own_time_or_by_its_first_reading(booted, events, tag):
    # The newest marks are kept, so that after forty events the start is recognised by its time alone.
    began, read = "2026-11-30T10:00:00.0004Z", "2026-11-30T10:00:00.0006Z"
    first = {"state": "Charging", "token": "VALID", "evse": 1}
    meter = [reading(1_000, read, "Transaction.Begin")]
    booted.status("Occupied")
    booted.event("Started", 0, at=began, meterValue=meter, **first)
    for number in range(1, events):
        booted.event("Updated", number, state="Charging", trigger="MeterValuePeriodic", evse=None)
    for at in (began, read):
        booted.event("Started", 0, at=at, meterValue=meter, **first)
    assert OrphanMessage.objects.count() == 0
    assert session().events_heard == ("0" if events == 1 else f"0-{events - 1}")
    booted.event("Started", 0, at="2026-11-30T10:30:00Z", **first)
    assert OrphanMessage.objects.get().why == "its id was used by an earlier transaction"


def test_TC_G_01_CSMS_status_notification(booted):
    for told, ours in [
        ("Available", ConnectorStatus.AVAILABLE),
        ("Occupied", ConnectorStatus.PREPARING),
        ("Faulted", ConnectorStatus.FAULTED),
        ("Unavailable", ConnectorStatus.UNAVAILABLE),
        ("Reserved", ConnectorStatus.RESERVED),
    ]:
        booted.status(told)
        assert status() == ours
    # The second connector of an EVSE is the same connector of ours.
    booted.status("Available", connector=2)
    assert status() == ConnectorStatus.AVAILABLE


def test_TC_G_20_CSMS_lock_failure_is_an_alert_and_a_fault_stays_until_the_status_says_otherwise(charging):
    charging.status("Faulted")
    charging.event("Updated", 1, state="Charging", evse=None)
    assert status() == ConnectorStatus.FAULTED
    charging.status("Occupied")
    assert status() == ConnectorStatus.SUSPENDED_EVSE


def test_TC_J_01_CSMS_clock_aligned_values_without_a_transaction(booted):
    value = {"value": 230.4, "measurand": "Voltage", "phase": "L1-N", "context": "Sample.Clock"}
    payload = {"evseId": 1, "meterValue": [{"timestamp": utc_now(), "sampledValue": [value]}]}
    assert booted.call("MeterValues", payload) == {}
    stored = MeterValue.objects.get()
    assert (stored.voltage_l1_mv, stored.session_id, stored.context) == (230_400, None, "Sample.Clock")


def test_TC_J_02_03_and_J_07_to_10_CSMS_sampled_values_of_every_event(charging):
    values = [
        {"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}, "location": "Outlet"},
        {"value": 9.9, "unitOfMeasure": {"unit": "kWh"}, "location": "Inlet"},
        {"value": 7.2, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "kW"}},
        {"value": 10.0, "measurand": "Current.Import", "phase": "L1"},
        {"value": 11, "measurand": "Current.Import", "phase": "L2"},
        {"value": 12, "measurand": "Current.Import", "phase": "L3"},
        {"value": 55, "measurand": "SoC", "unitOfMeasure": {"unit": "Percent"}},
        {"value": 1, "measurand": "Frequency", "unitOfMeasure": {"multiplier": 10**9}},
    ]
    meter = {"timestamp": utc_now(), "sampledValue": values}
    charging.event("Updated", 1, trigger="MeterValueClock", evse=None, meterValue=[meter])
    one = session()
    assert (one.energy_wh, one.power_w, one.charge_pct) == (500, 7_200, 55)
    assert one.current_ma == (10_000, 11_000, 12_000)
    charging.event("Ended", 2, wh=1_600, evse=None)
    assert [row.energy_wh for row in MeterValue.objects.order_by("received_at")] == [1_000, 1_500, 1_600]


def test_TC_J_04_CSMS_signed_values_are_read_as_any_other(charging):
    signed = {
        "signedMeterData": "b64",
        "signingMethod": "ECDSA",
        "encodingMethod": "OCMF",
        "publicKey": "key",
    }
    meter = {"timestamp": utc_now(), "sampledValue": [{"value": 1_250, "signedMeterValue": signed}]}
    charging.event("Updated", 1, trigger="MeterValuePeriodic", meterValue=[meter])
    assert session().energy_wh == 250


def test_TC_J_periodic_values_are_not_in_the_log_and_all_else_is(charging):
    charging.event("Updated", 1, state="Charging", wh=1_100, trigger="MeterValuePeriodic")
    charging.event("Updated", 2, state="SuspendedEV", wh=1_100)
    logged = OcppMessage.objects.filter(action="TransactionEvent", direction="in").order_by("at")
    until(lambda: logged.count() == 2)
    assert [row.payload["seqNo"] for row in logged] == [0, 2]
