"""The authorization caches of charge points: cleared when a card is withdrawn, since nothing else makes them forget it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chargers.domain.orders import abilities, commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand
from chargers.orders.trust import ClearCache

BY = "cards"
# A charge point may be out of reach for weeks, and its cache outlasts that.
EXPIRES_S = 90 * 86_400
TRIES = 3
TRIES_WITHIN = timedelta(hours=1)
IN_DOUBT = (CommandState.UNKNOWN, CommandState.ERROR)


@transaction.atomic
def clear_caches(community_id: UUID, *, now: datetime) -> None:
    """Have every charge point of the community that ever connected forget its cards."""
    _clear(ChargePoint.objects.filter(community_id=community_id), community_id, now=now)


@transaction.atomic
def clear_one(charge_point_id: UUID, community_id: UUID, *, now: datetime) -> None:
    """The same for one of them."""
    _clear(ChargePoint.objects.filter(pk=charge_point_id), community_id, now=now)


def _clear(charge_points: QuerySet[ChargePoint], community_id: UUID, *, now: datetime) -> None:
    told = _queued(community_id, now=now)
    for charge_point in charge_points.filter(retired_at=None).exclude(ocpp_version=""):
        if charge_point.pk not in told:
            _order(charge_point, now=now)


def is_in_doubt(command: ChargerCommand) -> bool:
    """Whether nobody knows that it forgot what we had it forget."""
    return command.is_of_job(BY) and command.state in IN_DOUBT


def clear_again(command: ChargerCommand, *, now: datetime) -> None:
    """Ask again, some times. A charge point that refuses has no cache."""
    mine = ChargerCommand.objects.filter(
        charge_point=command.charge_point, kind=CommandKind.CLEAR_CACHE, **commands.of_job(BY)
    )
    failed = mine.filter(state__in=IN_DOUBT, answered_at__gt=now - TRIES_WITHIN)
    if failed.count() < TRIES and not mine.filter(state=CommandState.QUEUED).exists():
        _order(command.charge_point, now=now)


def _queued(community_id: UUID, *, now: datetime) -> set[UUID]:
    """Those with one still to be sent. Locked: sent before this commits, it would come before the card is refused."""
    rows = ChargerCommand.objects.select_for_update(of=("self",), no_key=True).filter(
        community_id=community_id,
        kind=CommandKind.CLEAR_CACHE,
        **commands.of_job(BY),
        state=CommandState.QUEUED,
        expires_at__gt=now,
    )
    return set(rows.order_by("pk").values_list("charge_point_id", flat=True))


def _order(charge_point: ChargePoint, *, now: datetime) -> None:
    if CommandKind.CLEAR_CACHE in abilities.kinds_of(charge_point):
        commands.queue_command(charge_point, ClearCache(), by=BY, now=now, expires_s=EXPIRES_S)
