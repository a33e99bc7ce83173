"""Limits on their way to chargers, and what is reserved meanwhile. Every change of a connector's hold passes here.

Callers hold the cluster's lock where they queue; answers change one connector and need none.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Max

from chargers.domain import commands
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.models.command import OPEN_STATES
from chargers.reservation import Hold
from evbalancer.common.units import PhaseMilliamps

DEFAULT_LIMIT_MA = 0
REFUSALS_UNTIL_UNCONTROLLABLE = 3
LIMIT_EXPIRES_S = 60
DEFAULT_EXPIRES_S = 300
BALANCER = "balancer"
HELD_FIELDS = (
    "wanted_ma",
    "sent_ma",
    "in_doubt_ma",
    "confirmed_ma",
    "confirmed_at",
    "settling_ma",
    "settled_at",
    "fallback_ma",
    "fallback_confirmed_at",
    "refusals",
    "uncontrollable_since",
    "raised_at",
    "reservation_l1_ma",
    "reservation_l2_ma",
    "reservation_l3_ma",
)


def hold_of(connector: Connector) -> Hold:
    return Hold(
        nameplate_ma=connector.max_current_ma,
        fallback_ma=connector.fallback_ma,
        confirmed_ma=connector.confirmed_ma,
        open_ma=connector.sent_ma,
        in_doubt_ma=connector.in_doubt_ma,
        settling_ma=connector.settling_ma,
        settled_at=connector.settled_at,
        uncontrollable=connector.uncontrollable_since is not None,
    )


def reservation_ma(connector: Connector, *, now: datetime) -> PhaseMilliamps:
    """The most it could be drawing now, on each phase it is wired to."""
    return PhaseMilliamps.on(connector.wired_phases, hold_of(connector).reservation_ma(now))


def queue_limit(connector: Connector, session: Session, *, limit_ma: int, now: datetime) -> ChargerCommand:
    """Queue a limit for the running transaction. The cluster's lock is held and the invariant was checked."""
    command = commands.enqueue(
        connector.charge_point,
        CommandKind.SET_LIMIT,
        by=BALANCER,
        now=now,
        connector=connector,
        session=session,
        limit_ma=limit_ma,
        arguments={
            "transaction_id": session.transaction_id,
            "transaction_uid": session.transaction_uid,
            "limit_ma": limit_ma,
        },
        expires_s=LIMIT_EXPIRES_S,
    )
    connector.sent_ma = _open_ma(connector)
    connector.save(update_fields=["sent_ma"])
    return command


def queue_default_limit(charge_point: ChargePoint, *, now: datetime) -> ChargerCommand:
    """Queue the persistent default that makes the charger safe without us."""
    return commands.enqueue(
        charge_point,
        CommandKind.SET_DEFAULT_LIMIT,
        by=BALANCER,
        now=now,
        limit_ma=DEFAULT_LIMIT_MA,
        arguments={"limit_ma": DEFAULT_LIMIT_MA},
        expires_s=DEFAULT_EXPIRES_S,
    )


def command_sent(command: ChargerCommand) -> None:
    """Count the write. What is sent is reserved since it was queued, because it may be claimed at any moment."""
    if command.kind == CommandKind.SET_LIMIT and command.connector_id is not None:
        Connector.objects.filter(pk=command.connector_id).update(limit_writes=F("limit_writes") + 1)
    elif command.kind == CommandKind.SET_DEFAULT_LIMIT:
        written = Connector.objects.filter(charge_point_id=command.charge_point_id)
        written.update(limit_writes=F("limit_writes") + 1)


def command_answered(command: ChargerCommand, *, state: CommandState, now: datetime) -> None:
    """Turn the outcome of a limit command into what is reserved. In the transaction that stores the answer."""
    if command.kind == CommandKind.SET_DEFAULT_LIMIT:
        _default_answered(command, state=state, now=now)
    elif command.kind == CommandKind.SET_LIMIT and command.connector_id is not None:
        _limit_answered(command, command.connector_id, state=state, now=now)


def transaction_started(session: Session, *, now: datetime) -> None:
    _change_car(session.connector_id, now=now)


def transaction_ended(session: Session, *, now: datetime) -> None:
    _change_car(session.connector_id, now=now)


def charge_point_booted(charge_point: ChargePoint, *, now: datetime) -> None:
    """At every accepted boot the default is written again: some models forget it, and it costs one write."""
    queue_default_limit(charge_point, now=now)


def _limit_answered(command: ChargerCommand, connector_id: UUID, *, state: CommandState, now: datetime) -> None:
    connector = _locked(connector_id)
    session_runs_still = (
        connector.sessions.filter(pk=command.session_id, state=SessionState.ACTIVE).exists() if command.session_id else False
    )
    hold, limit_ma = hold_of(connector), command.limit_ma or 0
    if not session_runs_still:
        # The transaction it was for is over, and its limits with it.
        hold = hold.refused()
    elif state == CommandState.ACCEPTED:
        hold = hold.accepted(limit_ma, now=now, settle=_settle(connector))
        connector.confirmed_at = now
        connector.refusals = 0
    elif state in (CommandState.EXPIRED, CommandState.SUPERSEDED):
        hold = hold.refused()
    elif state == CommandState.REJECTED:
        hold = hold.refused()
        _count_refusal(connector, now=now)
    else:
        # An error answer proves nothing: some chargers apply the profile and then fail to say so.
        hold = hold.lost(limit_ma)
        if state == CommandState.ERROR:
            _count_refusal(connector, now=now)
    _store(connector, hold, now=now)


def _default_answered(command: ChargerCommand, *, state: CommandState, now: datetime) -> None:
    if state == CommandState.ACCEPTED:
        for connector in _locked_all(command.charge_point_id):
            connector.fallback_confirmed_at = now
            hold = hold_of(connector).defaulted(command.limit_ma or 0, now=now, settle=_settle(connector))
            _store(connector, hold, now=now)
    elif state == CommandState.REJECTED:
        # It said that it does not hold our default, whatever it said before.
        for connector in _locked_all(command.charge_point_id):
            connector.fallback_ma = None
            connector.fallback_confirmed_at = None
            _store(connector, hold_of(connector), now=now)


def _change_car(connector_id: UUID, *, now: datetime) -> None:
    connector = _locked(connector_id)
    commands.supersede_unsent_limits(connector, now=now)
    hold = hold_of(connector).changed_car(now=now, settle=_settle(connector))
    connector.confirmed_at = connector.raised_at = None
    connector.wanted_ma = 0
    _store(connector, hold, now=now)


def _count_refusal(connector: Connector, *, now: datetime) -> None:
    connector.refusals += 1
    if connector.refusals >= REFUSALS_UNTIL_UNCONTROLLABLE and connector.uncontrollable_since is None:
        connector.uncontrollable_since = now


def _store(connector: Connector, hold: Hold, *, now: datetime) -> None:
    open_ma = _open_ma(connector)
    connector.fallback_ma = hold.fallback_ma
    connector.confirmed_ma = hold.confirmed_ma
    connector.sent_ma = open_ma
    connector.in_doubt_ma = hold.in_doubt_ma
    connector.settling_ma = hold.settling_ma
    connector.settled_at = hold.settled_at
    if not hold.uncontrollable and connector.refusals == 0:
        connector.uncontrollable_since = None
    reserved = reservation_ma(connector, now=now)
    connector.reservation_l1_ma, connector.reservation_l2_ma, connector.reservation_l3_ma = reserved
    connector.save(update_fields=HELD_FIELDS)


def _open_ma(connector: Connector) -> int | None:
    """The highest limit that is queued or on the wire for this connector."""
    open_limits = ChargerCommand.objects.filter(connector=connector, kind=CommandKind.SET_LIMIT, state__in=OPEN_STATES)
    highest: int | None = open_limits.aggregate(highest=Max("limit_ma"))["highest"]
    return highest


def _settle(connector: Connector) -> timedelta:
    return timedelta(seconds=connector.charge_point.cluster.settle_s)


def _locked(connector_id: UUID) -> Connector:
    locked = Connector.objects.select_for_update(of=("self",)).select_related("charge_point__cluster")
    return locked.get(pk=connector_id)


def _locked_all(charge_point_id: UUID) -> list[Connector]:
    locked = Connector.objects.select_for_update(of=("self",)).select_related("charge_point__cluster")
    return list(locked.filter(charge_point_id=charge_point_id).order_by("pk"))
