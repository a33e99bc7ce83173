"""From a row to the wire and back: order, outcomes, time-outs, lost nudges."""

import json
import time
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from channels.layers import channel_layers
from django.db import transaction
from websockets.exceptions import ConnectionClosed

from chargers.domain.limits import limits
from chargers.domain.orders import commands
from chargers.domain.sockets import keys
from chargers.enums import CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.ocpp.sockets import switchboard
from chargers.orders.charging import SetLimit
from chargers.orders.trust import ClearCache
from chargers.orders.upkeep import ReadConfiguration, Trigger
from evbalancer.common import topics
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import CallFailed, Charger, until

CLEAR_CACHE = ClearCache()


@pytest.fixture
def queue(connector):
    def queue(order=CLEAR_CACHE, **more):
        return commands.queue_command(connector.charge_point, order, by="test", now=datetime.now(UTC), **more)

    return queue


def state_of(command) -> str:
    return ChargerCommand.objects.get(pk=command.pk).state


def settled(command):
    until(lambda: state_of(command) not in {CommandState.QUEUED, CommandState.SENT})
    return ChargerCommand.objects.get(pk=command.pk)


@pytest.fixture
def session(online, connector) -> Session:
    online.start()
    return Session.objects.get()


def test_limit_reaches_the_charger_and_its_answer_the_connector(online, connector, session):
    connector.refresh_from_db()
    with transaction.atomic():
        command = limits.queue_limit(connector, session, limit_ma=13_250, now=datetime.now(UTC))
    asked = online.expect("SetChargingProfile")
    profile = asked["csChargingProfiles"]
    assert (asked["connectorId"], profile["transactionId"]) == (1, session.transaction_id)
    assert (profile["chargingProfilePurpose"], profile["chargingProfileKind"]) == ("TxProfile", "Absolute")
    assert profile["chargingSchedule"]["chargingRateUnit"] == "A"
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 13.2}]
    assert settled(command).state == CommandState.ACCEPTED
    connector.refresh_from_db()
    assert connector.confirmed_ma == 13_250


@pytest.mark.parametrize("word", ["Rejected", "NotSupported"])
def test_limit_that_is_refused_is_not_confirmed(online, connector, session, word):
    online.answers["SetChargingProfile"] = {"status": word}
    connector.refresh_from_db()
    with transaction.atomic():
        command = limits.queue_limit(connector, session, limit_ma=8_000, now=datetime.now(UTC))
    online.expect("SetChargingProfile")
    row = settled(command)
    assert (row.state, row.error, row.result) == (CommandState.REJECTED, word, {"status": word})
    connector.refresh_from_db()
    assert connector.confirmed_ma is None


@pytest.mark.promise("O11")
def test_error_answer_is_never_a_success(online, queue):
    online.answers["ClearCache"] = CallFailed("InternalError", "")
    command = queue()
    online.expect("ClearCache")
    row = settled(command)
    assert (row.state, row.error, row.result) == (CommandState.ERROR, "InternalError: ", None)


@pytest.mark.promise("O11")
def test_malformed_answer_is_an_error(online, queue):
    online.answers["ClearCache"] = {"status": "Sure"}
    command = queue()
    online.expect("ClearCache")
    assert settled(command).state == CommandState.ERROR


@pytest.mark.promise("O10")
@pytest.mark.promise("E4")
def asked(charger, action: str) -> str:
    """The id of the server's next call of that action; the test answers it itself."""
    while (frame := charger.receive())[0] != 2 or frame[2] != action:
        pass
    return frame[1]


ODD_ANSWERS = {
    "error of an id alone": (["id"], 4),
    "error without words": (["id", None, None, None], 4),
    "error with a number for a code": (["id", 17, "too busy"], 4),
    "error with details for a code": (["id", {"code": 17}], 4),
    "error with a NUL": (["id", "Generic\0Error", "bu\0sy", {}], 4),
    "error whose type is a text": (["id", "GenericError"], "4"),
    "error of an unknown type": (["id", "InternalError", "", {}], 5),
    "error whose type is a word": (["id", "InternalError"], "CALLERROR"),
    "error without a type": (["id"], None),
    "result of an id alone": (["id"], 3),
    "result that is null": (["id", None], 3),
    "result that is a list": (["id", [{"status": "Accepted"}]], 3),
    "result that is a text": (["id", "Accepted"], 3),
    "result that is a number": (["id", 0], 3),
    "result with a NUL": (["id", {"status": "Accepted", "why": "\0"}], 3),
    "result of another shape": (["id", {"state": "Accepted"}], 3),
}


@pytest.mark.promise("O11")
@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_odd_answer_ends_the_call_at_once_and_proves_nothing(charger, queue, subprotocol, name):
    rest, kind = ODD_ANSWERS[name]
    charger.connect(subprotocols=[subprotocol]).call("Heartbeat")
    command = queue()
    unique_id = asked(charger, "ClearCache")
    charger.send(json.dumps([kind, unique_id, *rest[1:]]))
    command = settled(command)
    # Long before the thirty seconds that a silent charge point has.
    assert (command.answered_at - command.sent_at).total_seconds() < 15
    assert command.state == CommandState.ERROR
    assert command.error
    assert "\0" not in command.error


BROKEN_ANSWERS = [
    '[4,"ID","NotSupported","",{}',
    '[4,"ID",NotSupported]',
    "[4,'ID']",
    '\ufeff[4,"ID"]',
    '[4,"ID"]\0',
    '[4,"ID","a\1b"]',
    '[4,"ID","X","bad \\ud800"]',
    '[3,"ID",{"status":"Accepted","more":NaN}]',
    '["3","ID",{"status":"Accepted"',
    '[4,"{ID}"]',
]


@pytest.mark.promise("O11")
@pytest.mark.parametrize("frame", BROKEN_ANSWERS)
def test_answer_that_is_no_json_ends_its_call_at_once_and_proves_nothing(charger, queue, frame):
    charger.connect().call("Heartbeat")
    command = queue()
    charger.send(frame.replace("ID", asked(charger, "ClearCache").upper()))
    command = settled(command)
    assert (command.answered_at - command.sent_at).total_seconds() < 15
    assert command.state == CommandState.ERROR
    assert command.error
    assert "\0" not in command.error


@pytest.mark.parametrize("rest", [[], [None], [{}], [[]], [{}, "more"]])
def test_answer_without_anything_is_taken_where_nothing_needs_to_be_said(charger, queue, rest):
    charger.connect().call("Heartbeat")
    command = queue(ReadConfiguration(keys=("HeartbeatInterval",)))
    charger.send(json.dumps([3, asked(charger, "GetConfiguration"), *rest]))
    assert settled(command).state == CommandState.ACCEPTED


def test_call_without_an_answer_is_unknown_and_its_late_answer_is_ignored(online, queue, settings):
    settings.OCPP_CALL_TIMEOUT_S = 0.3
    online.answers["ClearCache"] = None
    command = queue()
    online.expect("ClearCache")
    assert settled(command).state == CommandState.UNKNOWN
    online.send(json.dumps([3, "who knows", {"status": "Accepted"}]))
    online.answers["ClearCache"] = {"status": "Accepted"}
    again = queue()
    online.expect("ClearCache")
    assert settled(again).state == CommandState.ACCEPTED
    assert state_of(command) == CommandState.UNKNOWN


def test_limit_without_its_transactions_id_is_not_sent(online, queue, connector):
    """Field case 15."""
    command = queue(SetLimit(limit_ma=6_000), connector=connector)
    row = settled(command)
    assert row.state == CommandState.REJECTED
    assert row.error.startswith("Not sent")


@pytest.mark.promise("O6")
def test_one_call_at_a_time_is_outstanding(online, queue):
    outstanding = []
    most = []

    def answer(payload):
        outstanding.append(payload)
        most.append(len(outstanding))
        outstanding.pop()
        return {"status": "Accepted"}

    online.answers["ClearCache"] = None
    for _ in range(10):
        queue()
    frame = online.receive()
    with pytest.raises(TimeoutError):
        online.receive(0.3)
    online.answers["ClearCache"] = answer
    online._answer(frame)
    online.calls.clear()
    for _ in range(9):
        online.expect("ClearCache")
    assert online.calls == []
    assert set(most) == {1}


@pytest.mark.promise("O7")
def test_command_is_answered_while_frames_of_the_charger_pour_in(online, queue):
    began_s = time.monotonic()
    ids = {
        online.start_call(
            "StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
        )
        for _ in range(50)
    }
    command = queue(Trigger(message="Heartbeat"))
    answered = set()
    while answered != ids or state_of(command) != CommandState.ACCEPTED:
        frame = online.receive()
        if frame[0] == 2:
            online._answer(frame)
        else:
            answered.add(frame[1])
        if answered == ids:
            online.listen(0.05)
            break
    assert settled(command).state == CommandState.ACCEPTED
    # Behind an answer that never comes it would wait for thirty.
    assert time.monotonic() - began_s < 10


def test_command_queued_while_offline_is_sent_after_the_connect(charger, queue):
    command = queue()
    charger.connect()
    charger.expect("ClearCache")
    assert settled(command).state == CommandState.ACCEPTED


@pytest.mark.promise("R2")
def test_command_whose_nudge_was_lost_arrives_all_the_same(online, queue, monkeypatch):
    monkeypatch.setattr(topics, "_send", Mock())
    for _ in range(3):
        queue()
    last = queue()
    for _ in range(4):
        online.expect("ClearCache")
    assert settled(last).state == CommandState.ACCEPTED


@pytest.mark.promise("R2")
def test_latest_limit_is_applied_after_hundreds_were_lost(online, connector, session, monkeypatch):
    monkeypatch.setattr(topics, "_send", Mock())
    connector.refresh_from_db()
    for n in range(100):
        with transaction.atomic():
            limits.queue_limit(connector, session, limit_ma=6_000 + 10 * n, now=datetime.now(UTC))
    confirmed = Connector.objects.filter(pk=connector.pk, confirmed_ma=6_990)
    until(lambda: online.listen(0.1) or confirmed.exists())
    assert sum(action == "SetChargingProfile" for action, _ in online.calls) < 20


@pytest.mark.promise("R1")
def test_nudges_arrive_after_the_layer_forgot_its_members(start_endpoint, connector, monkeypatch):
    monkeypatch.setattr(channel_layers["default"], "group_expiry", 1)
    monkeypatch.setattr(switchboard, "POLL_S", 3_600)
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    charger = Charger(f"ws://127.0.0.1:{start_endpoint().port}", connector.charge_point.identity, key)
    charger.connect().call("Heartbeat")
    charger.listen(3)
    commands.queue_command(connector.charge_point, ClearCache(), by="test", now=datetime.now(UTC))
    charger.expect("ClearCache")
    charger.close()


@pytest.mark.promise("O8")
def test_newest_socket_wins_and_the_old_one_is_closed_at_once(charger, add_charger, connector, queue):
    charger.connect().call("Heartbeat")
    charger.answers["ClearCache"] = None
    command = queue()
    charger.expect("ClearCache")
    newer = type(charger)(charger.url, charger.identity, charger.key).connect()
    began_s = time.monotonic()
    with pytest.raises(ConnectionClosed):
        charger.listen(10)
    # Long before its missing pings would have told.
    assert time.monotonic() - began_s < 10
    assert settled(command).state == CommandState.UNKNOWN
    newer.call("Heartbeat")
    assert ChargePoint.objects.get().connection_id is not None
    newer.close()


@pytest.mark.promise("O8")
def test_hundred_flaps_leave_the_last_socket_online(charger):
    newest = charger.connect()
    for _ in range(100):
        older, newest = newest, type(charger)(charger.url, charger.identity, charger.key).connect()
        older.ws.socket.close()
    assert "currentTime" in newest.call("Heartbeat")
    time.sleep(0.3)
    station = ChargePoint.objects.get()
    assert station.connection_id is not None
    assert station.online_until > datetime.now(UTC)
    newest.close()


def test_key_that_is_replaced_at_once_closes_the_socket_that_it_opened(charger, connector):
    charger.connect().call("Heartbeat")
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    assert ChargePoint.objects.get().connection_id is None
    with pytest.raises(ConnectionClosed) as closed:
        charger.receive()
    assert closed.value.rcvd.code == 1008
    charger.close()
    charger.connect(key=key).call("Heartbeat")
