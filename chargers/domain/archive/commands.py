"""Commands of the balancer's own leave the queue when they are over their time, and what is remembered by them stays.

Other code asks for the newest command of a kind: whether a limit was read back, which fallback was refused. The newest of each kind and
state of each job therefore stays for each connector, and so do all that a person asked for and all kinds that are rare.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from chargers.enums import CommandKind, SessionState
from chargers.models import ChargerCommand
from chargers.models.command import OPEN_STATES
from evbalancer.common.db.batches import Batch, Ledger
from grid.domain.retention.periods import Periods
from grid.enums import ActorKind

# The kinds that come by the hour and not by the year.
FREQUENT_KINDS: Final = (
    CommandKind.SET_LIMIT,
    CommandKind.SET_FALLBACK,
    CommandKind.CLEAR_LIMITS,
    CommandKind.READ_LIMIT,
    CommandKind.READ_PROFILES,
    CommandKind.READ_TRANSACTION,
    CommandKind.READ_CONFIGURATION,
    CommandKind.TELL_COST,
    CommandKind.TRIGGER,
)
# One that concerns the whole charge point has no connector.
ABOUT: Final = Coalesce("connector_id", "charge_point_id")


def commands_ledger(periods: Periods) -> Ledger:
    """Commands in the order of their keys, which is that of queueing."""
    last_end = max(periods.ends.values(), default=None)

    def find(place: str | None, size: int) -> Batch:
        rows = ChargerCommand.objects.annotate(about=ABOUT).order_by("pk")
        if place is not None:
            rows = rows.filter(pk__gt=UUID(place))
        found = list(
            rows.annotate(is_followed=Exists(_followers()), session_state=F("session__state")).only(
                "pk", "community", "kind", "state", "actor_kind", "queued_at"
            )[:size]
        )
        over = [row.pk for row in found if _is_over(row, periods)]
        # A clock that was wrong for a moment must not end every round at its command.
        is_young = last_end is None or all(row.queued_at >= last_end for row in found)
        is_last = len(found) < size or is_young
        return Batch(over, None if is_last else str(found[-1].pk), seen=len(found))

    return Ledger("commands", find, _clear)


def _followers() -> QuerySet[ChargerCommand]:
    """Newer ones of the same connector (or charge point), kind, state and job."""
    same = ("charge_point", "kind", "state", "actor_kind", "actor_id", "about")
    rows = ChargerCommand.objects.annotate(about=ABOUT)
    return rows.filter(queued_at__gt=OuterRef("queued_at"), **{name: OuterRef(name) for name in same})


def _is_over(row: ChargerCommand, periods: Periods) -> bool:
    end = periods.ends.get(row.community_id)
    return (
        end is not None
        and row.queued_at < end
        and row.kind in FREQUENT_KINDS
        and row.actor_kind == ActorKind.SYSTEM
        and row.state not in OPEN_STATES
        and row.session_state in (None, SessionState.ENDED)  # type: ignore[attr-defined]
        and row.is_followed  # type: ignore[attr-defined]
    )


def _clear(ids: Sequence[UUID]) -> int:
    """What was opened or became the newest meanwhile can't be: commands don't go back."""
    gone, _ = ChargerCommand.objects.filter(pk__in=ids).delete()
    return gone
