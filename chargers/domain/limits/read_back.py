"""The limit that a charger really grants: its composite schedule, when we ask for it and how we read it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from chargers.domain.makes import leases
from chargers.domain.metering import clocks
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState
from chargers.exposure import Span
from chargers.models import ChargerCommand, Connector, Session
from chargers.orders.charging import ReadLimit, SetLimit
from evbalancer.common.clocks.clock_watch import clock_off_s

READ_AGAIN_AFTER = timedelta(minutes=10)
READ_BEYOND_S = 60
READ_OUTRANKED_AFTER = timedelta(seconds=20)
COMMISSIONING = "commissioning"


def newest_reads(sessions: Iterable[Session]) -> Mapping[UUID, datetime]:
    """By connector of these sessions, when it was last asked."""
    asked = ChargerCommand.objects.filter(
        connector_id__in=[session.connector_id for session in sessions],
        kind=CommandKind.READ_LIMIT,
        **commands.of_job(COMMISSIONING),
    )
    moments = asked.order_by().values_list("connector_id").annotate(newest=Max("queued_at"))
    return {connector_id: at for connector_id, at in moments if connector_id is not None}


def follow_up(
    connector: Connector, span: Span, *, session: Session, read_at: datetime | None, now: datetime
) -> None:
    """Ask what the charger really grants, once in each transaction, and what an untried make would do over time.

    A connector that something outranks is asked after every limit it takes, until it offers no more than ours. `read_at` is
    when it was last asked.
    """
    if span.limit_ma == 0 and connector.uncontrollable_since is None:
        return
    lease_s = span.end_s - now.timestamp()
    is_lease = lease_s <= settings.LEASE_S + leases.PROFILE_GRACE_S
    if connector.uncontrollable_since is not None:
        is_due = read_at is None or read_at <= now - READ_OUTRANKED_AFTER
    elif is_lease and leases.is_untried(connector, lease_ends_at=datetime.fromtimestamp(span.end_s, UTC)):
        asked = ChargerCommand.objects.filter(
            charge_point=connector.charge_point, kind=CommandKind.READ_LIMIT, **commands.of_job(COMMISSIONING)
        )
        is_due = not asked.filter(queued_at__gt=now - READ_AGAIN_AFTER).exists()
    else:
        is_due = False
    if is_due or read_at is None or read_at < (session.started_at or now):
        ask_offer(connector, now=now)


def ask_offer(connector: Connector, *, now: datetime, after_boot: bool = False) -> None:
    """Have the charger lay out what it would grant, for long enough to show a lease, the fallback's wait and its end."""
    commands.queue_command(
        connector.charge_point,
        ReadLimit(
            duration_s=int(settings.FALLBACK_WAIT_S + settings.LEASE_S + READ_BEYOND_S), after_boot=after_boot
        ),
        by=COMMISSIONING,
        now=now,
        connector=connector,
    )


def offered_ma(command: ChargerCommand) -> int | None:
    """The limit at the beginning of a composite schedule; None when it does not say."""
    periods = periods_of(command)
    return periods[0][1] if periods else None


def clock_ahead_s(command: ChargerCommand) -> int:
    """Seconds that the charger's clock is ahead of ours, by the beginning of its composite schedule, else by its statuses."""
    told_at = clocks.parse_time((command.result or {}).get("scheduleStart"))
    if told_at is None or command.answered_at is None:
        return command.charge_point.clock_skew_s
    return clocks.skew_of(told_at, received_at=command.answered_at)


def is_by_our_clock(command: ChargerCommand) -> bool:
    """Whether a composite schedule can teach something of its charger: both clocks agree, and ours was not set lately (ADR 138).

    By another clock a limit of ours is over, or still to come; and so are those that we wrote before our clock was set.
    """
    return abs(clock_ahead_s(command)) <= clocks.SKEW_TOLERANCE_S and not clock_off_s()


def highest_offer_ma(command: ChargerCommand) -> int | None:
    """The most that it grants at any time; None when it does not say."""
    return max((limit_ma for _, limit_ma in periods_of(command)), default=None)


def periods_of(command: ChargerCommand) -> list[tuple[float, int]]:
    """Seconds from now on and mA per phase. Watts are of the phases that the charger names, else of those that we named."""
    return [
        (period["start_s"], _limit_ma(period, command))
        for period in (command.result or {}).get("granted", ())
    ]


def _limit_ma(period: Mapping[str, Any], command: ChargerCommand) -> int:
    if "limit_ma" in period:
        return int(period["limit_ma"])
    phases = period["phases"] or _phases_named(command)
    return round(float(period["limit_w"]) / (command.charge_point.cluster.voltage_v * int(phases)) * 1000)


def _phases_named(command: ChargerCommand) -> int:
    """On how many phases the running car's limit is, by the newest that the charger took; one where nothing was said."""
    if command.connector is None or not command.connector.in_transaction:
        return 1
    taken = ChargerCommand.objects.filter(
        connector=command.connector, kind=CommandKind.SET_LIMIT, state=CommandState.ACCEPTED
    )
    newest = taken.order_by("-queued_at").first()
    limit = None if newest is None else newest.read_as(SetLimit)
    return 1 if limit is None else limit.phases or 1
