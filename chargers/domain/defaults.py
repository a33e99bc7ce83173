"""The persistent default of a charge point, the ways of writing it, and what is known of its make."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from chargers.domain import commands
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargePoint, ChargePointModel, ChargerCommand, Connector
from chargers.reservation import Span

EXPIRES_S = 300
# Ways of writing a default, tried in turn until one is accepted, and remembered by model (field cases 12 and 14).
RUNGS: tuple[Mapping[str, Any], ...] = (
    {"relative": True, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": True, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "W"},
)
READ_AGAIN_AFTER = timedelta(minutes=10)
READ_BEYOND_S = 60
PROFILE_GRACE_S = 15
READ_OUTRANKED_AFTER = timedelta(seconds=20)
# Our profiles of a transaction, and the highest level on which others are looked for.
TX_STACK_LEVEL, HIGHEST_STACK_LEVEL = 1, 9
COMMISSIONING = "commissioning"


def note_model(charge_point: ChargePoint) -> None:
    """Remember the make it said it is of; what was learnt of that make holds for it too."""
    kind, _ = ChargePointModel.objects.get_or_create(vendor=charge_point.vendor, model=charge_point.model)
    if charge_point.kind_id != kind.pk:
        charge_point.kind = kind
        charge_point.save(update_fields=["kind"])


def wait_s(connector: Connector) -> int:
    """Seconds of 0 A before the fallback that are asked for; none where the fallback is 0 A anyway."""
    if connector.chosen_fallback_ma == 0 or _known(connector.charge_point, "honours_relative") is False:
        return 0
    return int(settings.DEFAULT_WAIT_S)


def honours_relative(connector: Connector) -> bool:
    return bool(_known(connector.charge_point, "honours_relative"))


def queue(charge_point: ChargePoint, *, by: str, now: datetime) -> ChargerCommand:
    """Queue the default for all connectors at once, or one by one where they differ or the model wants it."""
    connectors = list(Connector.objects.filter(charge_point=charge_point, retired_at=None).order_by("number"))
    for connector in connectors:
        connector.charge_point = charge_point
    rung_number = _next_rung(charge_point)
    rung = RUNGS[rung_number]
    same = len({connector.chosen_fallback_ma for connector in connectors}) <= 1
    targets: list[Connector | None] = [*connectors] if rung["each"] or not same else [None]
    queued: ChargerCommand | None = None
    for target in targets:
        sample = target or (connectors[0] if connectors else None)
        limit_ma = 0 if sample is None else sample.chosen_fallback_ma
        waits_s = 0 if sample is None or not rung["relative"] else wait_s(sample)
        queued = commands.enqueue(
            charge_point,
            CommandKind.SET_DEFAULT_LIMIT,
            by=by,
            now=now,
            connector=target,
            limit_ma=limit_ma,
            arguments={
                "limit_ma": limit_ma,
                "wait_s": waits_s,
                "stack_level": rung["stack_level"],
                "unit": rung["unit"],
                "volts": charge_point.cluster.voltage_v,
                "rung": rung_number,
            },
            expires_s=EXPIRES_S,
        )
    if queued is None:
        raise RuntimeError(f"charge point {charge_point.pk} has no connector to be made safe")
    return queued


def remember_rung(command: ChargerCommand) -> None:
    rung = command.arguments.get("rung")
    kind_id = command.charge_point.kind_id
    if rung is not None and kind_id is not None:
        ChargePointModel.objects.filter(pk=kind_id).update(rung=rung)


def clear_others(charge_point: ChargePoint, *, by: str, now: datetime) -> None:
    """Remove what outranks ours: profiles of a transaction or its default on every stack level above our own."""
    for purpose, level in _own_levels(charge_point).items():
        for above in range(level + 1, HIGHEST_STACK_LEVEL + 1):
            commands.enqueue(
                charge_point,
                CommandKind.CLEAR_LIMITS,
                by=by,
                now=now,
                arguments={"purpose": purpose, "stack_level": above},
                expires_s=EXPIRES_S,
            )


def touches_ours(command: ChargerCommand) -> bool:
    """Whether what a command clears may be a profile of ours."""
    purpose, level = command.arguments.get("purpose"), command.arguments.get("stack_level")
    own = _own_levels(command.charge_point)
    return level is None or level in ([own[purpose]] if purpose in own else own.values())


def _own_levels(charge_point: ChargePoint) -> Mapping[str, int]:
    default_level: int = RUNGS[_known_rung(charge_point)]["stack_level"]
    return {"TxProfile": TX_STACK_LEVEL, "TxDefaultProfile": default_level}


def read_back(connector: Connector, span: Span, *, now: datetime) -> None:
    """Ask what the charger really grants, once in each transaction, and what an untried make would do over time.

    A connector that something outranks is asked after every limit it takes, until it offers no more than ours.
    """
    kind = connector.charge_point.kind
    if span.limit_ma == 0:
        return
    asked = ChargerCommand.objects.filter(
        charge_point=connector.charge_point, kind=CommandKind.READ_LIMIT, requested_by=COMMISSIONING
    )
    lease_s = span.end_s - now.timestamp()
    is_lease = lease_s <= settings.LEASE_S + PROFILE_GRACE_S
    if connector.uncontrollable_since is not None:
        is_due = not asked.filter(connector=connector, queued_at__gt=now - READ_OUTRANKED_AFTER).exists()
    elif (
        is_lease
        and kind is not None
        and _is_open(kind, connector, at=datetime.fromtimestamp(span.end_s, UTC))
    ):
        is_due = not asked.filter(queued_at__gt=now - READ_AGAIN_AFTER).exists()
    else:
        is_due = False
    if is_due or not asked.filter(connector=connector, queued_at__gte=_began(connector, now)).exists():
        commands.enqueue(
            connector.charge_point,
            CommandKind.READ_LIMIT,
            by=COMMISSIONING,
            now=now,
            connector=connector,
            arguments={"duration_s": int(settings.DEFAULT_WAIT_S + settings.LEASE_S + READ_BEYOND_S)},
        )


def offered_ma(command: ChargerCommand) -> int | None:
    """What a composite schedule grants at its beginning; None when it does not say."""
    periods = _periods(command.result or {})
    return periods[0][1] if periods else None


def _began(connector: Connector, now: datetime) -> datetime:
    session = connector.sessions.filter(state=SessionState.ACTIVE).first()
    return now if session is None or session.started_at is None else session.started_at


def learn(command: ChargerCommand, *, now: datetime) -> None:
    """What a composite schedule, read while a lease was in force, says of the make."""
    connector, kind, sent_at = command.connector, command.charge_point.kind, command.sent_at
    if connector is None or kind is None or sent_at is None or connector.confirmed_end_at is None:
        return
    held_ma, ends_in_s = connector.confirmed_ma or 0, (connector.confirmed_end_at - sent_at).total_seconds()
    periods = _periods(command.result or {})
    ends_at = connector.confirmed_end_at
    if not periods or not _is_open(kind, connector, at=ends_at) or periods[0][1] != held_ma:
        return  # outranked or changed meanwhile: that says nothing of durations
    after = [
        limit_ma for start_s, limit_ma in periods if start_s >= ends_in_s - PROFILE_GRACE_S and start_s > 0
    ]
    kind.honours_duration = bool(after) and after[0] < held_ma
    if kind.honours_duration and _still_waits(connector, at=ends_at):
        # Once the lease is over it must say 0 A until the wait is over too, and the fallback from then on.
        kind.honours_relative = after[0] == 0 and after[-1] == connector.fallback_ma
    kind.tried_at = now
    kind.save(update_fields=["honours_duration", "honours_relative", "tried_at"])


def _is_open(kind: ChargePointModel, connector: Connector, *, at: datetime) -> bool:
    """Whether something is not known yet that this connector could show of the moment `at`, when its lease ends."""
    if kind.honours_duration is None:
        return True
    return kind.honours_duration and kind.honours_relative is None and _still_waits(connector, at=at)


def _still_waits(connector: Connector, *, at: datetime) -> bool:
    """Whether the default of the running transaction should still be at 0 A then."""
    session = connector.sessions.filter(state=SessionState.ACTIVE).first()
    if session is None or session.started_at is None or not connector.fallback_wait_s:
        return False
    waits_until = session.started_at + timedelta(seconds=connector.fallback_wait_s)
    return waits_until - at > timedelta(seconds=PROFILE_GRACE_S)


def _periods(result: Mapping[str, Any]) -> list[tuple[float, int]]:
    schedule = result.get("chargingSchedule") or {}
    if schedule.get("chargingRateUnit") != "A":
        return []
    return [
        (float(period["startPeriod"]), round(float(period["limit"]) * 1000))
        for period in schedule.get("chargingSchedulePeriod", [])
    ]


def _next_rung(charge_point: ChargePoint) -> int:
    """The remembered way, or the one after the last that this charger refused."""
    known = _known_rung(charge_point)
    answered = [CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR]
    last = (
        ChargerCommand.objects.filter(
            charge_point=charge_point, kind=CommandKind.SET_DEFAULT_LIMIT, state__in=answered
        )
        .order_by("-answered_at")
        .first()
    )
    if last is None or last.state == CommandState.ACCEPTED:
        return known
    return (int(last.arguments.get("rung", known)) + 1) % len(RUNGS)


def _known_rung(charge_point: ChargePoint) -> int:
    return charge_point.kind.rung if charge_point.kind is not None else 0


def _known(charge_point: ChargePoint, fact: str) -> bool | None:
    answer: bool | None = getattr(charge_point.kind, fact) if charge_point.kind is not None else None
    return answer
