"""Commands are queued as rows, each once, and the newest limit of a connector alone."""

from chargers.enums import CommandKind, CommandState
from chargers.models import ChargerCommand


def test_repeated_idempotency_key_is_one_command(queue):
    first = queue(idempotency_key="once")
    assert queue(CommandKind.RESET, idempotency_key="once") == first
    assert ChargerCommand.objects.count() == 1


def test_new_limit_supersedes_the_unsent_one(queue, connector):
    old = queue(CommandKind.SET_LIMIT, connector=connector, limit_ma=6_000)
    new = queue(CommandKind.SET_LIMIT, connector=connector, limit_ma=9_000)
    states = dict(ChargerCommand.objects.values_list("pk", "state"))
    assert states == {old.pk: CommandState.SUPERSEDED, new.pk: CommandState.QUEUED}


def test_limit_that_was_sent_is_not_superseded(queue, connector, claim):
    sent = queue(CommandKind.SET_LIMIT, connector=connector, limit_ma=6_000)
    assert claim() == sent
    queue(CommandKind.SET_LIMIT, connector=connector, limit_ma=9_000)
    sent.refresh_from_db()
    assert sent.state == CommandState.SENT
