"""Between a connector's columns and the facts of `chargers.exposure`: a restart finds them again exactly."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from chargers.domain.makes.makes import known_make
from chargers.enums import CommandKind, SessionState
from chargers.exposure import ALWAYS_S, NEVER_S, Exposure, Piece, Span, Timing
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.models.charge_point import GRID_PHASE
from chargers.models.command import OPEN_STATES
from evbalancer.common.clocks.clock_watch import clock_off_s
from evbalancer.common.db.prepared import Several, prepared

FIELDS = (
    "wanted_ma",
    "sent_ma",
    "in_doubt_ma",
    "confirmed_ma",
    "confirmed_at",
    "confirmed_end_at",
    "doubts",
    "settling_ma",
    "settled_at",
    "settlings",
    "fallback_ma",
    "fallback_wait_s",
    "fallback_confirmed_at",
    "in_transaction",
    "default_from_at",
    "overdraw_ma",
    "overdrawn_since",
    "refusals",
    "uncontrollable_since",
    "clocks_apart",
    "raised_at",
    "state_known_at",
    "told_connection_id",
    "reservation_l1_ma",
    "reservation_l2_ma",
    "reservation_l3_ma",
)
Spans = tuple[Span, ...]


def read_exposure(connector: Connector, *, phases_seen: str = "", open_spans: Spans = ()) -> Exposure:
    """The facts of one connector. `phases_seen` and `open_spans` belong to the running session and its commands."""
    make = known_make(connector.charge_point)
    confirmed = None
    if connector.confirmed_ma is not None:
        confirmed = Span(connector.confirmed_ma, _seconds(connector.confirmed_end_at, NEVER_S))
    return Exposure(
        nameplate_ma=connector.max_current_ma,
        wired=connector.wired_phases,
        phases=tuple(GRID_PHASE[letter] for letter in phases_seen),
        fallback_ma=connector.fallback_ma,
        wait_s=connector.fallback_wait_s if make.honours_relative else 0,
        lapses=make.honours_duration,
        contact_s=None if connector.state_known_at is None else connector.state_known_at.timestamp(),
        running=connector.in_transaction,
        fallback_from_s=_seconds(connector.default_from_at, ALWAYS_S),
        confirmed=confirmed,
        open=open_spans,
        in_doubt=tuple(Span(ma, NEVER_S if end is None else end) for ma, end in connector.doubts),
        settling=tuple(Piece(ma, ALWAYS_S, until, tuple(on)) for ma, until, on in connector.settlings),
        overdraw_ma=connector.overdraw_ma,
        uncontrollable=connector.uncontrollable_since is not None,
        planned=connector.charge_point.is_planned,
        timing=_timing(connector.charge_point),
    )


def write_exposure(connector: Connector, exposure: Exposure, *, now: datetime) -> None:
    """Lay the facts back into the columns. The caller saves `FIELDS`."""
    confirmed, doubts = exposure.confirmed, exposure.in_doubt
    connector.fallback_ma = exposure.fallback_ma
    connector.confirmed_ma = None if confirmed is None else confirmed.limit_ma
    connector.confirmed_end_at = None if confirmed is None else _moment(confirmed.end_s)
    connector.sent_ma = max((span.limit_ma for span in exposure.open), default=None)
    connector.doubts = [[span.limit_ma, None if span.end_s == NEVER_S else span.end_s] for span in doubts]
    connector.in_doubt_ma = max((span.limit_ma for span in doubts), default=None)
    lingering = [piece for piece in exposure.settling if piece.to_s > now.timestamp()]
    connector.settlings = [[piece.limit_ma, piece.to_s, list(piece.phases)] for piece in lingering]
    connector.settling_ma = max((piece.limit_ma for piece in lingering), default=None)
    connector.settled_at = _moment(max((piece.to_s for piece in lingering), default=NEVER_S))
    connector.state_known_at = None if exposure.contact_s is None else _moment(exposure.contact_s)
    connector.in_transaction = exposure.running
    connector.default_from_at = _moment(exposure.fallback_from_s)
    connector.overdraw_ma = exposure.overdraw_ma
    worst = exposure.worst(now.timestamp())
    connector.reservation_l1_ma, connector.reservation_l2_ma, connector.reservation_l3_ma = worst


def open_spans(connector_ids: Iterable[UUID]) -> Mapping[UUID, Spans]:
    """Limits that are queued or on the wire, by connector, the oldest first."""
    spans: dict[UUID, list[Span]] = {}
    for connector_id, limit_ma, ends_at in _open_limits(connector_ids=list(connector_ids)):
        if connector_id is not None:
            spans.setdefault(connector_id, []).append(Span(limit_ma or 0, _seconds(ends_at, NEVER_S)))
    return {connector_id: tuple(found) for connector_id, found in spans.items()}


@prepared
def _open_limits(connector_ids: Several) -> QuerySet[ChargerCommand, tuple[UUID | None, int | None, Any]]:
    rows = ChargerCommand.objects.filter(
        connector_id__in=connector_ids, kind=CommandKind.SET_LIMIT, state__in=OPEN_STATES
    )
    return rows.order_by("queued_at").values_list("connector_id", "limit_ma", "ends_at")


def lock_connectors(**lookup: Any) -> list[Connector]:
    """Connectors for update, with what `read_exposure` reads."""
    return list(_locked(**lookup))


def lock_these_connectors(connector_ids: Collection[UUID]) -> list[Connector]:
    """The same where their ids are known: every answer to a limit and every status asks."""
    return _locked_by_id(connector_ids=connector_ids)


def _locked(**lookup: Any) -> QuerySet[Connector]:
    rows = Connector.objects.select_for_update(of=("self",), no_key=True).filter(**lookup)
    return rows.select_related("charge_point__cluster", "charge_point__make").order_by("pk")


@prepared
def _locked_by_id(connector_ids: Several) -> QuerySet[Connector]:
    return _locked(pk__in=connector_ids)


def phases_seen(connector: Connector) -> str:
    return phases_seen_on([connector.pk]).get(connector.pk, "")


def phases_seen_on(connector_ids: Iterable[UUID]) -> dict[UUID, str]:
    """On which phases the running cars were seen to draw, by connector."""
    return dict(_phases_of_running(connector_ids=list(connector_ids)))


@prepared
def _phases_of_running(connector_ids: Several) -> QuerySet[Session, tuple[UUID, str]]:
    running = Session.objects.filter(connector_id__in=connector_ids, state=SessionState.ACTIVE)
    return running.order_by().values_list("connector_id", "phases_seen")


def _timing(charge_point: ChargePoint) -> Timing:
    error_s = known_make(charge_point).clock_error_s
    return Timing(
        settle_s=charge_point.cluster.settle_s,
        # A clock that is known to be wrong may end a lease that much early or late, theirs and ours.
        clock_error_s=error_s + abs(charge_point.clock_skew_s) + clock_off_s(),
        start_way_s=settings.START_WAY_S,
        silence_s=settings.SILENCE_S,
    )


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()


def _moment(seconds: float) -> datetime | None:
    return None if abs(seconds) == NEVER_S else datetime.fromtimestamp(seconds, UTC)
