"""A rebalance's findings beside its plan: chargers whose state is not known, and cars that take more than they may."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from chargers.domain.limits import limits, maximum, outranked, read_back
from chargers.domain.limits.managed import has_chosen_fallback
from chargers.domain.orders import commands
from chargers.domain.stations import alerts
from chargers.enums import CommandKind, CommandState, ConnectorStatus
from chargers.exposure import NEVER_S
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.orders.charging import RemoteStop
from chargers.orders.upkeep import Trigger
from evbalancer.common.beside import Beside
from evbalancer.common.topics import cluster_topic, tell
from scheduling.domain.balancing.problem import is_refused
from scheduling.domain.balancing.situation import ExposedPlace, Situation, newest_commands
from scheduling.domain.telling import notices
from scheduling.enums import BalanceStep

logger = logging.getLogger(__name__)

ASK_AGAIN_AFTER = timedelta(seconds=30)
# A charge point that has just connected for the first time boots next, and is made safe with that; a boot storm must not ask twice.
FIRST_BOOT_WITHIN = timedelta(seconds=60)
# The rest is asked by the next runs: a car park that boots all at once must not hold the cluster's lock for seconds.
ASKED_AT_ONCE = 100
ASK_STATE_AFTER = timedelta(seconds=15)
READ_AGAIN_AFTER = timedelta(minutes=10)
WRITE_MAXIMUM_AGAIN_AFTER = timedelta(hours=1)
# Promise E10: above the limit by more than this and for so long, it is reserved as measured; later it is stopped.
TOLERANCE_MA, TOLERANCE_PCT = 1_000, 10
RESERVE_AFTER = timedelta(seconds=20)
STOP_AFTER = timedelta(seconds=60)
# A charger that is set to ends such a transaction itself.
STOP_REFUSED_AFTER, STOP_AGAIN_AFTER = timedelta(seconds=10), timedelta(seconds=60)
BY = "balancer"


def ask_for_states(seen: Situation) -> None:
    """Idle connectors with a fallback cost it until they say how they stand: ask those that have not lately."""
    silent = [place for place in seen.places if is_unknown(seen, place)]
    if not silent:
        return
    ids = [place.connector.charge_point_id for place in silent]
    asked = newest_commands([CommandKind.TRIGGER], ids, since=seen.now - ASK_STATE_AFTER)
    for place in silent:
        connector = place.connector
        if connector.charge_point_id not in asked:
            commands.queue_command(
                connector.charge_point,
                Trigger(message="StatusNotification"),
                by=BY,
                now=seen.now,
                connector=connector,
                expires_s=int(ASK_STATE_AFTER.total_seconds()),
            )


def ask_for_maxima(seen: Situation) -> None:
    """Where circuits or nameplates were changed, a charge point's own maximum would cut below what is granted."""
    outdated = outdated_maxima(seen)
    if outdated:
        ids = [charge_point.pk for charge_point in outdated]
        since = seen.now - WRITE_MAXIMUM_AGAIN_AFTER
        asked = newest_commands([CommandKind.SET_STATION_LIMIT], ids, since=since)
        for charge_point in outdated:
            if charge_point.pk not in asked:
                maximum.ask_maximum(charge_point, is_new=True, now=seen.now)


def outdated_maxima(seen: Situation) -> list[ChargePoint]:
    """Charge points that are online and hold another maximum than their wiring asks for."""
    stations: dict[UUID, list[Connector]] = {}
    for place in seen.places:
        charge_point = place.connector.charge_point
        if charge_point.station_settled_ma is not None and seen.online(place):
            stations.setdefault(charge_point.pk, []).append(place.connector)
    return [mine[0].charge_point for mine in stations.values() if maximum.is_outdated(mine, seen.tree)]


def ask_the_outranked(seen: Situation) -> None:
    """Idle connectors on which something outranked ours are read again: perhaps it has gone."""
    idle = [
        place.connector
        for place in seen.places
        if outranked.is_outranked(place.connector) and not place.running and seen.online(place)
    ]
    if idle:
        ids = [connector.charge_point_id for connector in idle]
        asked = newest_commands([CommandKind.READ_LIMIT], ids, since=seen.now - READ_AGAIN_AFTER)
        for connector in idle:
            if connector.charge_point_id not in asked:
                read_back.ask_offer(connector, now=seen.now)


def mind_overdraw(seen: Situation, beside: Beside) -> list[ExposedPlace]:
    """Note where more flows than allowed and since when; returns those whose reservation changes by it.

    With a transaction or without one: a current after a stop belongs to nobody, but flows through the same breaker.
    """
    return [place for place in seen.places if _mind(seen, place, beside)]


def ask_the_unmanaged(seen: Situation) -> None:
    """Ask chargers without a confirmed fallback, or with too many refusals, again: so they return without a person."""
    without = {
        place.connector.charge_point_id: place
        for place in seen.places
        if not has_chosen_fallback(place.connector)
    }
    refusing = [
        place for place in seen.places if place.connector.uncontrollable_since is not None and place.running
    ]
    asked = newest_commands(
        [CommandKind.SET_FALLBACK, CommandKind.SET_LIMIT],
        [*without, *(place.connector.charge_point_id for place in refusing)],
        since=seen.now - ASK_AGAIN_AFTER,
    )
    due = [
        place
        for pk, place in without.items()
        if pk not in asked and seen.online(place) and not _is_about_to_boot(place, now=seen.now)
    ]
    for place in due[:ASKED_AT_ONCE]:
        limits.queue_fallback(place.connector.charge_point, now=seen.now)
    for place in refusing:
        if place.connector.charge_point_id not in asked and seen.online(place) and place.session is not None:
            # The limit that it holds already, so nothing is risked: we only want it accepted.
            still_ma, end_s = _as_it_was(place)
            limits.queue_limit(place.connector, place.session, limit_ma=still_ma, end_s=end_s, now=seen.now)


def _is_about_to_boot(place: ExposedPlace, *, now: datetime) -> bool:
    station = place.connector.charge_point
    is_young = station.connected_at is not None and station.connected_at > now - FIRST_BOOT_WITHIN
    return is_young and station.booted_at is None


def _as_it_was(place: ExposedPlace) -> tuple[int, float]:
    """The limit a charger has confirmed, with its own end: repeating it risks nothing."""
    confirmed = place.exposure.confirmed
    if confirmed is not None and confirmed.end_s > place.seen_s:
        return confirmed
    return place.exposure.fallback_ma or 0, NEVER_S


def stop_the_refused(seen: Situation) -> None:
    """A transaction whose card was not accepted, and that goes on, is ended from here (promise E17)."""
    refused = [
        place.session
        for place in seen.places
        if place.session is not None
        and place.running
        and is_refused(place)
        and seen.online(place)
        and seen.now - place.session.state_since >= STOP_REFUSED_AFTER
    ]
    if not refused:
        return
    asked = ChargerCommand.objects.filter(
        session__in=refused, kind=CommandKind.REMOTE_STOP, queued_at__gt=seen.now - STOP_AGAIN_AFTER
    )
    lately = set(asked.values_list("session_id", flat=True))
    for place in seen.places:
        if place.session in refused and place.session.pk not in lately:
            _order_stop(seen, place, place.session)


def is_unknown(seen: Situation, place: ExposedPlace) -> bool:
    """It is idle and online, and its fallback counts because it has not said lately how it stands."""
    connector = place.connector
    if place.running or not connector.fallback_ma or not seen.online(place):
        return False
    known_at = connector.state_known_at
    is_old = known_at is None or seen.now - known_at > timedelta(seconds=settings.SILENCE_S)
    return is_old or connector.told_connection_id != connector.charge_point.connection_id


def _mind(seen: Situation, place: ExposedPlace, beside: Beside) -> bool:
    connector, draw = place.connector, place.draw
    if draw is None:
        return _forget_stray(place)  # not measured: the reservation counts
    measured_ma, allowed_ma = max(draw.current_ma), _allowed_ma(place)
    before = connector.overdraw_ma, connector.overdrawn_since
    if measured_ma <= allowed_ma + max(TOLERANCE_MA, allowed_ma * TOLERANCE_PCT // 100):
        connector.overdraw_ma = connector.overdrawn_since = None
    elif connector.overdrawn_since is None:
        connector.overdrawn_since = draw.at
    elif draw.at - connector.overdrawn_since >= RESERVE_AFTER:
        connector.overdraw_ma = measured_ma
        if before[0] is None:
            alarm = partial(_alarm, seen, place, measured_ma, allowed_ma)
            beside.attempt(BalanceStep.ALARM, alarm, otherwise=None)
        if draw.at - connector.overdrawn_since >= STOP_AFTER and place.running:
            _stop(seen, place)
    after = connector.overdraw_ma, connector.overdrawn_since
    if before != after:
        limits.store_overdraw(connector)
    return before[0] != after[0]


def _forget_stray(place: ExposedPlace) -> bool:
    """A current after a stop ends for certain when the car has gone, even if the meter never says so."""
    connector = place.connector
    has_car = place.running or connector.status != ConnectorStatus.AVAILABLE
    if has_car or connector.overdraw_ma is None:
        return False
    connector.overdraw_ma = connector.overdrawn_since = None
    limits.store_overdraw(connector)
    return True


def _allowed_ma(place: ExposedPlace) -> int:
    """Everything that it may draw: each profile that it may hold, and the load of a car that may not have followed yet."""
    return replace(place.exposure, overdraw_ma=None).worst_ma(place.seen_s)


def _alarm(seen: Situation, place: ExposedPlace, measured_ma: int, allowed_ma: int) -> None:
    connector = place.connector
    logger.error("Connector %s draws %s mA where %s mA are allowed", connector.pk, measured_ma, allowed_ma)
    alerts.record_overdraw(connector, measured_ma=measured_ma, allowed_ma=allowed_ma, now=seen.now)
    notices.tell_overdraw(
        connector, measured_ma=measured_ma, allowed_ma=allowed_ma, running=place.running, now=seen.now
    )
    tell(
        cluster_topic(seen.cluster.pk),
        "overdrawn",
        connector_id=str(connector.pk),
        measured_ma=measured_ma,
        allowed_ma=allowed_ma,
    )


def _stop(seen: Situation, place: ExposedPlace) -> None:
    """A car that no limit reaches is stopped, once: the charger opens its contactor."""
    session = place.session
    if session is not None and not _was_stopped(session.pk):
        _order_stop(seen, place, session)


def _order_stop(seen: Situation, place: ExposedPlace, session: Session) -> None:
    commands.queue_command(
        place.connector.charge_point,
        RemoteStop(transaction_id=session.transaction_id, transaction_uid=session.transaction_uid),
        by=BY,
        now=seen.now,
        connector=place.connector,
        session=session,
    )


def _was_stopped(session_id: UUID) -> bool:
    open_or_done = [CommandState.QUEUED, CommandState.SENT, CommandState.ACCEPTED]
    asked = ChargerCommand.objects.filter(
        session_id=session_id, kind=CommandKind.REMOTE_STOP, state__in=open_or_done
    )
    return asked.exists()
