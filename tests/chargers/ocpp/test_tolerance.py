"""Messages that their schema refuses, on the wire: taken where they can be, kept in the log where not, and counted."""

import json

import pytest

from chargers.enums import SessionState
from chargers.models import ChargePoint, MakeCorrection, OcppMessage, OrphanMessage, Session
from tests.chargers.conftest import CallFailed, until, utc_now
from tests.chargers.ocpp.station import Station


def logged(**wanted):
    return until(lambda: OcppMessage.objects.filter(**wanted).first())


@pytest.mark.promise("O21")
def test_boot_with_a_long_serial_number_is_accepted_and_counted_for_its_make(charger):
    charger.connect()
    answer = charger.boot(chargePointSerialNumber="S" * 26, color="red")
    assert answer["status"] == "Accepted"
    assert ChargePoint.objects.get().serial_number == "S" * 25
    message = logged(action="BootNotification", direction="in")
    assert message.payload["chargePointSerialNumber"] == "S" * 26
    assert message.corrections == ["chargePointSerialNumber: cut", "color: left out: not in the schema"]
    until(lambda: MakeCorrection.objects.count() == 2)
    counted = MakeCorrection.objects.get(place="color")
    assert (str(counted.make), counted.action, counted.count) == ("Hand Typed", "BootNotification", 1)


@pytest.mark.promise("O21")
def test_meter_values_beside_one_that_cannot_be_read_are_metered_and_the_habit_is_logged_once(online):
    transaction_id = online.start()["transactionId"]
    for wh in (1_500, 1_600):
        values = [{"value": str(wh), "unit": "Wh"}, {"value": "50.0", "unit": "Hz", "measurand": "Frequency"}]
        moment = {"timestamp": utc_now(), "sampledValue": values}
        online.call(
            "MeterValues", {"connectorId": 1, "transactionId": transaction_id, "meterValue": [moment]}
        )
    until(lambda: Session.objects.filter(energy_wh=600).exists())
    until(lambda: MakeCorrection.objects.filter(count=2).exists())
    assert OcppMessage.objects.filter(action="MeterValues").count() == 1


@pytest.mark.promise("O20")
@pytest.mark.parametrize(
    "more",
    [
        {"idTag": "T" * 22},
        {"disconnectReason": "unplugged"},
        {"reason": "Finished"},
        {"transactionData": None},
        {"transactionData": [{"timestamp": 5, "sampledValue": [{"value": {}}]}]},
        {"meterStop": None},
        {"meterStop": "2000"},
        {"meterStop": 10**17},
        {"timestamp": 1_700_000_000},
        {"timestamp": None},
    ],
    ids=str,
)
def test_end_of_a_transaction_is_taken_whatever_its_side_fields_say(online, more):
    transaction_id = online.start()["transactionId"]
    payload = {"transactionId": transaction_id, "meterStop": 2_000, "timestamp": utc_now(), **more}
    online.call("StopTransaction", payload)
    assert Session.objects.get().state in {SessionState.FINISHED, SessionState.ENDED}


@pytest.mark.promise("O20")
def test_end_of_a_transaction_of_2_is_taken_whatever_its_side_fields_say(charger):
    station = Station(charger).connect()
    station.boot()
    station.event("Started", 0, token="TAG")
    payload = {
        "eventType": "ended",
        "timestamp": None,
        "triggerReason": "Odd",
        "seqNo": "1",
        "transactionInfo": {"transactionId": "tx-1", "stoppedReason": "Odd", "extra": 1},
        "meterValue": [{"timestamp": utc_now(), "sampledValue": [{"value": "?"}]}],
    }
    assert station.call("TransactionEvent", payload) == {}
    assert Session.objects.get().state in {SessionState.FINISHED, SessionState.ENDED}


@pytest.mark.promise("O20")
@pytest.mark.promise("O21")
def test_end_that_names_no_transaction_is_confirmed_and_kept_aside(online, charger):
    assert online.call("StopTransaction", {"meterStop": 5}) == {}
    assert OrphanMessage.objects.get().payload["meterStop"] == 5
    online.close()
    station = Station(charger).connect()
    station.boot()
    assert station.call("TransactionEvent", {"eventType": "Ended", "seqNo": 3}) == {}
    assert OrphanMessage.objects.filter(payload__seqNo=3).exists()


@pytest.mark.promise("O21")
def test_refused_call_is_in_the_log_with_its_action_and_its_payload_without_secrets(online):
    refused = {"status": "Strange", "connectorId": 1, "errorCode": "NoError", "wifiPassword": "hunter2"}
    with pytest.raises(CallFailed) as failed:
        online.call("StatusNotification", refused)
    assert failed.value.code == "PropertyConstraintViolation"
    message = logged(action="StatusNotification", error__startswith="Property")
    assert message.payload == {**refused, "wifiPassword": "…"}
    with pytest.raises(CallFailed):
        online.call("Marry", {"whom": "nobody"})
    assert logged(action="Marry").payload == {"whom": "nobody"}
    with pytest.raises(CallFailed):
        online.call("Authorize", {"idTag": "a\0b"})
    assert logged(action="Authorize").payload == {"idTag": "a\ufffdb"}


def test_frame_that_is_no_call_is_in_the_log_with_its_beginning(online):
    online.send('{"key": "BasicAuthPassword", "password": "hunter2", "a": 1}')
    assert online.next_answer()[0] == 4
    shown = logged(action="?").payload["frame"]
    assert '"a": 1' in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    "frame",
    ['[2,"x","Heartbeat"]', '[2,"x","Heartbeat",null]', '[2,"x","Heartbeat",[]]', '["2","x","Heartbeat"]'],
)
def test_payload_that_was_left_out_is_an_empty_one(online, frame):
    online.send(frame)
    assert online.next_answer()[:2] == [3, "x"]


def test_long_message_is_shortened_in_the_log(online):
    online.call("DataTransfer", {"vendorId": "V", "data": "x" * 60_000, "extra": list(range(500))})
    message = logged(action="DataTransfer", direction="in")
    assert len(message.payload["data"]) < 7_000
    assert len(json.dumps(message.payload)) < 10_000
