"""Nasty frames, big frames, floods: the process and every other socket live, and only the specification's codes go out."""

import json
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from chargers.enums import Registration, SessionState
from chargers.models import ChargePoint, OcppMessage, Session
from chargers.ocpp import frames, schemas
from chargers.ocpp.sockets import throttle
from chargers.ocpp.v16 import V16
from tests.chargers.conftest import until
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory

CODES = {
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
}
START = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}
METER = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": "1"}]}],
}


def call(action, payload, unique_id="n"):
    return json.dumps([2, unique_id, action, payload])


def meter(**sampled):
    return call(
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": "x", "sampledValue": [{"value": "1", **sampled}]}]},
    )


NASTY = {
    "empty": "",
    "blank": "   ",
    "no json": "hello",
    "half": '[2,"1","Heartbeat",{}',
    "object": '{"a":1}',
    "number": "42",
    "null": "null",
    "text": '"Heartbeat"',
    "empty array": "[]",
    "type only": "[2]",
    "type and id": '[2,"1"]',
    "no payload": '[2,"1","Heartbeat"]',
    "too long": '[2,"1","Heartbeat",{},1]',
    "type is text": '["2","1","Heartbeat",{}]',
    "type is a fraction": '[2.5,"1","Heartbeat",{}]',
    "type is true": '[true,"1","Heartbeat",{}]',
    "type is nested": '[[2],"1","Heartbeat",{}]',
    "id is a number": '[2,1,"Heartbeat",{}]',
    "id is null": '[2,null,"Heartbeat",{}]',
    "id is an object": '[2,{},"Heartbeat",{}]',
    "id is empty": '[2,"","Heartbeat",{}]',
    "id is 37 long": call("Heartbeat", {}, "x" * 37),
    "id is 5,000 long": call("Heartbeat", {}, "x" * 5_000),
    "id with NUL": '[2,"a\\u0000b","Heartbeat",{}]',
    "action is a number": '[2,"1",5,{}]',
    "action is a list": '[2,"1",["Heartbeat"],{}]',
    "action is an object": '[2,"1",{"a":1},{}]',
    "action is null": '[2,"1",null,{}]',
    "action is empty": '[2,"1","",{}]',
    "action is a path": '[2,"1","../../etc/passwd",{}]',
    "action is an answer": '[2,"1","HeartbeatResponse",{}]',
    "payload is a list": '[2,"1","Heartbeat",[]]',
    "payload is null": '[2,"1","Heartbeat",null]',
    "payload is text": '[2,"1","Heartbeat","{}"]',
    "depth 5,000": "[" * 5_000,
    "depth 5,000 in a payload": '[2,"1","DataTransfer",{"vendorId":' + "[" * 5_000 + "]" * 5_000 + "}]",
    "5,000 digits": '[2,"1","Heartbeat",{"a":' + "9" * 5_000 + "}]",
    "20 digits": call("StartTransaction", {**START, "connectorId": 12345678901234567890}),
    "beyond int64": call("StartTransaction", {**START, "meterStart": 2**63 + 5}),
    "NaN": '[2,"1","Heartbeat",{"a":NaN}]',
    "infinity": '[2,"1","Heartbeat",{"a":1e999}]',
    "NUL in a text": '[2,"1","Authorize",{"idTag":"a\\u0000"}]',
    "NUL in a meter value": '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"\\u0000","sampledValue":[{"value":"1"}]}]}]',
    "lone surrogate": '[2,"1","Authorize",{"idTag":"\\ud800"}]',
    "raw control characters": '[2,"1","Authorize",{"idTag":"\x01\x02"}]',
    "binary": b"\x00\x01\x02",
    "binary json": b'[2,"1","Heartbeat",{}]',
    "value is a number": meter(value=5),
    "value is huge": meter(value="1e308"),
    "value is no number": meter(value="\t\\N\n"),
    "unknown unit": meter(unit="furlong"),
    "tab in the context": meter(context="a\tb"),
    "no time": call("StartTransaction", {**START, "timestamp": "soon"}),
    "year 0": call("StartTransaction", {**START, "timestamp": "0000-00-00T00:00:00Z"}),
    "year 1": call(
        "MeterValues",
        {**METER, "meterValue": [{**METER["meterValue"][0], "timestamp": "0001-01-01T00:00:00+23:00"}]},
    ),
    "negative connector": call("StartTransaction", {**START, "connectorId": -1}),
    "negative meter": call("StartTransaction", {**START, "meterStart": -(2**40)}),
    "no answer": '[3,"1"]',
    "answer of nothing": '[3,"nobody",{}]',
    "answer with a list": '[3,"nobody",[]]',
    "error of nothing": '[4,"nobody","X","",{}]',
    "error without a code": '[4,"nobody"]',
}


@pytest.mark.promise("O12")
def test_nasty_frames_leave_their_socket_and_every_other_one_alive(online, add_charger):
    other = add_charger(ConnectorFactory()).connect()
    for name, frame in NASTY.items():
        online.send(frame)
        unique_id = online.start_call("Heartbeat", {})
        answers = []
        while not answers or answers[-1][1] != unique_id:
            answers.append(online.next_answer())
        assert answers[-1][0] == 3, name
        refusals = [answer for answer in answers[:-1] if answer[0] == 4]
        assert {refusal[2] for refusal in refusals} <= CODES, name
        assert "InternalError" not in {refusal[2] for refusal in refusals}, name
    assert len(NASTY) >= 40
    assert "currentTime" in other.call("Heartbeat")


@pytest.mark.promise("O12")
def test_text_that_is_no_utf_8_costs_its_own_socket_only(online, add_charger):
    other = add_charger(ConnectorFactory()).connect()
    online.ws.socket.sendall(b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc")
    with pytest.raises(ConnectionClosed) as closing:
        online.listen(10)
    assert closing.value.rcvd.code == 1007
    assert "currentTime" in other.call("Heartbeat")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
actions = st.sampled_from(sorted(V16.handlers)) | st.text(max_size=10)


@pytest.mark.promise("O12")
@examples(1_000)
@given(
    st.tuples(
        st.sampled_from([2, 3, 4, 5, 6]) | json_values,
        st.text(max_size=40) | json_values,
        actions | json_values,
        json_values,
    )
    | st.lists(json_values, max_size=6)
)
def test_fuzzed_frame_is_parsed_or_refused_in_the_specifications_words(frame):
    try:
        parsed = frames.parse(json.dumps(frame))
        is_known = isinstance(parsed, frames.Call) and parsed.action in V16.handlers
        wrong = schemas.complaint("v16", parsed.action, parsed.payload) if is_known else None
    except frames.FrameError as refusal:
        code = V16.error_code(refusal.code)
    else:
        code = "GenericError" if wrong is None else wrong[0]
    assert code in CODES


@pytest.mark.promise("O13")
def test_frame_beyond_the_bound_closes_its_socket_with_1009(online, add_charger, settings):
    settings.OCPP_MAX_ACCEPTED_FRAME_BYTES = 200_000
    online.close()
    online.connect()
    other = add_charger(ConnectorFactory()).connect()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        online.send(call("DataTransfer", {"vendorId": "V", "data": "x" * 210_000}))
        with pytest.raises(ConnectionClosed) as closing:
            online.listen(10)
        assert closing.value.rcvd.code == 1009
        online.close()
        online.connect()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000
    assert "currentTime" in other.call("Heartbeat")


@pytest.mark.promise("O13")
@pytest.mark.parametrize("registration", [Registration.PENDING, Registration.REJECTED])
def test_frame_beyond_64_kib_of_who_is_not_accepted_closes_its_socket(charger, connector, registration):
    ChargePoint.objects.update(registration=registration)
    charger.connect()
    charger.send(call("DataTransfer", {"vendorId": "V", "data": "x" * 70_000}))
    with pytest.raises(ConnectionClosed) as closing:
        charger.listen(10)
    assert closing.value.rcvd.code == 1009


@pytest.mark.promise("O20")
@pytest.mark.parametrize("moments", [500, 8_000])
def test_end_with_a_whole_night_of_meter_values_is_taken(online, moments):
    transaction_id = online.start(meter_wh=0)["transactionId"]
    values = [{"value": "1", "unit": "Wh"}, {"value": "16.0", "unit": "A", "measurand": "Current.Import"}]
    data = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": values}] * moments
    assert online.stop(transaction_id, meter_wh=9_000, transactionData=data) == {}
    session = Session.objects.get()
    assert (session.state, session.energy_wh) == (SessionState.FINISHED, 9_000)
    message = until(lambda: OcppMessage.objects.filter(action="StopTransaction", direction="in").first())
    assert len(json.dumps(message.payload)) < 20_000


@pytest.mark.promise("O13")
def test_frame_of_just_under_64_kib_is_taken(online):
    answer = online.call("DataTransfer", {"vendorId": "V", "data": "x" * 65_000})
    assert answer == {"status": "UnknownVendorId"}


@pytest.mark.promise("O10")
def test_ten_thousand_unsolicited_answers_leave_nothing_behind(online, monkeypatch):
    monkeypatch.setattr(throttle, "FRAMES_PER_S", 1e9)
    online.call("Heartbeat")
    before_kb = _resident_kb()
    for n in range(10_000):
        online.send(f'[3,"{n}",{{"status":"Accepted","filler":"{"x" * 400}"}}]')
    assert "currentTime" in online.call("Heartbeat", wait_s=30)
    assert _resident_kb() - before_kb < 5_000


@pytest.mark.promise("O14")
def test_flood_of_one_charger_is_slowed_and_others_are_answered_at_once(online, add_charger, monkeypatch):
    monkeypatch.setattr(throttle, "FRAMES_BURST", 50.0)
    monkeypatch.setattr(throttle, "FRAMES_PER_S", 10.0)
    online.close()
    online.connect()
    others = [add_charger(ConnectorFactory()).connect() for _ in range(5)]
    began_s = time.monotonic()
    for _ in range(500):
        online.start_call(
            "StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
        )
    for other in others * 4:
        asked_s = time.monotonic()
        other.status("Available")
        # Behind the flood it would wait for three quarters of a minute.
        assert time.monotonic() - asked_s < 10
    for answered in range(1, 71):
        online.next_answer()
        assert answered <= 50 + 10 * (time.monotonic() - began_s)


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
