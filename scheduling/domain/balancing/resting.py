"""Rest: beats that leave the rebalance of a cluster out, because it would do nothing (ADR 94).

A cluster can rest while no car charges there, nothing is limited or guarded, and every charge point that is online is understood.
Then no limit is granted, whatever time it is, so all that a rebalance would do follows from a few rows and a few moments:

1. A beat reads these rows before it plans anything (`look_at`). Rows that nobody changes while all is well, such as the moment
   of the last sign of life, count only by what follows from them.
2. If the rebalance that follows has nothing to do, the cluster rests (`begin_rest`): what the beat had seen is kept, with the
   moment at which something changes without anybody's doing. What was stored meanwhile is seen by the next beat.
3. While the beats see the same before that moment, they do nothing else. An event rebalances in any case.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, Exists, ExpressionWrapper, Model, OuterRef, Q, QuerySet

from chargers.domain import presence
from chargers.domain.limits.managed import has_chosen_fallback
from chargers.domain.metering import draws
from chargers.enums import CommandKind, SessionState
from chargers.exposure import NEVER_S
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session, StrayDraw
from chargers.models.command import OPEN_STATES
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.db.rows import update_rows
from grid.models import Circuit, Cluster, DemandTarget, TemporaryLimit
from scheduling.domain.balancing import watch
from scheduling.domain.balancing.situation import ExposedPlace, Situation
from scheduling.domain.picture import places

# A rest that lasts longer began before the clock was set back.
LONGEST = timedelta(seconds=60)
# Every sign of life writes these.
SIGNS_OF_LIFE = {"last_contact_at", "state_known_at", "last_seen_at", "online_until"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a beat saw; empty where the cluster can't rest. `rests`: it saw the same before."""

    seen: str = ""
    rests: bool = False


def look_at(cluster_id: UUID, *, now: datetime) -> Look:
    """See whether the cluster rests. Four queries, and one where a car charges."""
    row = _clusters.first(cluster_id=cluster_id, now=now, drawn_since=now - draws.FRESH)
    if row is None:
        return Look()
    is_busy, rests_until, seen_before, *cluster = row
    if is_busy:
        return Look()
    known_since = now - timedelta(seconds=settings.SILENCE_S)
    rows = (
        cluster,
        _connectors.raw(cluster_id=cluster_id, now=now, known_since=known_since),
        _sessions.raw(cluster_id=cluster_id),
        _circuits.raw(cluster_id=cluster_id),
    )
    seen = hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()
    is_time = rests_until is not None and now < rests_until <= now + LONGEST
    return Look(seen, rests=is_time and seen == seen_before)


def begin_rest(seen: Situation, look: Look, *, at_most: datetime) -> None:
    """After a rebalance that did nothing: let the cluster rest, if it can, until something changes."""
    if look.seen and _can_rest(seen):
        rests_until = min([at_most, *_changes(seen)])
        update_rows(
            "scheduling_attendance",
            key="cluster_id",
            columns={"rests_until": "timestamptz", "seen": "varchar"},
            rows=[(seen.cluster.pk, rests_until, look.seen)],
        )


def _can_rest(seen: Situation) -> bool:
    is_bound = bool(seen.limits or seen.guards)
    return (
        not is_bound
        and not watch.outdated_maxima(seen)
        and all(_is_understood(seen, place) for place in seen.places)
    )


def _is_understood(seen: Situation, place: ExposedPlace) -> bool:
    """Nothing is drawn, on its way or in doubt, and nothing has to be asked."""
    connector, exposure = place.connector, place.exposure
    if place.running or place.draw is not None or exposure.spans or connector.overdrawn_since is not None:
        return False
    if not seen.online(place):
        return True
    is_managed = connector.uncontrollable_since is None and has_chosen_fallback(connector)
    return is_managed and not watch.is_unknown(seen, place)


def _changes(seen: Situation) -> list[datetime]:
    """When what connectors may draw changes while nobody says anything: what settles is over, a fallback may follow its wait."""
    moments = {
        at_s
        for place in seen.places
        for piece in place.exposure.pieces()
        for at_s in (piece.from_s, piece.to_s)
        if place.seen_s < at_s < NEVER_S
    }
    return [datetime.fromtimestamp(at_s, UTC) for at_s in moments]


def _columns(model: type[Model], path: str = "") -> list[str]:
    names = (field.attname for field in model._meta.concrete_fields)  # noqa: SLF001 (Django's documented Meta API)
    return [path + name for name in names if name not in SIGNS_OF_LIFE]


@prepared
def _clusters(cluster_id: One, now: One, drawn_since: One) -> QuerySet[Cluster, Sequence[Any]]:
    here = places.of_cluster(OuterRef("pk"))
    busy = (
        Session.objects.filter(**here, state=SessionState.ACTIVE),
        ChargerCommand.objects.filter(**here, kind=CommandKind.SET_LIMIT, state__in=OPEN_STATES),
        StrayDraw.objects.filter(**here, drawn_at__gt=drawn_since),
        TemporaryLimit.objects.filter(
            Q(until=None) | Q(until__gt=now), circuit__cluster=OuterRef("pk"), cancelled_at=None
        ),
        DemandTarget.objects.filter(circuit__cluster=OuterRef("pk"), active=True),
    )
    is_busy = Q()
    for rows in busy:
        is_busy |= Q(Exists(rows))
    return (
        Cluster.objects.filter(pk=cluster_id, retired_at=None)
        .annotate(is_busy=ExpressionWrapper(is_busy, output_field=BooleanField()))
        .values_list("is_busy", "attendance__rests_until", "attendance__seen", *_columns(Cluster))
    )


@prepared
def _connectors(cluster_id: One, now: One, known_since: One) -> QuerySet[Connector, Sequence[Any]]:
    is_online = presence.match_online("charge_point__", now=now)
    is_known = Q(state_known_at__gte=known_since)
    return (
        Connector.objects.filter(
            charge_point__cluster=cluster_id, retired_at=None, charge_point__retired_at=None
        )
        .annotate(
            is_online=ExpressionWrapper(is_online, output_field=BooleanField()),
            is_known=ExpressionWrapper(is_known, output_field=BooleanField()),
        )
        .order_by("pk")
        .values_list(
            "is_online",
            "is_known",
            *_columns(Connector),
            *_columns(ChargePoint, "charge_point__"),
            *_columns(Make, "charge_point__make__"),
        )
    )


@prepared
def _sessions(cluster_id: One) -> QuerySet[Session, Sequence[Any]]:
    rows = places.open_sessions(**places.of_cluster(cluster_id)).order_by("pk")
    return rows.values_list("pk", "connector_id", "state", "metered_at")


@prepared
def _circuits(cluster_id: One) -> QuerySet[Circuit, Sequence[Any]]:
    rows = Circuit.objects.filter(cluster=cluster_id, retired_at=None).order_by("pk")
    return rows.values_list(*_columns(Circuit))
