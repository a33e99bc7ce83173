"""What a 2.0.1 station tells beside charging, from its payload to the rows; the wire itself has tests of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.intake import Desk
from chargers.domain.limits import external
from chargers.domain.stations import device_model
from chargers.models import Connector, DeviceVariable
from chargers.ocpp.protocol import Request
from chargers.ocpp.v201 import V201
from chargers.reports.base import Source
from grid.models import AuditEntry
from tests.chargers.ocpp.station import Desked
from tests.factories.chargers import ConnectorFactory

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = "2026-03-01T12:00:00Z"
EVSE_POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def station(connector) -> Desked:
    return Desked(connector)


@pytest.fixture
def source(station) -> Source:
    return station.source


@pytest.fixture
def tell(station):
    def tell(action, payload):
        return station.call(action, payload, at=NOW)

    return tell


def page(sequence, *entries, tbc=False):
    return {
        "requestId": 7,
        "generatedAt": AT,
        "seqNo": sequence,
        "tbc": tbc,
        "reportData": list(entries),
    }


def entry(place, value=None, *, mutability="ReadOnly", data_type="decimal", unit="W", kind="Actual"):
    attribute = {"type": kind, "mutability": mutability} | ({} if value is None else {"value": value})
    features = {"dataType": data_type, "unit": unit, "supportsMonitoring": False}
    return {**place, "variableAttribute": [attribute], "variableCharacteristics": features}


def stored():
    return {str(row): row.value for row in DeviceVariable.objects.all()}


def test_pages_of_a_report_are_put_together_whatever_their_order(tell):
    heartbeat = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    tell(
        "NotifyReport", page(1, entry(heartbeat, "300", unit="s"), entry(EVSE_POWER, "22000", kind="MaxSet"))
    )
    tell("NotifyReport", page(0, entry(EVSE_POWER, "11000"), tbc=True))
    tell("NotifyReport", page(2, tbc=False) | {"reportData": [entry(heartbeat, "60", unit="s")]})
    assert stored() == {
        "EVSE/1.Power": "11000",
        "EVSE/1.Power:MaxSet": "22000",
        "OCPPCommCtrlr.HeartbeatInterval": "60",
    }
    power = DeviceVariable.objects.get(attribute="Actual", variable="Power")
    assert (power.unit, power.data_type, power.mutability, power.told_at) == ("W", "decimal", "ReadOnly", NOW)


def test_answers_to_get_and_set_variables_are_learnt_and_passwords_are_not(source):
    def learn(action, request, response):
        report = V201.learn(Request(action, request), response, source, NOW)
        if report is not None:
            Desk().take([report])

    limit = {"component": {"name": "evse", "evse": {"id": 1}}, "variable": {"name": "power"}}
    secret = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    read = [
        {**EVSE_POWER, "attributeStatus": "Accepted", "attributeValue": "7400"},
        {**secret, "attributeStatus": "Rejected"},
    ]
    learn("GetVariables", {}, {"getVariableResult": read})
    asked = [{**limit, "attributeValue": "3700"}, {**secret, "attributeValue": "hush"}]
    done = [{**one, "attributeStatus": "Accepted"} for one in (limit, secret)]
    learn("SetVariables", {"setVariableData": asked}, {"setVariableResult": done})
    # Names are caseless: what was asked for is the variable that was told.
    assert stored() == {"EVSE/1.Power": "3700", "SecurityCtrlr.BasicAuthPassword": ""}
    learn("Reset", {}, {"status": "Accepted"})


def test_variable_of_an_impossible_number_costs_no_other(tell):
    page = {"requestId": 1, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
    rows = [
        {
            "component": {"name": "EVSE", "evse": evse},
            "variable": {"name": "Power"},
            "variableAttribute": [{"value": "1"}],
        }
        for evse in ({"id": 2**40}, {"id": 1, "connectorId": 2**31}, {"id": 1})
    ]
    tell("NotifyReport", {**page, "reportData": rows})
    variable = DeviceVariable.objects.get()
    assert (variable.evse_number, variable.connector_number) == (1, 0)


def test_write_only_values_of_a_report_are_not_kept(tell):
    secret = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    tell("NotifyReport", page(0, entry(secret, "hush", mutability="WriteOnly", data_type="string", unit="")))
    assert stored() == {"SecurityCtrlr.BasicAuthPassword": ""}


def test_device_model_does_not_grow_without_end(tell, monkeypatch, caplog):
    monkeypatch.setattr(device_model, "MOST_VARIABLES", 2)
    names = [{"component": {"name": "X"}, "variable": {"name": f"V{n}"}} for n in range(4)]
    tell("NotifyReport", page(0, *(entry(name, "1") for name in names)))
    assert sorted(stored()) == ["X.V0", "X.V1"]
    assert "more variables than are kept" in caplog.text


def test_alert_is_recorded_and_its_value_is_the_variables(tell, connector):
    data = {
        "eventId": 1,
        "timestamp": AT,
        "actualValue": "Tripped",
        "eventNotificationType": "HardWiredNotification",
        **EVSE_POWER,
    }
    answer = tell(
        "NotifyEvent",
        {
            "generatedAt": AT,
            "seqNo": 0,
            "eventData": [
                {**data, "trigger": "Alerting", "techInfo": "too hot"},
                {**data, "trigger": "Periodic", "actualValue": "5"},
            ],
        },
    )
    assert answer == {}
    alert = AuditEntry.objects.get(action="charge_point.alert")
    assert (alert.target_id, alert.after["about"]) == (str(connector.charge_point_id), "EVSE.Power")
    assert (alert.after["value"], alert.after["info"], alert.after["evse"]) == ("Tripped", "too hot", 1)
    assert stored() == {"EVSE/1.Power": "5"}


def test_security_event_and_reservation_end_are_recorded(tell):
    tell("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": AT})
    tell("ReservationStatusUpdate", {"reservationId": 5, "reservationUpdateStatus": "Expired"})
    told = {row.action: row.after for row in AuditEntry.objects.all()}
    assert told["charge_point.security_event"]["kind"] == "TamperDetectionActivated"
    assert told["charge_point.reservation_ended"] == {"reservation_number": 5, "how": "Expired"}


def schedule(*periods, unit="A", start=AT):
    named = [{"startPeriod": at, "limit": limit} for at, limit in periods]
    return {"id": 1, "startSchedule": start, "chargingRateUnit": unit, "chargingSchedulePeriod": named}


def bound_ma(connector, at=NOW):
    connector.refresh_from_db()
    return external.bound_ma(connector, phases=3, volts=230, now=at)


def test_limits_of_others_are_an_upper_bound_by_origin_until_they_are_cleared(tell, connector):
    limit = {"chargingLimitSource": "EMS", "isGridCritical": True}
    tell(
        "NotifyChargingLimit", {"chargingLimit": limit, "chargingSchedule": [schedule((0, 16.0), (600, 8.0))]}
    )
    assert (bound_ma(connector), bound_ma(connector, NOW + timedelta(minutes=10))) == (16_000, 8_000)
    by_grid = {"chargingLimit": {"chargingLimitSource": "SO"}, "evseId": 1}
    tell("NotifyChargingLimit", {**by_grid, "chargingSchedule": [schedule((0, 6_900), unit="W")]})
    assert bound_ma(connector) == 10_000
    tell("ClearedChargingLimit", {"chargingLimitSource": "SO"})
    assert bound_ma(connector) == 16_000
    tell("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1})
    assert (bound_ma(connector), connector.external_limits) == (None, {})


def test_limit_of_which_nobody_says_how_far_is_shown_and_bounds_nothing(tell, connector):
    tell("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "CSO"}, "evseId": 1})
    assert bound_ma(connector) is None
    assert list(connector.external_limits) == ["CSO"]
    tell("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "CSO"}, "evseId": 9})


HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a",
    "issuerKeyHash": "b",
    "serialNumber": "1",
    "responderURL": "https://ocsp.example",
}
PROFILE = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [schedule((0, 16.0))],
}
NEEDS = {"requestedEnergyTransfer": "AC_three_phase"}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("FirmwareStatusNotification", {"status": "Installed", "requestId": 1}, {}),
        ("LogStatusNotification", {"status": "Uploaded", "requestId": 1}, {}),
        ("PublishFirmwareStatusNotification", {"status": "Published", "location": ["http://x"]}, {}),
        ("NotifyMonitoringReport", {"requestId": 1, "seqNo": 0, "generatedAt": AT}, {}),
        ("NotifyDisplayMessages", {"requestId": 1}, {}),
        ("NotifyCustomerInformation", {"data": "", "seqNo": 0, "generatedAt": AT, "requestId": 1}, {}),
        (
            "ReportChargingProfiles",
            {"requestId": 1, "chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": [PROFILE]},
            {},
        ),
        ("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": NEEDS}, {"status": "Processing"}),
        (
            "NotifyEVChargingSchedule",
            {"timeBase": AT, "evseId": 1, "chargingSchedule": schedule((0, 16.0))},
            {"status": "Accepted"},
        ),
        ("GetCertificateStatus", {"ocspRequestData": HASHES}, {"status": "Failed"}),
        (
            "Get15118EVCertificate",
            {"iso15118SchemaVersion": "urn", "action": "Install", "exiRequest": "x"},
            {"status": "Failed", "exiResponse": ""},
        ),
        ("DataTransfer", {"vendorId": "acme"}, {"status": "UnknownVendorId"}),
        ("SignCertificate", {"csr": "no request at all"}, {"status": "Rejected"}),
    ],
)
def test_everything_else_is_confirmed(tell, action, payload, answer):
    assert tell(action, payload) == answer


def test_every_call_of_a_station_is_handled():
    from_station = {
        "Authorize", "BootNotification", "ClearedChargingLimit", "DataTransfer", "FirmwareStatusNotification",
        "Get15118EVCertificate", "GetCertificateStatus", "Heartbeat", "LogStatusNotification", "MeterValues",
        "NotifyChargingLimit", "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule", "NotifyEvent", "NotifyMonitoringReport", "NotifyReport",
        "PublishFirmwareStatusNotification", "ReportChargingProfiles", "ReservationStatusUpdate",
        "SecurityEventNotification", "SignCertificate", "StatusNotification", "TransactionEvent",
    }  # fmt: skip
    assert set(V201.handlers) == from_station
