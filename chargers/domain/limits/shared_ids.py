"""Profiles from the time when all connectors of OCPP 1.6 had the same profile ids, and how charge points lose them.

Where a charge point knows profiles by their id alone, the old one stays beside the new one. So until the old ids are
cleared both count, and they are cleared only when every limit that runs and every fallback is confirmed under an id of its own.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chargers.domain.limits import fallback_profiles
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState
from chargers.exposure import Exposure
from chargers.models import ChargePoint, ChargerCommand
from chargers.orders.charging import ClearLimits

BY = "balancer"
OF_TRANSACTIONS, OF_FALLBACKS = 1, 2
CLEAR_AGAIN_AFTER = timedelta(seconds=30)
EXPIRES_S = 30


def keep_doubts(exposure: Exposure, before: Exposure) -> Exposure:
    """After an answer: a limit that may be held under a shared id stays in doubt beside the confirmed one."""
    old = set(before.in_doubt) - set(exposure.in_doubt)
    return replace(exposure, in_doubt=(*exposure.in_doubt, *sorted(old)))


def clear_shared(charge_point: ChargePoint, *, now: datetime) -> None:
    """Have the shared ids cleared as soon as nothing relies on them; where nothing can be held by them, forget them at once."""
    mine = charge_point.connectors.filter(retired_at=None)
    runs = [connector for connector in mine if connector.in_transaction or connector.doubts]
    is_each = fallback_profiles.may_hold_each(charge_point)
    if not runs and not is_each:
        _forget(charge_point)
        return
    waits = any(
        connector.confirmed_ma is None and connector.doubts and connector.uncontrollable_since is None
        for connector in runs
    ) or any(connector.fallback_confirmed_at is None for connector in mine if is_each)
    if waits or _was_asked(charge_point, now=now):
        return
    numbers = [OF_TRANSACTIONS, OF_FALLBACKS] if is_each else [OF_TRANSACTIONS]
    for number in numbers:
        commands.queue_command(
            charge_point,
            ClearLimits(profile_number=number, is_last=number == numbers[-1]),
            by=BY,
            now=now,
            expires_s=EXPIRES_S,
        )


def is_own_clearing(command: ChargerCommand) -> bool:
    """Whether it only tidies up here: nobody else may say which is the last."""
    cleared = command.read_as(ClearLimits)
    return cleared is not None and cleared.is_last is not None


def note_own_clearing(command: ChargerCommand) -> None:
    """A charger that refuses to clear will not do it later either: its schedules show its limits."""
    cleared = command.read_as(ClearLimits)
    is_answered = command.state in (CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR)
    if cleared is not None and cleared.is_last and is_answered:
        _forget(command.charge_point)


def _was_asked(charge_point: ChargePoint, *, now: datetime) -> bool:
    asked = ChargerCommand.objects.filter(
        charge_point=charge_point, kind=CommandKind.CLEAR_LIMITS, arguments__has_key="is_last"
    )
    return asked.filter(queued_at__gt=now - CLEAR_AGAIN_AFTER).exists()


def _forget(charge_point: ChargePoint) -> None:
    charge_point.shares_profile_ids = False
    ChargePoint.objects.filter(pk=charge_point.pk).update(shares_profile_ids=False)
