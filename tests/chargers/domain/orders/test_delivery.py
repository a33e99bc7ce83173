"""From a queued command to its outcome: claimed once, the most urgent first, and answered once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from chargers.domain.orders import commands, delivery, listeners
from chargers.domain.orders.listeners import Listener
from chargers.domain.sockets import connections
from chargers.enums import CommandKind, CommandState, Registration
from chargers.models import ChargePoint, ChargerCommand, Connector
from chargers.orders.charging import ClearLimits, ReadLimit, RemoteStart, SetFallback, SetLimit
from chargers.orders.trust import ClearCache
from chargers.orders.upkeep import ChangeConfiguration, Reset
from chargers.orders.words import Purpose, ResetKind
from chargers.reports.sockets import Hangup
from tests.factories.chargers import ConnectorFactory

SOFT_RESET = Reset(reset_kind=ResetKind.SOFT)
CHANGE = ChangeConfiguration(key="HeartbeatInterval", value="60")


@pytest.mark.django_db
def test_many_sockets_are_handed_their_commands_in_a_few_queries(now, django_assert_max_num_queries):
    connectors = ConnectorFactory.create_batch(5)
    for connector in connectors:
        ChargePoint.objects.filter(pk=connector.charge_point_id).update(connection_id=connector.pk)
        commands.queue_command(connector.charge_point, ClearCache(), by="test", now=now)
        commands.queue_command(
            connector.charge_point,
            SetLimit(limit_ma=6_000, transaction_id=1),
            by="test",
            now=now,
            connector=connector,
        )
    sockets = {connector.pk: connector.charge_point_id for connector in connectors}
    stranger = uuid4()
    with django_assert_max_num_queries(8 if connection.vendor == "sqlite" else 4):
        claimed = delivery.claim_all({**sockets, stranger: connectors[0].charge_point_id}, now=now)
    assert {command.charge_point_id for command in claimed.values()} == set(sockets.values())
    assert claimed.keys() == sockets.keys()
    states = ChargerCommand.objects.values_list("state", flat=True)
    assert sorted(states) == [CommandState.QUEUED] * 5 + [CommandState.SENT] * 5
    again = delivery.claim_all(sockets, now=now)
    assert {command.pk for command in again.values()}.isdisjoint(command.pk for command in claimed.values())
    assert set(Connector.objects.values_list("limit_writes", flat=True)) == {1}


def test_defaults_and_cuts_are_claimed_before_older_wishes(queue, connector, claim, now):
    connector.confirmed_ma = 16_000
    connector.save()
    wish = queue(SOFT_RESET)
    cut = queue(SetLimit(limit_ma=6_000), now + timedelta(seconds=1), connector=connector)
    fallback = queue(SetFallback(limit_ma=0), now + timedelta(seconds=2))
    assert [claim(), claim(), claim(), claim()] == [fallback, cut, wish, None]


def test_what_is_granted_is_read_after_all_that_was_queued_with_it(queue, connector, claim):
    queue(ReadLimit(), connector=connector)
    for level in (1, 2):
        queue(ClearLimits(purpose=Purpose.TRANSACTION, stack_level=level))
    kinds = [claim().kind for _ in range(3)]
    assert kinds == [CommandKind.CLEAR_LIMITS, CommandKind.CLEAR_LIMITS, CommandKind.READ_LIMIT]


def test_commands_of_one_moment_go_in_the_order_in_which_they_were_queued(queue, claim):
    queued = [queue(CHANGE).pk for _ in range(20)]
    assert [claim().pk for _ in queued] == queued


def test_command_is_claimed_once(queue, claim):
    queue()
    assert claim() is not None
    assert claim() is None


def test_socket_that_was_replaced_claims_nothing(queue, charge_point, now):
    queue()
    assert delivery.claim_all({uuid4(): charge_point.pk}, now=now) == {}


def test_expired_command_is_not_sent(queue, claim, now):
    command = queue(expires_s=10)
    assert claim(now + timedelta(seconds=10)) is None
    assert delivery.expire_unsent(now=now + timedelta(seconds=10)) == 1
    command.refresh_from_db()
    assert command.state == CommandState.EXPIRED


@pytest.mark.promise("O16")
def test_pending_charge_point_is_configured_but_starts_nothing(queue, claim, charge_point):
    ChargePoint.objects.update(registration=Registration.PENDING)
    queue(RemoteStart(id_tag="TAG"))
    configure = queue(CHANGE)
    assert [claim(), claim()] == [configure, None]


@pytest.mark.promise("O16")
def test_rejected_charge_point_is_sent_nothing(queue, claim):
    ChargePoint.objects.update(registration=Registration.REJECTED)
    queue()
    assert claim() is None


def test_answer_is_recorded_once_and_told(queue, claim, now, monkeypatch):
    told = []
    command = queue()
    listener = Listener(command.kind, lambda command, **_: told.append((command.pk, command.state)))
    monkeypatch.setattr(listeners, "_listeners", [listener])
    claim()
    assert delivery.record_answer(
        command.pk, state=CommandState.ACCEPTED, now=now, result={"status": "Accepted"}
    )
    assert not delivery.record_answer(command.pk, state=CommandState.REJECTED, now=now)
    command.refresh_from_db()
    assert (command.state, command.result, command.answered_at) == (
        CommandState.ACCEPTED,
        {"status": "Accepted"},
        now,
    )
    assert told == [(command.pk, CommandState.ACCEPTED)]


def test_answer_to_what_was_never_sent_is_refused(queue, now):
    assert not delivery.record_answer(queue().pk, state=CommandState.ACCEPTED, now=now)


@pytest.mark.promise("E4")
def test_limit_that_was_on_the_wire_when_the_socket_died_stays_reserved(queue, connector, claim, source, now):
    connector.fallback_ma = 0
    connector.save()
    command = queue(SetLimit(limit_ma=14_000), connector=connector)
    claim()
    connections.hang_up([Hangup(source=source, received_at=now)], now=now)
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN
