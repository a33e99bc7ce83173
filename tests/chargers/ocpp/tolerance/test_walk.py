"""Whatever a charge point makes of a message: its handler can read what comes out, or names what it lacks."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from chargers.ocpp import schemas, tolerance
from chargers.ocpp.tolerance import rules
from chargers.ocpp.tolerance.shapes import shape_of
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from chargers.reports.base import Source
from tests.examples import examples

AT = "2026-01-01T00:00:00Z"
SOURCE = Source(uuid4(), uuid4(), uuid4(), uuid4())
VERSIONS = (V16, V201, V21)
METERED = {"connectorId": 1}
EVENT = {
    "eventType": "Updated",
    "timestamp": AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "tx"},
}
STOP = {"transactionId": 7, "meterStop": 2_000, "timestamp": AT}
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}


def corrected(version, action, payload):
    return tolerance.correct_call(version.package, action, version.request_schema(action), payload).payload


def metered(*values):
    return {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": list(values)}]}


@pytest.mark.promise("O21")
@pytest.mark.parametrize(
    ("action", "said", "read"),
    [
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M" * 26}, {"chargePointVendor": "V", "chargePointModel": "M" * 20}),
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "iccid": None}, {"chargePointVendor": "V", "chargePointModel": "M"}),
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "extra": {"a": [1]}}, {"chargePointVendor": "V", "chargePointModel": "M"}),
        ("BootNotification", {"ChargePointVendor": "V", "charge_point_model": 7}, {"chargePointVendor": "V", "chargePointModel": "7"}),
        ("BootNotification", {}, {"chargePointVendor": "", "chargePointModel": ""}),
        ("MeterValues", metered({"value": "50", "unit": "Hz"}, {"value": "1"}), metered({"value": "1"})),
        ("MeterValues", metered({"value": "5", "measurand": "Noise"}, {"value": 7.5}), metered({"value": "7.5"})),
        ("MeterValues", metered({"value": "5", "unit": "kwh", "context": "Odd"}), metered({"value": "5", "unit": "kWh", "context": "Other"})),
        ("MeterValues", metered({"value": None}, {"value": "2", "phase": ""}), metered({"value": "2"})),
        ("MeterValues", {"connectorId": "1", "transactionId": None, "meterValue": {"timestamp": AT, "sampledValue": {"value": 1}}}, metered({"value": "1"})),
        ("StartTransaction", {"connectorId": 1.0, "idTag": 12345, "timestamp": AT}, {"connectorId": 1, "idTag": "12345", "timestamp": AT}),
        ("StatusNotification", {"connectorId": 1, "status": "CHARGING", "errorCode": ""}, {**STATUS, "status": "Charging"}),
        ("StatusNotification", {"connectorId": "2", "status": "Occupied", "errorCode": "E42"}, {"connectorId": 2, "status": "Preparing", "errorCode": "OtherError"}),
        ("StopTransaction", {**STOP, "idTag": "a" * 22}, {**STOP, "idTag": "a" * 22}),
        ("StopTransaction", {**STOP, "disconnectReason": "x"}, STOP),
        ("StopTransaction", {**STOP, "reason": "Finished"}, {**STOP, "reason": "Other"}),
        ("StopTransaction", {**STOP, "reason": "ev_disconnected"}, {**STOP, "reason": "EVDisconnected"}),
        ("StopTransaction", {**STOP, "transactionId": "7", "meterStop": "2000.4"}, STOP),
        ("StopTransaction", {**STOP, "meterStop": None}, {"transactionId": 7, "timestamp": AT}),
        ("StopTransaction", {**STOP, "meterStop": 10**18}, {"transactionId": 7, "timestamp": AT}),
        ("StopTransaction", {**STOP, "transactionData": "none"}, {**STOP, "transactionData": []}),
        ("StopTransaction", {}, {"transactionId": 0, "timestamp": ""}),
        ("DataTransfer", {"vendorId": "V", "data": {"a": 1}}, {"vendorId": "V", "data": '{"a":1}'}),
        ("FirmwareStatusNotification", {"status": "Rebooting"}, {"status": "Idle"}),
    ],
)  # fmt: skip
def test_message_of_16_is_read_as_it_was_meant(action, said, read):
    assert corrected(V16, action, said) == read


@pytest.mark.promise("O21")
@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
@pytest.mark.parametrize(
    ("action", "said", "read"),
    [
        ("TransactionEvent", {**EVENT, "evse": {"id": None}}, EVENT),
        ("TransactionEvent", {**EVENT, "evse": 2}, {**EVENT, "evse": {"id": 2}}),
        ("TransactionEvent", {**EVENT, "eventType": "ENDED", "triggerReason": "Odd"}, {**EVENT, "eventType": "Ended", "triggerReason": "Trigger"}),
        ("TransactionEvent", {**EVENT, "transactionInfo": {"transactionId": 12, "chargingState": "Odd"}}, {**EVENT, "transactionInfo": {"transactionId": "12"}}),
        ("TransactionEvent", {**EVENT, "transactionInfo": {"transactionId": "tx", "stoppedReason": "Odd"}}, {**EVENT, "transactionInfo": {"transactionId": "tx", "stoppedReason": "Other"}}),
        ("TransactionEvent", {**EVENT, "meterValue": [{"timestamp": AT, "sampledValue": [{"value": "1.5"}, {"value": "n/a"}]}]}, {**EVENT, "meterValue": [{"timestamp": AT, "sampledValue": [{"value": 1.5}]}]}),
        ("MeterValues", {"evseId": "1", "meterValue": {"timestamp": AT, "sampledValue": {"value": "3"}}}, {"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": [{"value": 3}]}]}),
        ("StatusNotification", {"evseId": 1, "connectorStatus": "Charging"}, {"evseId": 1, "connectorStatus": "Occupied", "connectorId": 1, "timestamp": ""}),
        ("BootNotification", {"chargingStation": {"model": "M", "vendorName": "V", "serialNumber": "s" * 26}, "reason": "Odd"}, {"chargingStation": {"model": "M", "vendorName": "V", "serialNumber": "s" * 25}, "reason": "Unknown"}),
        ("SecurityEventNotification", {"type": "T", "extra": 1}, {"type": "T", "timestamp": ""}),
    ],
)  # fmt: skip
def test_message_of_2_is_read_as_it_was_meant(version, action, said, read):
    assert corrected(version, action, said) == read


@pytest.mark.promise("O21")
@pytest.mark.parametrize(
    ("version", "action", "said", "lacks"),
    [
        (V16, "Authorize", {"idTag": None}, "idTag"),
        (V16, "MeterValues", {"meterValue": []}, "connectorId"),
        (V16, "StartTransaction", {"idTag": "T"}, "connectorId"),
        (V16, "StartTransaction", {"idTag": "T", "connectorId": "one"}, "connectorId"),
        (V16, "StatusNotification", {"connectorId": 1, "status": "Odd"}, "status"),
        (V201, "StatusNotification", {"evseId": 1}, "connectorStatus"),
        (V201, "Authorize", {"idToken": {"type": "Local"}}, "idToken.idToken"),
        (V201, "TransactionEvent", {**EVENT, "eventType": "Odd"}, "eventType"),
        (V201, "TransactionEvent", {**EVENT, "transactionInfo": {}}, "transactionInfo.transactionId"),
        (V201, "SignCertificate", {"csr": "x", "certificateType": "Odd"}, "certificateType"),
    ],
)
def test_what_a_handler_needs_is_never_guessed(version, action, said, lacks):
    with pytest.raises(tolerance.Lacking) as lacking:
        corrected(version, action, said)
    assert lacking.value.place == lacks


def test_two_long_cards_stay_two():
    first, second = (
        corrected(V16, "StopTransaction", {**STOP, "idTag": "x" * 40 + end})["idTag"] for end in "ab"
    )
    assert len(first) == len(second) == rules.LONGEST_IDENTIFIER
    assert first != second


def test_schedule_without_one_of_its_periods_is_no_schedule():
    """Another period's limit would be taken for its."""
    period = {"startPeriod": 0, "limit": 16}
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period, {"startPeriod": 60, "limit": "?"}],
    }
    answer = {"status": "Accepted", "chargingSchedule": schedule}
    assert tolerance.correct_answer("v16", "GetCompositeScheduleResponse", answer).payload == {
        "status": "Accepted"
    }


@pytest.mark.parametrize(
    ("schema", "said", "read"),
    [
        ("ClearCacheResponse", {"status": "accepted", "extra": 1}, {"status": "Accepted"}),
        ("GetConfigurationResponse", {"configurationKey": [{"key": "A", "readonly": "true", "value": 5}, {}], "unknownKey": None}, {"configurationKey": [{"key": "A", "readonly": True, "value": "5"}]}),
        ("GetCompositeScheduleResponse", {"status": "Accepted", "connectorId": "1", "chargingSchedule": {"chargingRateUnit": "a", "chargingSchedulePeriod": {"startPeriod": 0, "limit": "16.04"}}}, {"status": "Accepted", "connectorId": 1, "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}}),
        ("GetLocalListVersionResponse", {"listVersion": "3"}, {"listVersion": 3}),
    ],
)  # fmt: skip
def test_answer_is_read_as_it_was_meant(schema, said, read):
    assert tolerance.correct_answer("v16", schema, said).payload == read


@pytest.mark.promise("O11")
@pytest.mark.parametrize(
    "answer", [{}, {"status": None}, {"status": "Sure"}, {"status": ["Accepted", "Rejected"]}]
)
def test_verdict_of_an_answer_is_never_guessed(answer):
    with pytest.raises(tolerance.Lacking):
        tolerance.correct_answer("v16", "SetChargingProfileResponse", answer)


def test_corrections_say_where_how_and_how_often():
    said = metered(*[{"value": n, "unit": "kwh"} for n in range(3)], {"value": "1", "unit": "Hz"})
    corrections = tolerance.correct_call("v16", "MeterValues", "MeterValues", said).corrections
    assert [str(one) for one in corrections] == [
        "meterValue.sampledValue.value: made a text, 3 times",
        "meterValue.sampledValue.unit: read as a word of the schema (kwh), 3 times",
        "meterValue.sampledValue: an entry left out: can't be read",
    ]


def test_every_word_that_a_handler_reads_is_needed_or_has_a_neutral_one():
    unread = {"customData"}
    for version in VERSIONS:
        tables = rules.CALLS["v16" if version is V16 else "v2"]
        for action, mine in tables.items():
            if action not in version.handlers:
                continue
            places = [*_required_words(shape_of(version.package, version.request_schema(action)), "", unread)]
            for place in places:
                last = place.rpartition(".")[2]
                sure = {place, last} & (mine.needed | mine.neutral.keys())
                assert sure, (version.package, action, place)


def _required_words(shape, place, unread, depth=0):
    for name, inner in shape.properties.items():
        at = f"{place}.{name}" if place else name
        if name in unread or depth > 6:
            continue
        # Only what is reached by required objects: others are left out as a whole.
        if name in shape.required and inner.words:
            yield at
        if name in shape.required and inner.kind == "object":
            yield from _required_words(inner, at, unread, depth + 1)


ODD = st.sampled_from(
    [None, "", " ", "odd", "x" * 3_000, "12", "1.5e3", 0, 7, -1, 2.5, 1e300, 2**70, True, [], {}, [None], ["a", "b"], {"a": {"b": 1}}]
)  # fmt: skip


def _payloads(shape, depth=0):
    """What the schema has, with something odd in every fifth place and some places missing."""
    if depth > 6:
        return ODD
    if shape.kind == "object":
        inner = {
            name: _payloads(one, depth + 1) for name, one in shape.properties.items() if name != "customData"
        }
        required = {name: one for name, one in inner.items() if name in shape.required}
        optional = {name: one for name, one in inner.items() if name not in shape.required}
        made = st.fixed_dictionaries(required, optional=optional)
    elif shape.kind == "array" and shape.items is not None:
        made = st.lists(_payloads(shape.items, depth + 1), min_size=1, max_size=2)
    elif shape.words:
        made = st.sampled_from(sorted(shape.words.values()))
    else:
        made = {
            "integer": st.integers(0, 9),
            "number": st.floats(0, 99, width=16),
            "boolean": st.booleans(),
        }.get(shape.kind, st.sampled_from(["a", AT]))
    return st.one_of(made, made, made, made, ODD) if depth else made


ALLOWED_LEFT = {"required", "minItems", "maxLength"}


@pytest.mark.promise("O21")
@examples(400, suppress=list(HealthCheck))
@given(st.data())
def test_whatever_is_said_its_handler_reads_it_or_names_what_it_lacks(data):
    version = data.draw(st.sampled_from(VERSIONS))
    action = data.draw(st.sampled_from(sorted(version.handlers)))
    schema = version.request_schema(action)
    said = data.draw(_payloads(shape_of(version.package, schema)))
    if schemas.complaint(version.package, schema, said) is None:
        return
    try:
        read = tolerance.correct_call(version.package, action, schema, said).payload
    except tolerance.Lacking:
        return
    version.handlers[action].read(read, SOURCE, datetime.now(UTC))
    version.handlers[action].logs(read)
    for error in schemas.validator(version.package, schema).iter_errors(read):
        rule = next((step for step in reversed(error.schema_path) if isinstance(step, str)), "")
        assert rule in ALLOWED_LEFT, error
