"""Commands to charge points are rows: queued here from any process, sent by the one that holds the socket.

A row keeps the fields of its order as JSON.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from chargers.domain.orders import abilities
from chargers.domain.orders.arguments import check_order
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.orders.base import Order
from chargers.orders.charging import SetFallback, SetLimit
from chargers.orders.shape import write_fields
from evbalancer.common import topics
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.db.rows import add_rows
from grid.domain.audit import Actor
from grid.enums import ActorKind

# One topic for all: a process that holds five thousand sockets is a member once, and ignores what is not its own.
CHARGERS_TOPIC = topics.CHARGERS


def queue_command(
    charge_point: ChargePoint,
    order: Order,
    *,
    by: str | Actor,
    now: datetime,
    connector: Connector | None = None,
    session: Session | None = None,
    expires_s: int = 120,
    idempotency_key: str | None = None,
) -> ChargerCommand:
    """Queue a command and, after commit, nudge the socket. A repeated key returns the row that it made first.

    `by` is the name of one of our own jobs, or whoever else acts.

    Raises BadCommand when the order can't be right, or when the charge point can't be asked this at all.

    A new limit supersedes the unsent one of the same connector, so that the charger never hears a stale value.
    """
    abilities.require_ability(charge_point, order.kind)
    values = columns_of(charge_point, order, by=by, now=now, expires_s=expires_s)
    check_order(order, values["arguments"], has_connector=connector is not None)
    values |= {"connector": connector, "session": session}
    # Nothing in here is caught by a caller that goes on, so a savepoint would be two statements for nothing.
    with transaction.atomic(savepoint=False):
        if isinstance(order, SetLimit) and connector is not None:
            supersede_unsent_limits([connector.pk], now=now)
        if idempotency_key is None:
            command = ChargerCommand.objects.create(idempotency_key=uuid4().hex, **values)
        else:
            command, _ = ChargerCommand.objects.get_or_create(
                idempotency_key=idempotency_key, defaults=values
            )
        nudge_sockets(charge_point)
    return command


def queue_commands(
    charge_point: ChargePoint, orders: Sequence[Order], *, by: str, now: datetime, expires_s: int
) -> None:
    """Queue these orders for the whole charge point, in one statement."""
    if not orders:
        return
    rows = []
    for order in orders:
        abilities.require_ability(charge_point, order.kind)
        columns = columns_of(charge_point, order, by=by, now=now, expires_s=expires_s)
        check_order(order, columns["arguments"], has_connector=False)
        rows.append(ChargerCommand(idempotency_key=uuid4().hex, **columns))
    with transaction.atomic(savepoint=False):
        add_rows(rows)
        nudge_sockets(charge_point)


def columns_of(
    charge_point: ChargePoint, order: Order, *, by: str | Actor, now: datetime, expires_s: int
) -> dict[str, Any]:
    """The columns of a row that is queued now, all but its key and whom it is about."""
    return {
        "community_id": charge_point.community_id,
        "charge_point": charge_point,
        "kind": order.kind,
        "arguments": write_fields(order),
        "limit_ma": order.limit_ma if isinstance(order, SetLimit | SetFallback) else None,
        **asked_by(by),
        "queued_at": now,
        "expires_at": now + timedelta(seconds=expires_s),
    }


def asked_by(who: str | Actor) -> dict[str, str]:
    """The columns that say who asked: one of our own jobs by its name, or another actor."""
    actor = Actor(ActorKind.SYSTEM, who, who) if isinstance(who, str) else who
    return {"actor_kind": actor.kind, "actor_id": actor.id, "requested_by": actor.label[:150]}


def of_job(job: str) -> dict[str, str]:
    """The lookup for what one of our own jobs asked for, which never finds a person of that name."""
    return {"actor_kind": ActorKind.SYSTEM, "actor_id": job}


def last_number(charge_point: ChargePoint, kind: CommandKind, name: str) -> int:
    """The highest number that a command of this kind was given, 0 when there was none."""
    sent = ChargerCommand.objects.filter(charge_point=charge_point, kind=kind)
    return max(
        (int(given.get(name, 0)) for given in sent.values_list("arguments", flat=True)[:200]), default=0
    )


def nudge_sockets(*charge_points: ChargePoint) -> None:
    """After commit, tell the processes that hold the sockets to look at their command rows."""
    ids = [str(each.pk) for each in charge_points]
    for at in range(0, len(ids), topics.MOST_NAMED):
        topics.tell(CHARGERS_TOPIC, "command", charge_point_ids=ids[at : at + topics.MOST_NAMED])


def nudge_sockets_here(charge_point_ids: Iterable[UUID]) -> None:
    """Tell the sockets of this process alone, of what another one has queued."""
    topics.tell_here(CHARGERS_TOPIC, "command", charge_point_ids=[str(each) for each in charge_point_ids])


def read_queue(*, now: datetime) -> dict[UUID, UUID]:
    """Commands that wait to be sent, with their charge points."""
    return dict(_queued(now=now))


@prepared
def _queued(now: One) -> QuerySet[ChargerCommand, tuple[UUID, UUID]]:
    waiting = ChargerCommand.objects.filter(state=CommandState.QUEUED, expires_at__gt=now)
    return waiting.order_by().values_list("pk", "charge_point_id")


def supersede_unsent_limits(connector_ids: Collection[UUID], *, now: datetime) -> None:
    """Take back what was queued for these connectors and has not been sent."""
    limits = ChargerCommand.objects.filter(connector__in=connector_ids, kind=CommandKind.SET_LIMIT)
    take_back(limits, now=now)


def take_back(commands: QuerySet[ChargerCommand], *, now: datetime) -> int:
    """Supersede those of the commands that nobody has sent yet; returns how many."""
    unsent = commands.filter(state=CommandState.QUEUED)
    return unsent.update(state=CommandState.SUPERSEDED, answered_at=now)
