"""The costs of running sessions so far, for charge points that can show them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from chargers.domain import presence
from chargers.domain.orders import abilities, commands
from chargers.enums import CommandKind, SessionState
from chargers.models import ChargerCommand, Session
from chargers.orders.charging import TellCost
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.loops import for_each
from pricing.domain.billing import cost_so_far_minor

BY = "pricing"
# Those that were not told for longest come first, so that the others have their turn in the next run.
MOST_AT_ONCE = 100
EXPIRES_S = 30


def tell_running(*, now: datetime) -> int:
    """Queue the cost of every running session that changed since it was last sent. Returns how many.

    Sent after everything else that waits for the charge point, and forgotten when that takes long.
    """
    every_s = int(settings.OCPP_COST_S)
    if every_s <= 0:
        return 0
    sessions = [
        session
        for session in _running(now=now)
        if CommandKind.TELL_COST in abilities.kinds_of(session.connector.charge_point)
    ]
    told = _told(sessions)
    late = now - timedelta(seconds=every_s)
    due = [session for session in sessions if _is_due(session, told.get(session.pk), late=late)]
    due.sort(key=lambda session: told[session.pk][0].timestamp() if session.pk in told else 0)
    return for_each(due[:MOST_AT_ONCE], lambda each: _tell(each, told, now=now), what="The cost of session")


@prepared
def _running(now: One) -> QuerySet[Session]:
    running = Session.objects.filter(
        presence.match_online("connector__charge_point__", now=now), state=SessionState.ACTIVE
    ).exclude(transaction_uid="")
    return running.select_related("community", "connector__charge_point").order_by("pk")


def _is_due(session: Session, told: tuple[datetime, int] | None, *, late: datetime) -> bool:
    """Only a meter value makes another cost."""
    if session.metered_at is None:
        return False
    return told is None or told[0] <= min(late, session.metered_at)


def _told(sessions: list[Session]) -> dict[UUID, tuple[datetime, int]]:
    """The last cost that was sent for each, and when."""
    rows = ChargerCommand.objects.filter(
        kind=CommandKind.TELL_COST, session__in=[session.pk for session in sessions]
    ).order_by("queued_at")
    return {
        session_id: (queued_at, int(arguments["cost_minor"]))
        for session_id, queued_at, arguments in rows.values_list("session_id", "queued_at", "arguments")
        if session_id is not None
    }


def _tell(session: Session, told: Mapping[UUID, tuple[datetime, int]], *, now: datetime) -> bool:
    cost_minor = cost_so_far_minor(session, now=now)
    if cost_minor is None or cost_minor < 0 or (session.pk in told and told[session.pk][1] == cost_minor):
        return False
    commands.queue_command(
        session.connector.charge_point,
        TellCost(cost_minor=cost_minor, transaction_uid=session.transaction_uid),
        by=BY,
        now=now,
        connector=session.connector,
        session=session,
        expires_s=EXPIRES_S,
    )
    return True
