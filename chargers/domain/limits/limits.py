"""Limits on their way to chargers, and what is reserved meanwhile. Every change of a connector's hold passes here.

Callers hold the cluster's lock where they queue; answers change one connector and need none.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db.models import F

from chargers.domain.limits import (
    boots,
    exposures,
    fallback_profiles,
    maximum,
    outranked,
    read_back,
    shared_ids,
    siblings,
    stack_levels,
)
from chargers.domain.makes import makes, pausing, ways
from chargers.domain.orders import commands
from chargers.enums import CarTurn, CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.events import CarTurned
from chargers.exposure import ALWAYS_S, NEVER_S, Exposure
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.orders.charging import ClearLimits, SetFallback, SetLimit
from chargers.orders.words import Purpose
from evbalancer.common.db.rows import add_rows, store_columns
from evbalancer.common.events import publish
from evbalancer.common.units import PhaseMilliamps

LIMIT_EXPIRES_S = 60
BALANCER = "balancer"
# Statuses with which a charger says that no transaction runs on the connector.
WITHOUT_TRANSACTION = (
    ConnectorStatus.AVAILABLE,
    ConnectorStatus.PREPARING,
    ConnectorStatus.RESERVED,
    ConnectorStatus.FINISHING,
)


def read_current_exposure(connector: Connector) -> Exposure:
    """The facts of one connector, as `chargers.exposure` wants them."""
    return exposures.read_exposure(
        connector,
        phases_seen=exposures.phases_seen(connector),
        open_spans=exposures.open_spans([connector.pk]).get(connector.pk, ()),
    )


def reservation_ma(connector: Connector, *, now: datetime) -> PhaseMilliamps:
    """The most it could be drawing now, on each phase."""
    return PhaseMilliamps(*read_current_exposure(connector).worst(now.timestamp()))


class Grant(NamedTuple):
    """A limit for a running transaction until `end_s`."""

    connector: Connector
    session: Session
    limit_ma: int
    end_s: float = NEVER_S


def queue_limit(
    connector: Connector, session: Session, *, limit_ma: int, now: datetime, end_s: float = NEVER_S
) -> ChargerCommand:
    """Queue one limit. The cluster's lock is held and the invariant was checked."""
    (command,) = queue_limits([Grant(connector, session, limit_ma, end_s)], now=now)
    spans = exposures.open_spans([connector.pk]).get(connector.pk, ())
    connector.sent_ma = max((span.limit_ma for span in spans), default=None)
    connector.save(update_fields=["sent_ma"])
    return command


def queue_limits(grants: Sequence[Grant], *, now: datetime) -> list[ChargerCommand]:
    """Queue many limits in a constant number of queries. The caller stores what is open now in the connectors' rows."""
    ids = [grant.connector.pk for grant in grants]
    commands.supersede_unsent_limits(ids, now=now)
    queued = [_command(grant, now=now) for grant in grants]
    add_rows(queued)
    commands.nudge_sockets(*(grant.connector.charge_point for grant in grants))
    return queued


def _command(grant: Grant, *, now: datetime) -> ChargerCommand:
    connector, session, limit_ma, end_s = grant
    ends_at = None if end_s == NEVER_S else datetime.fromtimestamp(math.floor(end_s), UTC)
    charge_point = connector.charge_point
    in_watts = ways.takes_watts(charge_point)
    order = SetLimit(
        limit_ma=limit_ma,
        transaction_id=session.transaction_id,
        transaction_uid=session.transaction_uid,
        stack_level=stack_levels.level_of_transaction(connector),
        begins_at=now.timestamp(),
        ends_at=None if ends_at is None else ends_at.timestamp(),
        volts=charge_point.cluster.voltage_v if in_watts else None,
        phases=ways.told_phases(connector, session, limit_ma=limit_ma) if in_watts else None,
    )
    # Not checked as others are: every part of it is the balancer's own.
    columns = commands.columns_of(charge_point, order, by=BALANCER, now=now, expires_s=LIMIT_EXPIRES_S)
    return ChargerCommand(
        idempotency_key=uuid4().hex, connector=connector, session=session, ends_at=ends_at, **columns
    )


def queue_fallback(charge_point: ChargePoint, *, now: datetime) -> ChargerCommand:
    """Queue the fallback that makes the charger safe without us; the worse of old and new counts from here on."""
    queued = fallback_profiles.queue_fallback_profile(charge_point, by=BALANCER, now=now)
    for connector in exposures.lock_connectors(
        charge_point=charge_point, retired_at=None, fallback_ma__isnull=False
    ):
        asked = connector.chosen_fallback_ma, fallback_profiles.wait_s(connector)
        if asked == (connector.fallback_ma, connector.fallback_wait_s):
            continue
        # A limit that is sent now may be in force before the answer.
        exposure = read_current_exposure(connector).fallback_sent(*asked)
        connector.fallback_wait_s = min(connector.fallback_wait_s, asked[1])
        connector.fallback_confirmed_at = None
        _store(connector, exposure, now=now)
    return queued


def commands_sent(commands: Sequence[ChargerCommand]) -> None:
    """Count the writes. A limit is reserved from its queueing on, because it may be sent at any moment."""
    limited = [
        command.connector_id
        for command in commands
        if command.kind == CommandKind.SET_LIMIT and command.connector_id is not None
    ]
    if limited:
        Connector.objects.filter(pk__in=limited).update(limit_writes=F("limit_writes") + 1)
    for command in commands:
        _sent(command)


def _sent(command: ChargerCommand) -> None:
    if command.kind == CommandKind.SET_FALLBACK:
        _addressed(command).update(limit_writes=F("limit_writes") + 1)
    elif command.kind == CommandKind.CLEAR_LIMITS and _loses_ours(command):
        _forget_profiles(command)


def clearing_answered(command: ChargerCommand, *, now: datetime) -> None:
    """Write again what of ours was cleared with what a person wanted cleared."""
    if shared_ids.is_own_clearing(command):
        shared_ids.note_own_clearing(command)
    elif command.sent_at is not None:
        maximum.restore_cleared(command, now=now)
        if fallback_profiles.touches_ours(command):
            queue_fallback(command.charge_point, now=now)


def transaction_started(session: Session, *, now: datetime) -> None:
    _turn(session, CarTurn.STARTED, now=now)


def transaction_ended(session: Session, *, now: datetime) -> None:
    """The charger said so; see `transaction_abandoned` for those that it never spoke of again."""
    _turn(session, CarTurn.ENDED, now=now)


def transaction_abandoned(session: Session, *, now: datetime) -> None:
    """We closed it without a word from its charger: the limit that it may hold stays reserved until it must have lapsed."""
    _turn(session, CarTurn.ABANDONED, now=now)


def _turn(session: Session, turn: CarTurn, *, now: datetime) -> None:
    publish(
        CarTurned(
            connector_id=session.connector_id,
            turn=turn,
            phases_seen=session.phases_seen,
            stop_reason=session.stop_reason,
            at=now,
        )
    )


def cars_turned(turns: Sequence[CarTurned]) -> None:
    """Reserve for the cars that began or ended to charge; many connectors in a constant number of queries."""
    ids = [turned.connector_id for turned in turns]
    connectors = {connector.pk: connector for connector in exposures.lock_these_connectors(ids)}
    commands.supersede_unsent_limits(ids, now=turns[-1].at)
    spans = exposures.open_spans(ids)
    for turned in turns:
        connector = connectors[turned.connector_id]
        if turned.turn == CarTurn.ENDED:
            pausing.learn_from_end(connector, stop_reason=turned.stop_reason, now=turned.at)
        open_spans = spans.get(connector.pk, ())
        seen = "" if turned.turn == CarTurn.STARTED else turned.phases_seen
        exposure = exposures.read_exposure(connector, phases_seen=seen, open_spans=open_spans)
        connector.confirmed_at = connector.raised_at = connector.overdrawn_since = None
        connector.wanted_ma = 0
        exposures.write_exposure(
            connector, _turned(exposure, turned.turn, now_s=turned.at.timestamp()), now=turned.at
        )
    store_columns(list(connectors.values()), exposures.FIELDS)


def _turned(exposure: Exposure, turn: CarTurn, *, now_s: float) -> Exposure:
    if turn == CarTurn.STARTED:
        return exposure.started(now_s=now_s)
    return exposure.ended(now_s=now_s) if turn == CarTurn.ENDED else exposure.abandoned(now_s=now_s)


def charge_point_booted(charge_point: ChargePoint, *, now: datetime, is_new: bool = False) -> None:
    """A boot may have cost it everything: a running car's limit is sent again at once, and its fallback asked for or written.

    The maximum of the whole charge point is asked for once, and again when it `is_new`: of another make or firmware.
    """
    makes.note_make(charge_point)
    connectors = exposures.lock_connectors(charge_point=charge_point, retired_at=None)
    _make_safe(charge_point, boots.next_step(charge_point, connectors, is_new=is_new, now=now), now=now)
    if any(connector.in_transaction for connector in connectors):
        for connector in exposures.lock_connectors(
            charge_point=charge_point, retired_at=None, in_transaction=True
        ):
            _send_again(connector, now=now)
    maximum.ask_maximum(charge_point, is_new=is_new, now=now)
    if is_new and any(connector.default_read_at is not None for connector in connectors):
        # The answer of another firmware says nothing about this one.
        charge_point.connectors.filter(retired_at=None).update(default_read_at=None)


def _send_again(connector: Connector, *, now: datetime) -> None:
    """A limit confirmed before the boot may be gone: it is in doubt until the charger takes it again."""
    session = connector.sessions.filter(state=SessionState.ACTIVE).first()
    exposure = exposures.read_exposure(
        connector,
        phases_seen="" if session is None else session.phases_seen,
        open_spans=exposures.open_spans([connector.pk]).get(connector.pk, ()),
    )
    held = exposure.confirmed
    if held is None:
        return
    connector.confirmed_at = connector.raised_at = None
    exposure = replace(
        exposure, confirmed=None, in_doubt=(*exposure.in_doubt, held), fallback_from_s=ALWAYS_S
    )
    _store(connector, exposure, now=now)
    if session is not None and not session.is_refused and held.end_s > now.timestamp():
        queue_limit(connector, session, limit_ma=held.limit_ma, end_s=held.end_s, now=now)


def status_told(connector: Connector, *, connection_id: UUID, now: datetime) -> None:
    """A status that fits what we know makes later signs of life on this socket count as knowledge of the state."""
    if connector.status not in WITHOUT_TRANSACTION:
        return
    if connector.pk in exposures.phases_seen_on([connector.pk]):
        return
    (locked,) = exposures.lock_these_connectors([connector.pk])
    exposure = read_current_exposure(locked)
    if exposure.running or exposure.spans:
        # Closed without a stop, and now it says itself that nothing runs.
        exposure = exposure.ended(now_s=now.timestamp())
    locked.told_connection_id = connection_id
    _store(locked, exposure.told(now_s=now.timestamp()), now=now)


def store_overdraw(connector: Connector) -> None:
    """Store what a car takes beyond its limit, and since when, as the watch of the balancer found it."""
    Connector.objects.filter(pk=connector.pk).update(
        overdraw_ma=connector.overdraw_ma, overdrawn_since=connector.overdrawn_since
    )


def fallback_read(command: ChargerCommand, *, now: datetime) -> None:
    """After a boot. A fallback that is gone counts as none from now on; a charger that does not say gets it again."""
    if command.state not in (CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR):
        return
    (connector,) = exposures.lock_connectors(pk=command.connector_id)
    is_intact = boots.is_intact(connector, command)
    if is_intact:
        outranked.idle_read(connector, command, now=now)
        _store(connector, read_current_exposure(connector), now=now)
        return
    connector.default_read_at = None
    connector.save(update_fields=["default_read_at"])
    if is_intact is False:
        connector.fallback_confirmed_at = None
        _store(connector, replace(read_current_exposure(connector), fallback_ma=None), now=now)
    is_gone_for_certain = is_intact is False and read_back.is_by_our_clock(command)
    _make_safe(
        command.charge_point,
        boots.next_write(command.charge_point, is_urgent=is_gone_for_certain, now=now),
        now=now,
    )


def _make_safe(charge_point: ChargePoint, step: boots.Step, *, now: datetime) -> None:
    mine = Connector.objects.filter(charge_point=charge_point, retired_at=None)
    if step == boots.Step.WRITE:
        queue_fallback(charge_point, now=now)
    elif step == boots.Step.ASK:
        boots.ask_fallbacks(list(mine.select_related("charge_point")), now=now)
    elif step == boots.Step.LATER:
        mine.update(fallback_confirmed_at=None)


def fallback_answered(command: ChargerCommand, *, now: datetime) -> None:
    """Keep what its connectors fall back to from now on. In the transaction that stores the answer."""
    asked = command.read_as(SetFallback)
    fallback_ma, asked_wait_s = command.limit_ma or 0, 0 if asked is None else asked.wait_s
    if command.state == CommandState.ACCEPTED:
        for connector in exposures.lock_connectors(pk__in=_addressed(command).values("pk")):
            connector.fallback_confirmed_at = now
            believed_s = asked_wait_s if makes.known_make(connector.charge_point).honours_relative else 0
            exposure = read_current_exposure(connector).fallback_taken(
                fallback_ma, believed_s, now_s=now.timestamp()
            )
            connector.fallback_wait_s = asked_wait_s
            _store(connector, exposure, now=now)
            outranked.ask_idle(connector, now=now)
        ways.remember_rung(command)
        if command.charge_point.shares_profile_ids:
            shared_ids.clear_shared(command.charge_point, now=now)
        siblings.ask_siblings(exposures.lock_connectors(pk__in=_addressed(command).values("pk")), now=now)
    elif command.state == CommandState.REJECTED:
        # It says that it does not hold our fallback; earlier answers no longer count.
        for connector in exposures.lock_connectors(pk__in=_addressed(command).values("pk")):
            connector.fallback_ma = None
            connector.fallback_confirmed_at = None
            _store(connector, read_current_exposure(connector), now=now)


def _loses_ours(command: ChargerCommand) -> bool:
    return not shared_ids.is_own_clearing(command) and fallback_profiles.touches_ours(command)


def _forget_profiles(command: ChargerCommand) -> None:
    """A person has profiles cleared: from the moment of sending nothing of what they held is relied upon."""
    cleared = command.read_as(ClearLimits)
    purpose = None if cleared is None else cleared.purpose
    now = command.sent_at or command.queued_at
    for connector in exposures.lock_connectors(pk__in=_addressed(command).values("pk")):
        exposure = read_current_exposure(connector)
        if purpose in (None, Purpose.DEFAULT):
            connector.fallback_confirmed_at = None
            exposure = replace(exposure, fallback_ma=None)
        if purpose in (None, Purpose.TRANSACTION):
            connector.confirmed_at = None
            exposure = replace(exposure, confirmed=None, fallback_from_s=ALWAYS_S)
        _store(connector, exposure, now=now)


def _addressed(command: ChargerCommand) -> Any:
    mine = Connector.objects.filter(charge_point_id=command.charge_point_id)
    return mine if command.connector_id is None else mine.filter(pk=command.connector_id)


def _store(connector: Connector, exposure: Exposure, *, now: datetime) -> None:
    exposures.write_exposure(connector, exposure, now=now)
    connector.save(update_fields=exposures.FIELDS)
