from datetime import UTC, datetime, timedelta

from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargerCommand
from evbalancer.life.judges.leftovers import Leftovers


def test_session_and_command_that_nobody_ends_are_found(bench, first, store):
    session = store(
        first, state=SessionState.ACTIVE, started_at=datetime.now(UTC), stopped_at=None, billed_wh=0
    )
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    ChargerCommand.objects.create(
        community_id=session.community_id, charge_point=session.connector.charge_point, state=CommandState.SENT,
        kind=CommandKind.CLEAR_CACHE, queued_at=long_ago, expires_at=long_ago + timedelta(minutes=1),
    )  # fmt: skip
    judge, said = bench(Leftovers)
    judge.see_end()
    assert len(said) == 2
