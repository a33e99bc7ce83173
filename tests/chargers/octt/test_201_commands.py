"""OCTT 2.0.1 for a CSMS, the cases in which the server speaks first: what is sent, and what its answer means.

A block's cases share one connection, and every frame is judged by the schemas on both ends of it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from chargers.domain.limits import limits
from chargers.domain.orders import commands
from chargers.domain.sockets import keys
from chargers.enums import CommandKind as Kind
from chargers.enums import CommandState
from chargers.models import ChargerCommand, Connector, Make, OcppMessage, Session
from chargers.orders import read_order
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import until, utc_now
from tests.chargers.ocpp.station import Station
from tests.chargers.octt.conftest import SETTLED
from tests.factories.drivers import IdTagFactory

pytestmark = pytest.mark.promise("O19")
OK, NO = CommandState.ACCEPTED, CommandState.REJECTED
ACCEPTED = {"status": "Accepted"}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
SUM = "0123456789abcdef" * 2
LATER = "2031-01-01T00:00:00Z"
HASH = {
    "hash_algorithm": "SHA256",
    "issuer_name_hash": "ab" * 32,
    "issuer_key_hash": "cd" * 32,
    "serial_number": "01",
}
WIRE_HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "01",
}
TOKEN = {"idToken": "VALID", "type": "ISO14443"}
TX = {"transaction_id": 1, "transaction_uid": "tx-1"}
SAMPLING = {
    "component": {"name": "SampledDataCtrlr"},
    "variable": {"name": "TxUpdatedInterval"},
}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
ATTEMPTS = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "MessageAttempts", "instance": "TransactionEvent"},
}


class Case(NamedTuple):
    name: str
    kind: Kind
    given: dict[str, Any]
    action: str
    payload: dict[str, Any]
    answer: dict[str, Any] = ACCEPTED
    state: CommandState = OK
    is_whole: bool = True


def said(status: str) -> dict[str, Any]:
    return {"status": status}


def read(place: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"getVariableResult": [{**place, **more}]}


PROVISIONING = [
    Case(
        "TC_B_06 get one variable", Kind.READ_CONFIGURATION, {"keys": ["SampledDataCtrlr.TxUpdatedInterval"]},
        "GetVariables", {"getVariableData": [SAMPLING]},
        read(SAMPLING, attributeStatus="Accepted", attributeValue="60"),
    ),
    Case(
        "TC_B_07 get several variables", Kind.READ_CONFIGURATION,
        {"keys": ["MeterValueSampleInterval", "EVSE/1.Power", "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"]},
        "GetVariables", {"getVariableData": [SAMPLING, POWER, ATTEMPTS]},
        read(SAMPLING, attributeStatus="UnknownVariable"), NO,
    ),
    Case(
        "TC_B_09 set a variable", Kind.CHANGE_CONFIGURATION, {"key": "MeterValueSampleInterval", "value": "30"},
        "SetVariables", {"setVariableData": [{**SAMPLING, "attributeValue": "30"}]},
        {"setVariableResult": [{**SAMPLING, "attributeStatus": "RebootRequired"}]},
    ),
    Case(
        "TC_B_11 set a variable: unknown", Kind.CHANGE_CONFIGURATION, {"key": "EVSE/1.Power:MaxSet", "value": "1"},
        "SetVariables", {"setVariableData": [{**POWER, "attributeType": "MaxSet", "attributeValue": "1"}]},
        {"setVariableResult": [{**POWER, "attributeStatus": "NotSupportedAttributeType"}]}, NO,
    ),
    Case(
        "TC_B_12 base report: configuration", Kind.READ_INVENTORY, {"base": "configuration"},
        "GetBaseReport", {"requestId": "N", "reportBase": "ConfigurationInventory"},
    ),
    Case(
        "TC_B_13 base report: full", Kind.READ_INVENTORY, {"base": "full"},
        "GetBaseReport", {"requestId": "N", "reportBase": "FullInventory"},
    ),
    Case(
        "TC_B_14 base report: summary", Kind.READ_INVENTORY, {"base": "summary"},
        "GetBaseReport", {"requestId": "N", "reportBase": "SummaryInventory"}, said("NotSupported"), NO,
    ),
    Case(
        "TC_B_18 custom report", Kind.READ_COMPONENTS, {"names": ["EVSE/1"], "criteria": ["available"]},
        "GetReport",
        {"requestId": "N", "componentVariable": [{"component": POWER["component"]}], "componentCriteria": ["Available"]},
        said("EmptyResultSet"),
    ),
    Case("TC_B_20 reset on idle", Kind.RESET, {"kind": "soft"}, "Reset", {"type": "OnIdle"}, said("Scheduled")),
    Case("TC_B_22 reset at once", Kind.RESET, {"kind": "hard"}, "Reset", {"type": "Immediate"}),
    Case("TC_B_25 reset an EVSE", Kind.RESET, {"kind": "soft"}, "Reset", {"type": "OnIdle", "evseId": 1}, said("Rejected"), NO, False),
    Case(
        "TC_B_42 network profile", Kind.SET_NETWORK,
        {"slot": 1, "server_url": "wss://csms.example/ocpp", "timeout_s": 30, "security_profile": 2},
        "SetNetworkProfile",
        {
            "configurationSlot": 1,
            "connectionData": {
                "ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppInterface": "Wired0",
                "ocppCsmsUrl": "wss://csms.example/ocpp", "messageTimeout": 30, "securityProfile": 2,
            },
        },
        said("Failed"), NO,
    ),
]  # fmt: skip
AUTHORIZATION = [
    Case("TC_C_37 clear the cache", Kind.CLEAR_CACHE, {}, "ClearCache", {}),
    Case("TC_C_38 clear the cache: rejected", Kind.CLEAR_CACHE, {}, "ClearCache", {}, said("Rejected"), NO),
    Case(
        "TC_D_01 local list, full", Kind.SEND_LOCAL_LIST,
        {"version": 1, "entries": [{"id_tag": "VALID", "status": "Accepted", "expires_at": LATER}]},
        "SendLocalList",
        {
            "versionNumber": 1, "updateType": "Full",
            "localAuthorizationList": [
                {"idToken": TOKEN, "idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": LATER}}
            ],
        },
    ),
    Case(
        "TC_D_03 local list, remove", Kind.SEND_LOCAL_LIST,
        {"version": 2, "differential": True, "entries": [{"id_tag": "VALID"}]},
        "SendLocalList",
        {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [{"idToken": TOKEN}]},
        said("VersionMismatch"), NO,
    ),
    Case("TC_D_04 local list, empty", Kind.SEND_LOCAL_LIST, {"version": 3}, "SendLocalList", {"versionNumber": 3, "updateType": "Full"}),
    Case("TC_D_08 its version", Kind.READ_LOCAL_LIST_VERSION, {}, "GetLocalListVersion", {}, {"versionNumber": 3}),
    Case("TC_E_33 transaction status", Kind.READ_TRANSACTION, {}, "GetTransactionStatus", {}, {"messagesInQueue": False}),
    Case(
        "TC_E_29 status of a transaction", Kind.READ_TRANSACTION, {"transaction_uid": "tx-1"},
        "GetTransactionStatus", {"transactionId": "tx-1"}, {"ongoingIndicator": True, "messagesInQueue": True},
    ),
]  # fmt: skip
CONTROL = [
    Case(
        "TC_F_03 remote stop", Kind.REMOTE_STOP, TX, "RequestStopTransaction", {"transactionId": "tx-1"}, said("Rejected"), NO
    ),
    Case("TC_F_06 unlock", Kind.UNLOCK, {}, "UnlockConnector", {"evseId": 1, "connectorId": 1}, said("Unlocked"), OK, False),
    Case(
        "TC_F_07 unlock: transaction runs", Kind.UNLOCK, {}, "UnlockConnector", {"evseId": 1, "connectorId": 1},
        said("OngoingAuthorizedTransaction"), NO, False,
    ),
    Case("TC_F_11 trigger MeterValues", Kind.TRIGGER, {"message": "MeterValues"}, "TriggerMessage", {"requestedMessage": "MeterValues", "evse": {"id": 1}}, is_whole=False),
    Case("TC_F_13 trigger TransactionEvent", Kind.TRIGGER, {"message": "TransactionEvent"}, "TriggerMessage", {"requestedMessage": "TransactionEvent"}),
    Case("TC_F_15 trigger LogStatusNotification", Kind.TRIGGER, {"message": "DiagnosticsStatusNotification"}, "TriggerMessage", {"requestedMessage": "LogStatusNotification"}),
    Case(
        "TC_F_23 trigger StatusNotification", Kind.TRIGGER, {"message": "StatusNotification"}, "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}, is_whole=False,
    ),
    Case("TC_F_27 trigger: not implemented", Kind.TRIGGER, {"message": "SignChargePointCertificate"}, "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}, said("NotImplemented"), NO),
    Case("TC_G_03 EVSE out of service", Kind.CHANGE_AVAILABILITY, {"operative": False}, "ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}}, said("Scheduled"), OK, False),
    Case("TC_G_06 station in service", Kind.CHANGE_AVAILABILITY, {"operative": True}, "ChangeAvailability", {"operationalStatus": "Operative"}),
    Case(
        "TC_H_01 reserve an EVSE", Kind.RESERVE, {"reservation_number": 4, "id_tag": "VALID", "expires_at": LATER},
        "ReserveNow", {"id": 4, "expiryDateTime": LATER, "idToken": TOKEN, "evseId": 1}, is_whole=False,
    ),
    Case(
        "TC_H_07 reserve any EVSE: occupied", Kind.RESERVE, {"reservation_number": 5, "id_tag": "APP", "expires_at": LATER},
        "ReserveNow", {"id": 5, "expiryDateTime": LATER, "idToken": {"idToken": "APP", "type": "Central"}},
        said("Occupied"), NO,
    ),
    Case("TC_H_17 cancel it", Kind.CANCEL_RESERVATION, {"reservation_number": 4}, "CancelReservation", {"reservationId": 4}),
    Case("TC_H_18 cancel it: rejected", Kind.CANCEL_RESERVATION, {"reservation_number": 9}, "CancelReservation", {"reservationId": 9}, said("Rejected"), NO),
    Case("TC_I_01 cost", Kind.TELL_COST, {"cost_minor": 125, **TX}, "CostUpdated", {"totalCost": 1.25, "transactionId": "tx-1"}, {}),
]  # fmt: skip
SMART_CHARGING = [
    Case("TC_K_05 clear by id", Kind.CLEAR_LIMITS, {"profile_number": 11}, "ClearChargingProfile", {"chargingProfileId": 11}, said("Unknown")),
    Case(
        "TC_K_06 clear by criteria", Kind.CLEAR_LIMITS, {"purpose": "ChargePointMaxProfile", "stack_level": 0}, "ClearChargingProfile",
        {"chargingProfileCriteria": {"stackLevel": 0, "chargingProfilePurpose": "ChargingStationMaxProfile"}},
    ),
    Case(
        "TC_K_31 get profiles by source, of the whole station", Kind.READ_PROFILES, {"sources": ["CSO", "EMS"], "whole": True}, "GetChargingProfiles",
        {"requestId": "N", "chargingProfile": {"chargingLimitSource": ["CSO", "EMS"]}, "evseId": 0}, said("NoProfiles"),
    ),
    Case("TC_K_29 get profiles", Kind.READ_PROFILES, {}, "GetChargingProfiles", {"requestId": "N", "chargingProfile": {}}, said("NoProfiles")),
    Case(
        "TC_K_30 get profiles of an EVSE", Kind.READ_PROFILES, {"purpose": "TxProfile", "stack_level": 1, "profile_number": 11},
        "GetChargingProfiles",
        {
            "requestId": "N", "evseId": 1,
            "chargingProfile": {"stackLevel": 1, "chargingProfilePurpose": "TxProfile", "chargingProfileId": [11]},
        },
        is_whole=False,
    ),
    Case("TC_K_44 composite schedule: rejected", Kind.READ_LIMIT, {"duration_s": 300}, "GetCompositeSchedule", {"evseId": 0, "duration": 300, "chargingRateUnit": "A"}, said("Rejected"), NO),
]  # fmt: skip
UPKEEP = [
    Case(
        "TC_L_01 firmware, signed", Kind.UPDATE_FIRMWARE,
        {"url": "https://example.com/i", "retrieve_at": LATER, "install_at": LATER, "certificate": PEM, "signature": "x", "retries": 2},
        "UpdateFirmware",
        {
            "requestId": "N", "retries": 2,
            "firmware": {"location": "https://example.com/i", "retrieveDateTime": LATER, "installDateTime": LATER, "signingCertificate": PEM, "signature": "x"},
        },
    ),
    Case(
        "TC_L_05 firmware: bad certificate", Kind.UPDATE_FIRMWARE, {"url": "https://example.com/i", "retrieve_at": LATER},
        "UpdateFirmware", {"requestId": "N", "firmware": {"location": "https://example.com/i", "retrieveDateTime": LATER}},
        said("InvalidCertificate"), NO,
    ),
    Case("TC_L_18 publish firmware", Kind.PUBLISH_FIRMWARE, {"url": "https://example.com/i", "checksum": SUM}, "PublishFirmware", {"requestId": "N", "location": "https://example.com/i", "checksum": SUM}),
    Case("TC_L_20 unpublish firmware", Kind.UNPUBLISH_FIRMWARE, {"checksum": SUM}, "UnpublishFirmware", {"checksum": SUM}, said("Unpublished")),
    Case("TC_L_21 unpublish: it loads", Kind.UNPUBLISH_FIRMWARE, {"checksum": SUM}, "UnpublishFirmware", {"checksum": SUM}, said("DownloadOngoing"), NO),
    Case("TC_A_11 signed certificate", Kind.SEND_CERTIFICATE, {"chain": PEM, "use": "station"}, "CertificateSigned", {"certificateChain": PEM, "certificateType": "ChargingStationCertificate"}),
    Case("TC_M_01 install CSMS root", Kind.INSTALL_CERTIFICATE, {"use": "central_system", "certificate": PEM}, "InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": PEM}),
    Case("TC_M_05 install: failed", Kind.INSTALL_CERTIFICATE, {"use": "vehicle_to_grid", "certificate": PEM}, "InstallCertificate", {"certificateType": "V2GRootCertificate", "certificate": PEM}, said("Failed"), NO),
    Case(
        "TC_M_12 installed ids", Kind.READ_CERTIFICATES, {"use": "manufacturer"}, "GetInstalledCertificateIds", {"certificateType": ["ManufacturerRootCertificate"]},
        {"status": "Accepted", "certificateHashDataChain": [{"certificateType": "ManufacturerRootCertificate", "certificateHashData": WIRE_HASH}]},
    ),
    Case("TC_M_19 installed ids: none", Kind.READ_CERTIFICATES, {}, "GetInstalledCertificateIds", {}, said("NotFound")),
    Case("TC_M_20 delete", Kind.DELETE_CERTIFICATE, HASH, "DeleteCertificate", {"certificateHashData": WIRE_HASH}),
    Case("TC_M_21 delete: not found", Kind.DELETE_CERTIFICATE, HASH, "DeleteCertificate", {"certificateHashData": WIRE_HASH}, said("NotFound"), NO),
    Case("TC_P_01 data transfer", Kind.DATA_TRANSFER, {"vendor": "acme", "data": "x"}, "DataTransfer", {"vendorId": "acme", "data": "x"}, said("UnknownVendorId"), NO),
]  # fmt: skip
MONITORING = [
    Case(
        "TC_N_01 monitoring report", Kind.READ_MONITORS, {"kinds": ["threshold"], "names": ["EVSE/1.Power"]},
        "GetMonitoringReport", {"requestId": "N", "componentVariable": [POWER], "monitoringCriteria": ["ThresholdMonitoring"]},
        said("EmptyResultSet"),
    ),
    Case("TC_N_05 monitoring base", Kind.SET_MONITORING, {"base": "hard_wired"}, "SetMonitoringBase", {"monitoringBase": "HardWiredOnly"}),
    Case(
        "TC_N_08 variable monitoring", Kind.MONITOR, {"name": "EVSE/1.Power", "kind": "above", "value": 11000.5, "severity": 4},
        "SetVariableMonitoring", {"setMonitoringData": [{**POWER, "type": "UpperThreshold", "value": 11000.5, "severity": 4}]},
        {"setMonitoringResult": [{**POWER, "id": 1, "type": "UpperThreshold", "severity": 4, "status": "Duplicate"}]}, NO,
    ),
    Case("TC_N_16 monitoring level", Kind.SET_MONITORING_LEVEL, {"severity": 4}, "SetMonitoringLevel", {"severity": 4}),
    Case(
        "TC_N_18 clear monitors", Kind.CLEAR_MONITORS, {"monitor_numbers": [1, 2]}, "ClearVariableMonitoring", {"id": [1, 2]},
        {"clearMonitoringResult": [{"id": 1, "status": "Accepted"}, {"id": 2, "status": "NotFound"}]},
    ),
    Case(
        "TC_N_25 diagnostics log", Kind.GET_LOG, {"kind": "diagnostics", "url": "https://example.com/", "since": LATER},
        "GetLog",
        {"requestId": "N", "logType": "DiagnosticsLog", "log": {"remoteLocation": "https://example.com/", "oldestTimestamp": LATER}},
    ),
    Case("TC_N_26 security log", Kind.GET_LOG, {"kind": "security", "url": "https://example.com/"}, "GetLog", {"requestId": "N", "logType": "SecurityLog", "log": {"remoteLocation": "https://example.com/"}}, said("AcceptedCanceled")),
    Case("TC_N_27 customer information", Kind.CUSTOMER_DATA, {"report": True, "id_tag": "VALID"}, "CustomerInformation", {"requestId": "N", "report": True, "clear": False, "idToken": TOKEN}),
    Case("TC_N_28 clear it", Kind.CUSTOMER_DATA, {"clear": True, "customer": "c-1"}, "CustomerInformation", {"requestId": "N", "report": False, "clear": True, "customerIdentifier": "c-1"}, said("Invalid"), NO),
    Case(
        "TC_O_01 display message", Kind.SHOW_MESSAGE,
        {"message_number": 1, "text": "Back at 8", "priority": "front", "state": "idle", "until": LATER, "language": "en"},
        "SetDisplayMessage",
        {"message": {"id": 1, "priority": "InFront", "state": "Idle", "endDateTime": LATER, "message": {"format": "UTF8", "content": "Back at 8", "language": "en"}}},
    ),
    Case("TC_O_02 get messages", Kind.READ_MESSAGES, {}, "GetDisplayMessages", {"requestId": "N"}, said("Unknown")),
    Case("TC_O_04 clear a message", Kind.CLEAR_MESSAGE, {"message_number": 1}, "ClearDisplayMessage", {"id": 1}),
    Case("TC_O_17 unsupported priority", Kind.SHOW_MESSAGE, {"message_number": 2, "text": "x"}, "SetDisplayMessage", {"message": {"id": 2, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "x"}}}, said("NotSupportedPriority"), NO),
]  # fmt: skip


@pytest.fixture
def station(charger) -> Station:
    """Booted, and done with its first configuration."""

    def set_variables(payload):
        names = ("component", "variable")
        entries = [{name: data[name] for name in names} for data in payload["setVariableData"]]
        return {"setVariableResult": [{**entry, "attributeStatus": "Accepted"} for entry in entries]}

    def get_variables(payload):
        told = {"ProfileStackLevel": "7", "RateUnit": "A,W", "Available": "true"}
        told |= {"ItemsPerMessage": "10", "Entries": "100"}  # of its local list
        return {
            "getVariableResult": [
                {**data, "attributeStatus": "Accepted", "attributeValue": told[data["variable"]["name"]]}
                for data in payload["getVariableData"]
            ]
        }

    charger.answers |= {"SetVariables": set_variables, "GetVariables": get_variables}
    station = Station(charger).connect()
    station.boot()
    done_with_its_own(charger)
    return station


def heard(charger, condition) -> None:
    """Answer whatever the server asks until it comes true."""
    until(lambda: charger.listen(0.01) or condition(), wait_s=15)


def done_with_its_own(charger) -> None:
    """The server asks some things by itself; those are no cases of ours."""
    heard(charger, lambda: not ChargerCommand.objects.filter(state__in=SETTLED).exists())
    charger.calls.clear()


def ask(charger, case: Case) -> tuple[dict[str, Any], str]:
    """The payload that goes out for a command, and what became of it."""
    connector = Connector.objects.get()
    done_with_its_own(charger)
    charger.answers[case.action] = case.answer
    command = commands.queue_command(
        connector.charge_point,
        read_order(case.kind, case.given),
        by="OCTT",
        now=datetime.now(UTC),
        connector=None if case.is_whole else connector,
    )
    payload = charger.expect(case.action)
    heard(charger, lambda: ChargerCommand.objects.get(pk=command.pk).state not in SETTLED)
    command.refresh_from_db()
    return payload | ({"requestId": "N"} if "requestId" in payload else {}), command.state


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(PROVISIONING, id="TC_B"),
        pytest.param(AUTHORIZATION, id="TC_C_D_E"),
        pytest.param(CONTROL, id="TC_F_G_H_I"),
        pytest.param(SMART_CHARGING, id="TC_K"),
        pytest.param(UPKEEP, id="TC_A_L_M_P"),
        pytest.param(MONITORING, id="TC_N_O"),
    ],
)
def test_CSMS_speaks_first(station, tag, cases):
    IdTagFactory(driver=tag.driver, token="APP", kind="app")
    asked = {case.name: ask(station.charger, case) for case in cases}
    assert asked == {case.name: (case.payload, case.state) for case in cases}


def test_first_configuration_is_in_its_own_words_and_what_it_can_do_is_remembered(station):
    told = {
        command.arguments["key"]: command.state
        for command in ChargerCommand.objects.filter(kind=Kind.CHANGE_CONFIGURATION)
    }
    assert set(told.values()) == {OK}
    make = Make.objects.get()
    assert (make.max_stack_level, make.rate_units) == (7, "Current,Power")
    assert make.feature_profiles.split(",")[:2] == ["SmartCharging", "Reservation"]


def limit_of(profile: dict[str, Any]) -> list[float]:
    (schedule,) = profile["chargingSchedule"]
    return [period["limit"] for period in schedule["chargingSchedulePeriod"]]


def test_TC_K_10_CSMS_default_of_all_EVSEs_is_written_at_the_boot(charger, connector):
    station = Station(charger).connect()
    station.boot()
    asked = charger.expect("SetChargingProfile")
    profile = asked["chargingProfile"]
    assert (asked["evseId"], profile["chargingProfilePurpose"]) == (0, "TxDefaultProfile")
    # 0 A first, and the fallback once every other car was told; with a fallback of 0 A there is nothing to wait for.
    assert limit_of(profile)[-1] == connector.chosen_fallback_ma / 1000
    heard(charger, lambda: Connector.objects.get().fallback_ma == connector.chosen_fallback_ma)


def test_TC_K_43_60_CSMS_limit_is_set_cut_confirmed_and_read_back(station, tag):
    charger = station.charger
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, trigger="Authorized")
    session, connector = Session.objects.get(), Connector.objects.get()
    ends = datetime.now(UTC) + timedelta(minutes=10)
    for limit_ma in (16_000, 8_000):
        with transaction.atomic():
            limits.queue_limit(
                connector, session, limit_ma=limit_ma, now=datetime.now(UTC), end_s=ends.timestamp()
            )
        asked = charger.expect("SetChargingProfile")
        profile = asked["chargingProfile"]
        assert (asked["evseId"], profile["transactionId"], profile["chargingProfileKind"]) == (
            1,
            "tx-1",
            "Absolute",
        )
        assert limit_of(profile) == [limit_ma / 1000]
        (schedule,) = profile["chargingSchedule"]
        starts = datetime.fromisoformat(schedule["startSchedule"])
        assert abs(starts + timedelta(seconds=schedule["duration"]) - ends) < timedelta(seconds=2)
        heard(charger, lambda ma=limit_ma: Connector.objects.get().confirmed_ma == ma)
    schedule = {
        "evseId": 1,
        "duration": 300,
        "scheduleStart": utc_now(),
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    }
    answer = {"status": "Accepted", "schedule": schedule}
    read_back = Case(
        "", Kind.READ_LIMIT, {"duration_s": 300}, "GetCompositeSchedule", {}, answer, is_whole=False
    )
    assert ask(charger, read_back) == ({"evseId": 1, "duration": 300, "chargingRateUnit": "A"}, OK)
    result = ChargerCommand.objects.filter(kind=Kind.READ_LIMIT, requested_by="OCTT").get().result
    assert result["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8.0}]


def test_TC_F_01_K_37_CSMS_remote_start_with_a_profile(station, tag):
    given = {"id_tag": "VALID", "limit_ma": 6_000, "duration_s": 600, "remote_start_number": 7}
    case = Case("", Kind.REMOTE_START, given, "RequestStartTransaction", {}, is_whole=False)
    payload, state = ask(station.charger, case)
    assert (payload["evseId"], payload["idToken"], payload["remoteStartId"], state) == (1, TOKEN, 7, OK)
    profile = payload["chargingProfile"]
    assert (profile["chargingProfilePurpose"], limit_of(profile)) == ("TxProfile", [6.0])
    assert "transactionId" not in profile


def test_TC_K_03_CSMS_limit_of_the_whole_station(station):
    case = Case("", Kind.SET_STATION_LIMIT, {"limit_ma": 20_000}, "SetChargingProfile", {})
    payload, state = ask(station.charger, case)
    profile = payload["chargingProfile"]
    assert (payload["evseId"], profile["chargingProfilePurpose"], state) == (
        0,
        "ChargingStationMaxProfile",
        OK,
    )
    assert limit_of(profile) == [20.0]


@pytest.mark.promise("S3")
def test_TC_A_02_CSMS_next_key_goes_out_once_and_is_written_nowhere(station, connector):
    charger = station.charger
    command = keys.send_next_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    (data,) = charger.expect("SetVariables")["setVariableData"]
    assert (data["component"]["name"], data["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
    heard(charger, lambda: ChargerCommand.objects.get(pk=command.pk).state == OK)
    charger.close()
    charger.connect(key=data["attributeValue"], subprotocols=("ocpp2.0.1",)).call("Heartbeat")
    until(lambda: OcppMessage.objects.filter(action="SetVariables").exists())
    assert data["attributeValue"] not in str(list(OcppMessage.objects.values_list("payload", flat=True)))
