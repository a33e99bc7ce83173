"""Commands are queued as rows, each once, and the newest limit of a connector alone."""

from chargers.enums import CommandState
from chargers.models import ChargerCommand
from chargers.orders.charging import SetLimit
from chargers.orders.upkeep import Reset
from chargers.orders.words import ResetKind

SOFT_RESET = Reset(reset_kind=ResetKind.SOFT)


def test_repeated_idempotency_key_is_one_command(queue):
    first = queue(idempotency_key="once")
    assert queue(SOFT_RESET, idempotency_key="once") == first
    assert ChargerCommand.objects.count() == 1


def test_new_limit_supersedes_the_unsent_one(queue, connector):
    old = queue(SetLimit(limit_ma=6_000), connector=connector)
    new = queue(SetLimit(limit_ma=9_000), connector=connector)
    states = dict(ChargerCommand.objects.values_list("pk", "state"))
    assert states == {old.pk: CommandState.SUPERSEDED, new.pk: CommandState.QUEUED}


def test_limit_that_was_sent_is_not_superseded(queue, connector, claim):
    sent = queue(SetLimit(limit_ma=6_000), connector=connector)
    assert claim() == sent
    queue(SetLimit(limit_ma=9_000), connector=connector)
    sent.refresh_from_db()
    assert sent.state == CommandState.SENT
