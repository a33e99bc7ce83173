"""What a charger really grants: its composite schedule, read back, and what that says of its make and of profiles of others."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.exposure import Span
from chargers.models import ChargerCommand, Connector, Make, Session
from chargers.orders.charging import ReadLimit

READ_AGAIN_AFTER = timedelta(minutes=10)
READ_BEYOND_S = 60
PROFILE_GRACE_S = 15
READ_OUTRANKED_AFTER = timedelta(seconds=20)
# What rounding to tenths of an ampere and a charger's own arithmetic may add.
TOLERANCE_MA = 200
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
    make = connector.charge_point.make
    if span.limit_ma == 0 and connector.uncontrollable_since is None:
        return
    lease_s = span.end_s - now.timestamp()
    is_lease = lease_s <= settings.LEASE_S + PROFILE_GRACE_S
    if connector.uncontrollable_since is not None:
        is_due = read_at is None or read_at <= now - READ_OUTRANKED_AFTER
    elif (
        is_lease
        and make is not None
        and _is_open(make, connector, at=datetime.fromtimestamp(span.end_s, UTC))
    ):
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
    """What a composite schedule grants at its beginning; None when it does not say."""
    periods = periods_of(command)
    return periods[0][1] if periods else None


def highest_offer_ma(command: ChargerCommand) -> int | None:
    """The most that it grants at any time; None when it does not say."""
    return max((limit_ma for _, limit_ma in periods_of(command)), default=None)


def learn_of_make(command: ChargerCommand, *, now: datetime) -> None:
    """What a composite schedule, read while a lease was in force, says of the make."""
    connector, make, sent_at = command.connector, command.charge_point.make, command.sent_at
    if connector is None or make is None or sent_at is None or connector.confirmed_end_at is None:
        return
    fallback_ma = connector.fallback_ma or 0
    held_ma, ends_in_s = connector.confirmed_ma or 0, (connector.confirmed_end_at - sent_at).total_seconds()
    periods = periods_of(command)
    ends_at = connector.confirmed_end_at
    if not periods or not _is_open(make, connector, at=ends_at):
        return
    if abs(periods[0][1] - held_ma) > TOLERANCE_MA:
        return  # outranked or changed meanwhile: that says nothing of durations
    after = [
        limit_ma for start_s, limit_ma in periods if start_s >= ends_in_s - PROFILE_GRACE_S and start_s > 0
    ]
    make.honours_duration = bool(after) and after[0] < held_ma
    if make.honours_duration and _still_waits(connector, at=ends_at):
        # Once the lease is over it must say 0 A until the wait is over too, and the fallback from then on.
        make.honours_relative = after[0] == 0 and abs(after[-1] - fallback_ma) <= TOLERANCE_MA
    make.tried_at = now
    make.save(update_fields=["honours_duration", "honours_relative", "tried_at"])


def _is_open(make: Make, connector: Connector, *, at: datetime) -> bool:
    """Whether something is not known yet that this connector could show of the moment `at`, when its lease ends."""
    if make.honours_duration is None:
        return True
    return make.honours_duration and make.honours_relative is None and _still_waits(connector, at=at)


def _still_waits(connector: Connector, *, at: datetime) -> bool:
    """Whether the fallback of the running transaction should still be at 0 A then."""
    session = connector.sessions.filter(state=SessionState.ACTIVE).first()
    if session is None or session.started_at is None or not connector.fallback_wait_s:
        return False
    waits_until = session.started_at + timedelta(seconds=connector.fallback_wait_s)
    return waits_until - at > timedelta(seconds=PROFILE_GRACE_S)


def periods_of(command: ChargerCommand) -> list[tuple[float, int]]:
    """Seconds from now on and mA per phase. Watts are of the phases that the charger names, else of those that we named."""
    schedule = (command.result or {}).get("chargingSchedule") or {}
    unit = schedule.get("chargingRateUnit")
    phases = _phases_named(command) if unit == "W" else 1
    found = []
    for period in schedule.get("chargingSchedulePeriod", []):
        amperes = float(period["limit"])
        if unit == "W":
            amperes /= command.charge_point.cluster.voltage_v * (period.get("numberPhases") or phases)
        found.append((float(period["startPeriod"]), round(amperes * 1000)))
    return found if unit in ("A", "W") else []


def _phases_named(command: ChargerCommand) -> int:
    """On how many phases the running car's limit is, by the newest that the charger took; one where nothing was said."""
    if command.connector is None or not command.connector.in_transaction:
        return 1
    taken = ChargerCommand.objects.filter(
        connector=command.connector, kind=CommandKind.SET_LIMIT, state=CommandState.ACCEPTED
    )
    newest = taken.order_by("-queued_at").first()
    return 1 if newest is None else int(newest.arguments.get("phases") or 1)
