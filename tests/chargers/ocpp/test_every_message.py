"""Every message that a charge point may send is answered as its version words it, whether it says little or much."""

import json

import pytest

from chargers.enums import CommandKind, CommandState, MessageDirection, OcppVersion
from chargers.models import ChargerCommand, OcppMessage
from chargers.ocpp import schemas
from chargers.ocpp.sockets.consumer import VERSIONS
from tests.chargers.conftest import Charger, until
from tests.chargers.ocpp.examples import example
from tests.chargers.ocpp.station import set_all

BOOT_16 = {"chargePointVendor": "Hand", "chargePointModel": "Typed"}
BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Hand", "model": "Typed"}}
# Where the specification leaves a choice to us: there is no mobility operator, no vendor and no payment behind this server.
STATUSES = {
    "DataTransfer": "UnknownVendorId",
    "Get15118EVCertificate": "Failed",
    "GetCertificateStatus": "Failed",
    "OpenPeriodicEventStream": "Rejected",
    "PullDynamicScheduleUpdate": "Rejected",
    "SignCertificate": "Rejected",  # what the example signs is no request
    "VatNumberValidation": "Rejected",
}
# The codes of what is no call, and of a payload that is no object.
IN_2 = ("RpcFrameworkError", "FormatViolation")
IN_16 = ("FormationViolation", "FormationViolation")
METER = {"timestamp": "2026-11-30T09:00:00Z", "sampledValue": [{"value": 1}]}


def connect(charger: Charger, version: OcppVersion) -> Charger:
    charger.answers["SetVariables"] = set_all
    charger.connect(subprotocols=(version.value,))
    boot = BOOT_16 if version == OcppVersion.V16 else BOOT_2
    assert charger.call("BootNotification", boot)["status"] == "Accepted"
    return charger


def refusal_of(charger: Charger, frame: str) -> tuple[str, str]:
    """The message id and the code of the error that answers it."""
    charger.send(frame)
    kind, unique_id, code, *_ = charger.next_answer()
    assert kind == 4
    return unique_id, code


@pytest.mark.parametrize("name", OcppVersion)
def test_every_message_of_a_station_is_answered(charger, connector, name):
    version = VERSIONS[name]
    connect(charger, name)
    for action in sorted(version.handlers):
        for is_full in (False, True):
            said = example(version.package, version.request_schema(action), is_full=is_full)
            answer = charger.call(action, said)
            schema = version.response_schema(action)
            assert schemas.complaint(version.package, schema, answer) is None, (action, answer)
            if action in STATUSES:
                assert answer["status"] == STATUSES[action]


@pytest.mark.parametrize("name", OcppVersion)
def test_frame_is_refused_in_the_words_of_its_version(charger, connector, name):
    connect(charger, name)
    no_frame, no_payload = IN_16 if name == OcppVersion.V16 else IN_2
    long = "x" * 37
    assert refusal_of(charger, "[2,") == ("-1", no_frame)
    assert refusal_of(charger, "{}") == ("-1", no_frame)
    assert refusal_of(charger, '[2,7,"Heartbeat",{}]') == ("-1", no_frame)
    assert refusal_of(charger, f'[2,"{long}","Heartbeat",{{}}]') == (long, no_frame)
    assert refusal_of(charger, '[2,"a","Heartbeat",5]') == ("a", no_payload)
    assert refusal_of(charger, '[2,"b","Dance",{}]') == ("b", "NotImplemented")
    assert refusal_of(charger, '[2,"c","Reset",{}]') == ("c", "NotSupported")
    assert refusal_of(charger, '[2,"d","MeterValues",{}]') == ("d", "ProtocolError")


@pytest.mark.parametrize("name", [OcppVersion.V201, OcppVersion.V21])
def test_payload_is_refused_by_what_is_wrong_with_it(charger, connector, name):
    connect(charger, name)

    def code(action: str, payload: dict) -> str:
        return refusal_of(charger, json.dumps([2, "x", action, payload]))[1]

    assert code("MeterValues", {"evseId": {}, "meterValue": [METER]}) == "TypeConstraintViolation"
    status = {"timestamp": METER["timestamp"], "evseId": 1, "connectorId": 1, "connectorStatus": "Flying"}
    assert code("StatusNotification", status) == "PropertyConstraintViolation"


@pytest.mark.parametrize("name", OcppVersion)
def test_repeated_message_id_is_answered_again(charger, connector, name):
    connect(charger, name)
    for _ in range(2):
        charger.send('[2,"again","Heartbeat",{}]')
        assert charger.next_answer()[:2] == [3, "again"]


@pytest.mark.parametrize("name", OcppVersion)
def test_frame_of_an_unknown_type_is_passed_over(charger, connector, name):
    connect(charger, name)
    for kind in (0, 1, 5, 6, 7, "x", None):
        charger.send(json.dumps([kind, "odd", "Heartbeat", {}]))
    charger.send('[2,"next","Heartbeat",{}]')
    assert charger.next_answer()[:2] == [3, "next"]


def test_message_that_nobody_confirms_is_in_the_log(charger, connector):
    connect(charger, OcppVersion.V21)
    stream = {"id": 1, "pending": 0, "basetime": METER["timestamp"], "data": [{"t": 0.5, "v": "16"}]}
    charger.send(json.dumps([6, "s-1", "NotifyPeriodicEventStream", stream]))
    charger.send(json.dumps([5, "r-1", "FormatViolation", "What?", {}]))
    assert "currentTime" in charger.call("Heartbeat")
    told = until(lambda: OcppMessage.objects.filter(unique_id="s-1").first())
    assert (told.action, told.payload, told.direction) == (
        "NotifyPeriodicEventStream",
        stream,
        MessageDirection.IN,
    )
    wrong = until(lambda: OcppMessage.objects.filter(unique_id="r-1").first())
    assert (wrong.action, wrong.error) == ("CallResultError", "FormatViolation: What?")


def test_answer_that_can_not_be_read_is_answered_with_an_error_of_its_own(charger, connector):
    charger.answers["GetCompositeSchedule"] = {"status": "Perhaps"}
    connect(charger, OcppVersion.V21)
    ids = {}
    while (frame := charger.receive())[0] != 5 or ids[frame[1]] != "GetCompositeSchedule":
        if frame[0] == 2:
            ids[frame[1]] = frame[2]
            charger._answer(frame)
    assert frame[2] == "PropertyConstraintViolation"
    asked = ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT)
    assert until(lambda: asked.filter(state=CommandState.ERROR).exists())
