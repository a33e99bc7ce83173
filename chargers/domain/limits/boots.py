"""The memory of a charge point after a boot: whether its fallback is written again or asked for first.

Every write wears its memory, and some boot twelve times a minute. If its make shows its fallback, we ask for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from chargers.domain.limits import fallback_profiles, read_back
from chargers.domain.makes.leases import TOLERANCE_MA
from chargers.domain.makes.makes import known_make
from chargers.domain.metering import clocks
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector
from chargers.models.command import OPEN_STATES
from chargers.orders.charging import ReadLimit

# However often it boots: written no more often than this, and the balancer writes it thereafter.
REST = timedelta(seconds=60)
OLD = timedelta(days=7)


class Step(Enum):
    """The step for its fallback."""

    WRITE = auto()
    ASK = auto()
    LATER = auto()  # it counts as unconfirmed until the balancer has it written
    NOTHING = auto()  # it is on its way


def next_step(
    charge_point: ChargePoint, connectors: Sequence[Connector], *, is_new: bool, now: datetime
) -> Step:
    """Write it if it is another's, changed or old; else ask, where an answer can be expected."""
    is_settled = all(_is_settled(connector, now=now) for connector in connectors)
    if not is_new and is_settled and all(_may_show(connector) for connector in connectors):
        return Step.ASK
    return next_write(charge_point, is_urgent=is_new, now=now)


def next_write(charge_point: ChargePoint, *, is_urgent: bool, now: datetime) -> Step:
    """Now, unless it is queued or was written a moment ago. Urgent: a fallback that was written a moment ago is gone for certain."""
    mine = ChargerCommand.objects.filter(charge_point=charge_point, kind=CommandKind.SET_FALLBACK)
    newest = mine.order_by("-queued_at").first()
    if newest is None:
        return Step.WRITE
    if newest.state == CommandState.QUEUED and newest.expires_at > now:
        return Step.NOTHING
    return Step.LATER if newest.queued_at > now - REST and not is_urgent else Step.WRITE


def is_word_since(charge_point: ChargePoint, charger_at: datetime | None) -> bool:
    """Whether a message of that moment says anything about the time after the boot. One from its queue does not."""
    if charger_at is None or charge_point.booted_at is None:
        return True
    said_at = charger_at - timedelta(seconds=charge_point.clock_skew_s)
    # Of a clock that begins in 1970 nobody can tell.
    return said_at > charge_point.booted_at or said_at < charge_point.booted_at - clocks.OLDEST_QUEUE


def ask_fallbacks(connectors: Sequence[Connector], *, now: datetime) -> None:
    """Have each say what it would grant; once, however often its charge point boots meanwhile."""
    asked = ChargerCommand.objects.filter(
        connector__in=connectors, kind=CommandKind.READ_LIMIT, state__in=OPEN_STATES, expires_at__gt=now
    )
    waiting = {
        command.connector_id for command in asked.exclude(state=CommandState.SENT) if is_about_boot(command)
    }
    for connector in connectors:
        if connector.pk not in waiting:
            read_back.ask_offer(connector, after_boot=True, now=now)


def is_about_boot(command: ChargerCommand) -> bool:
    asked = command.read_as(ReadLimit)
    return asked is not None and asked.after_boot


def is_intact(connector: Connector, command: ChargerCommand) -> bool | None:
    """Whether its fallback still holds by what it would grant; None when it does not say."""
    shown_ma = read_back.highest_offer_ma(command) if command.state == CommandState.ACCEPTED else None
    if shown_ma is None or connector.fallback_ma is None or connector.in_transaction:
        return None
    return abs(shown_ma - connector.fallback_ma) <= TOLERANCE_MA


def _is_settled(connector: Connector, *, now: datetime) -> bool:
    confirmed_at = connector.fallback_confirmed_at
    return (
        confirmed_at is not None
        and confirmed_at > now - OLD
        and connector.fallback_ma == connector.chosen_fallback_ma
        and connector.fallback_wait_s in (fallback_profiles.wait_s(connector), 0)
    )


def _may_show(connector: Connector) -> bool:
    shows = known_make(connector.charge_point).shows_idle_fallback
    return not connector.in_transaction and shows is not False
