import json

import pytest

from evbalancer.life.dialects import DIALECTS, bender

REGISTER = {"measurand": "Energy.Active.Import.Register", "value": "500", "context": "Sample.Periodic"}
CURRENT = {"measurand": "Current.Import", "value": "16.0"}


def said(names, action, payload, bend=None):
    """The payload as a charge point with these dialects sends it."""
    return json.loads((bend or bender(names))(json.dumps([2, "1", action, payload])))[3]


def values(*sampled):
    moment = {"timestamp": "2026-03-22T15:00:00Z", "sampledValue": [dict(each) for each in sampled]}
    return {"connectorId": 1, "transactionId": 7, "meterValue": [moment]}


def sampled(payload):
    return payload["meterValue"][0]["sampledValue"]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("no_current", [REGISTER]),
        ("register_alone", [REGISTER]),
        ("register_on_l1", [REGISTER | {"phase": "L1"}, CURRENT]),
        ("long_words", [REGISTER, CURRENT, {"value": "50.0", "measurand": "Frequency", "unit": "Hz"}]),
    ],
)
def test_meter_values_are_said_otherwise(name, left):
    assert sampled(said([name], "MeterValues", values(REGISTER, CURRENT))) == left


def test_register_of_the_begin_follows_that_of_now():
    bend = bender(["begin_follows"])
    begin = REGISTER | {"value": "100", "context": "Transaction.Begin"}
    info = {"transactionInfo": {"transactionId": "u"}}
    said([], "TransactionEvent", values(begin) | info | {"eventType": "Started"}, bend)
    told = sampled(said([], "TransactionEvent", values(REGISTER) | info | {"eventType": "Updated"}, bend))
    assert [(each["value"], each["context"]) for each in told] == [
        ("500", "Sample.Periodic"),
        ("100", "Transaction.Begin"),
    ]


@pytest.mark.parametrize(("event", "is_metered"), [("Started", True), ("Updated", False), ("Ended", True)])
def test_meter_is_read_at_both_ends_alone(event, is_metered):
    told = said(["metered_at_ends"], "TransactionEvent", values(REGISTER) | {"eventType": event})
    assert ("meterValue" in told) == is_metered


def test_transaction_is_zero():
    assert said(["transaction_zero"], "MeterValues", values(REGISTER))["transactionId"] == 0


def test_evse_is_told_by_the_second_event():
    bend = bender(["late_evse"])
    info = {"transactionInfo": {"transactionId": "u"}, "seqNo": 0}
    first = said([], "TransactionEvent", {**info, "eventType": "Started", "evse": {"id": 1}}, bend)
    second = said([], "TransactionEvent", {**info, "eventType": "Updated"}, bend)
    assert ("evse" in first, second["evse"]) == (False, {"id": 1})


def test_words_are_longer_than_they_may_be():
    boot = said(["long_words"], "BootNotification", {"chargePointSerialNumber": "A1"})
    stop = said(["long_words"], "StopTransaction", {"reason": "Local", "idTag": "TAG"})
    assert (len(boot["chargePointSerialNumber"]), len(stop["idTag"])) == (26, 22)
    assert (stop["reason"], "disconnectReason" in stop) == ("ByUser", True)


def test_register_of_the_end_is_the_highest_number():
    assert said(["highest_stop"], "StopTransaction", {"meterStop": 5})["meterStop"] == 2_147_483_647


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_answers_stay_as_they_are(name):
    answer = json.dumps([3, "1", {"status": "Accepted"}])
    assert bender([name])(answer) == answer
