"""The profiles that hold the fallback of a charge point: writing them, and clearing what outranks them."""

from datetime import datetime

from django.conf import settings

from chargers.domain.limits import stack_levels
from chargers.domain.makes import ways
from chargers.domain.makes.makes import known_make
from chargers.domain.orders import abilities, commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector
from chargers.models.command import NEVER_SENT_STATES
from chargers.orders.charging import ClearLimits, SetFallback
from chargers.orders.words import Purpose

EXPIRES_S = 300


def wait_s(connector: Connector) -> int:
    """Seconds of 0 A before the fallback that are asked for; none where the fallback is 0 A anyway, or 0 A would end it all."""
    make = known_make(connector.charge_point)
    if connector.chosen_fallback_ma == 0 or make.honours_relative is False:
        return 0
    if make.keeps_transaction_at_zero is False:
        return 0
    return int(settings.FALLBACK_WAIT_S)


def queue_fallback_profile(charge_point: ChargePoint, *, by: str, now: datetime) -> ChargerCommand:
    """Queue the fallback for all connectors at once, or one by one where they differ or the make wants it.

    Once it was written one by one it stays so: the fallback of a connector outranks that of all.
    """
    connectors = _connectors(charge_point)
    rung_number = _next_rung(charge_point)
    rung = ways.RUNGS[rung_number]
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


def clear_others(connector: Connector, *, by: str, now: datetime) -> None:
    """Remove what outranks ours: profiles of a transaction or a default on every stack level above our own.

    Between this connector's level and the highest of ours only its own are removed, so that no other one loses its limit.
    """
    charge_point = connector.charge_point
    connectors, rung_level = _connectors(charge_point), ways.known_level(charge_point)
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
    cleared = command.read_as(ClearLimits)
    purpose, level = (None, None) if cleared is None else (cleared.purpose, cleared.stack_level)
    charge_point = command.charge_point
    touched = [one for one in _connectors(charge_point) if command.connector_id in (None, one.pk)]
    rung_level = ways.known_level(charge_point)
    own = {
        Purpose.TRANSACTION: {stack_levels.level_of_transaction(one) for one in touched},
        Purpose.DEFAULT: stack_levels.levels_of_fallbacks(charge_point, touched, rung_level),
    }
    levels = [own[purpose]] if purpose in own else list(own.values())
    return level is None or any(level in some for some in levels)


def _connectors(charge_point: ChargePoint) -> list[Connector]:
    connectors = list(Connector.objects.filter(charge_point=charge_point, retired_at=None).order_by("number"))
    for connector in connectors:
        connector.charge_point = charge_point
    return connectors


def _next_rung(charge_point: ChargePoint) -> int:
    """The remembered way, or the next after the one that this charger refused, of those that its make says it can take."""
    known = known_make(charge_point).rung
    answered = [CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR]
    last = (
        ChargerCommand.objects.filter(
            charge_point=charge_point, kind=CommandKind.SET_FALLBACK, state__in=answered
        )
        .order_by("-answered_at")
        .first()
    )
    was_refused = last is not None and last.state != CommandState.ACCEPTED
    tried = last.read_as(SetFallback) if last is not None and was_refused else None
    first = known if tried is None else 1 + (known if tried.rung is None else tried.rung)
    return ways.first_rung(charge_point, from_rung=first)


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
