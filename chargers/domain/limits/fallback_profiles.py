"""The profiles that hold a fallback at a charge point, the ways of writing them, and what is known of its make."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from chargers.domain.limits import stack_levels
from chargers.domain.orders import abilities, commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from chargers.models.command import NEVER_SENT_STATES
from chargers.orders.charging import ClearLimits, SetFallback
from chargers.orders.words import Purpose

EXPIRES_S = 300
# Ways of writing a fallback, tried in turn until one is accepted, and remembered by make (field cases 12 and 14).
RUNGS: tuple[Mapping[str, Any], ...] = (
    {"relative": True, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": True, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "W"},
    {"relative": True, "each": False, "stack_level": 0, "unit": "W"},
    {"relative": False, "each": False, "stack_level": 0, "unit": "W"},
)
# What a make says it takes limits in, by our units.
TOLD_UNITS = {"A": "Current", "W": "Power"}


def wait_s(connector: Connector) -> int:
    """Seconds of 0 A before the fallback that are asked for; none where the fallback is 0 A anyway, or 0 A would end it all."""
    known = connector.charge_point
    if connector.chosen_fallback_ma == 0 or _known(known, "honours_relative") is False:
        return 0
    if _known(known, "keeps_transaction_at_zero") is False:
        return 0
    return int(settings.FALLBACK_WAIT_S)


def honours_relative(connector: Connector) -> bool:
    return bool(_known(connector.charge_point, "honours_relative"))


def queue_fallback_profile(charge_point: ChargePoint, *, by: str, now: datetime) -> ChargerCommand:
    """Queue the fallback for all connectors at once, or one by one where they differ or the make wants it.

    Once it was written one by one it stays so: the fallback of a connector outranks that of all.
    """
    connectors = _connectors(charge_point)
    rung_number = _next_rung(charge_point)
    rung = RUNGS[rung_number]
    same = len({connector.chosen_fallback_ma for connector in connectors}) <= 1
    is_each = rung["each"] or not same or may_hold_each(charge_point)
    targets: list[Connector | None] = [*connectors] if is_each else [None]
    queued: ChargerCommand | None = None
    for target in targets:
        sample = target or (connectors[0] if connectors else None)
        limit_ma = 0 if sample is None else sample.chosen_fallback_ma
        waits_s = 0 if sample is None or not rung["relative"] else wait_s(sample)
        queued = commands.queue_command(
            charge_point,
            SetFallback(
                limit_ma=limit_ma,
                wait_s=waits_s,
                stack_level=rung["stack_level"],
                levels_up=0 if target is None else stack_levels.levels_up(target, rung["stack_level"]),
                unit=rung["unit"],
                volts=charge_point.cluster.voltage_v,
                rung=rung_number,
            ),
            by=by,
            now=now,
            connector=target,
            expires_s=EXPIRES_S,
        )
    if queued is None:
        raise RuntimeError(f"charge point {charge_point.pk} has no connector to be made safe")
    return queued


def remember_rung(command: ChargerCommand) -> None:
    rung = command.arguments.get("rung")
    make_id = command.charge_point.make_id
    if rung is not None and make_id is not None:
        Make.objects.filter(pk=make_id).update(rung=rung)


def clear_others(connector: Connector, *, by: str, now: datetime) -> None:
    """Remove what outranks ours: profiles of a transaction or a default on every stack level above our own.

    Between this connector's level and the highest of ours only its own are removed, so that no other one loses its limit.
    """
    charge_point = connector.charge_point
    connectors, rung_level = _connectors(charge_point), _known_rung_level(charge_point)
    is_each = may_hold_each(charge_point)
    fallback_level = abilities.fallback_level(charge_point, rung_level, is_each=is_each)
    levels_up = {one.pk: stack_levels.levels_up(one, rung_level) if is_each else 0 for one in connectors}
    mine = {
        Purpose.TRANSACTION: [(one.pk, stack_levels.level_of_transaction(one)) for one in connectors],
        Purpose.DEFAULT: [(one.pk, fallback_level + levels_up[one.pk]) for one in connectors],
    }
    for purpose, levels in mine.items():
        own, highest = dict(levels)[connector.pk], max(level for _, level in levels)
        for above in range(own + 1, stack_levels.HIGHEST + 1):
            commands.queue_command(
                charge_point,
                ClearLimits(purpose=purpose, stack_level=above),
                by=by,
                now=now,
                connector=connector if above <= highest else None,
                expires_s=EXPIRES_S,
            )


def touches_ours(command: ChargerCommand) -> bool:
    """Whether what a command clears may be a profile of ours."""
    purpose, level = command.arguments.get("purpose"), command.arguments.get("stack_level")
    charge_point = command.charge_point
    touched = [one for one in _connectors(charge_point) if command.connector_id in (None, one.pk)]
    rung_level = _known_rung_level(charge_point)
    own = {
        "TxProfile": {stack_levels.level_of_transaction(one) for one in touched},
        "TxDefaultProfile": stack_levels.levels_of_fallbacks(charge_point, touched, rung_level),
    }
    levels = [own[purpose]] if purpose in own else list(own.values())
    return level is None or any(level in some for some in levels)


def unit_of_make(charge_point: ChargePoint) -> str:
    """What its make takes limits in: A, or W where nothing else was accepted."""
    return str(RUNGS[_known_rung(charge_point)]["unit"])


def _connectors(charge_point: ChargePoint) -> list[Connector]:
    connectors = list(Connector.objects.filter(charge_point=charge_point, retired_at=None).order_by("number"))
    for connector in connectors:
        connector.charge_point = charge_point
    return connectors


def _next_rung(charge_point: ChargePoint) -> int:
    """The remembered way, or the next after the one that this charger refused, of those that its make says it can take."""
    known = _known_rung(charge_point)
    answered = [CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR]
    last = (
        ChargerCommand.objects.filter(
            charge_point=charge_point, kind=CommandKind.SET_FALLBACK, state__in=answered
        )
        .order_by("-answered_at")
        .first()
    )
    was_refused = last is not None and last.state != CommandState.ACCEPTED
    first = int(last.arguments.get("rung", known)) + 1 if last is not None and was_refused else known
    ways = [(first + step) % len(RUNGS) for step in range(len(RUNGS))]
    return next((way for way in ways if _may_take(charge_point.make, RUNGS[way])), ways[0])


def _may_take(make: Make | None, rung: Mapping[str, Any]) -> bool:
    """Judged by what the make says of itself; whoever says nothing is tried with everything."""
    if make is None:
        return True
    has_unit = not make.rate_units or TOLD_UNITS[rung["unit"]] in make.rate_units
    return has_unit and (make.max_stack_level is None or rung["stack_level"] <= make.max_stack_level)


def may_hold_each(charge_point: ChargePoint) -> bool:
    """Whether it may hold a fallback for one connector alone."""
    newest = (
        ChargerCommand.objects.filter(
            charge_point=charge_point, kind=CommandKind.SET_FALLBACK, connector__isnull=False
        )
        .exclude(state__in=[CommandState.QUEUED, *NEVER_SENT_STATES])
        .order_by("-queued_at")
        .first()
    )
    return newest is not None and newest.state != CommandState.REJECTED


def _known_rung(charge_point: ChargePoint) -> int:
    return charge_point.make.rung if charge_point.make is not None else 0


def _known_rung_level(charge_point: ChargePoint) -> int:
    return int(RUNGS[_known_rung(charge_point)]["stack_level"])


def _known(charge_point: ChargePoint, fact: str) -> bool | None:
    answer: bool | None = getattr(charge_point.make, fact) if charge_point.make is not None else None
    return answer
