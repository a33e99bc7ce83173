"""Whether a make ends a limit with its duration and begins a fallback with 0 A, learnt from a composite schedule (promise E13)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chargers.domain.makes.makes import learn_facts
from chargers.enums import SessionState
from chargers.models import ChargerCommand, Connector

PROFILE_GRACE_S = 15
# The most that rounding to tenths of an ampere and a charger's own arithmetic may add.
TOLERANCE_MA = 200


def is_untried(connector: Connector, *, lease_ends_at: datetime) -> bool:
    """Whether its make did not show something yet that this connector could show when its lease ends."""
    make = connector.charge_point.make
    if make is None:
        return False
    if make.honours_duration is None:
        return True
    return (
        make.honours_duration and make.honours_relative is None and _still_waits(connector, at=lease_ends_at)
    )


def learn_from_schedule(
    command: ChargerCommand, periods: Sequence[tuple[float, int]], *, ahead_s: int = 0, now: datetime
) -> None:
    """The evidence about the make in a composite schedule that was read during a lease. `periods`: seconds from then on, and mA.

    The lease ends by the charger's clock, which is `ahead_s` ahead of ours.
    """
    connector, sent_at = command.connector, command.sent_at
    if connector is None or sent_at is None or connector.confirmed_end_at is None:
        return
    ends_at, held_ma = connector.confirmed_end_at - timedelta(seconds=ahead_s), connector.confirmed_ma or 0
    if not periods or not is_untried(connector, lease_ends_at=ends_at):
        return
    if abs(periods[0][1] - held_ma) > TOLERANCE_MA:
        return  # outranked or changed meanwhile: that says nothing of durations
    ends_in_s = (ends_at - sent_at).total_seconds()
    after = [
        limit_ma for start_s, limit_ma in periods if start_s >= ends_in_s - PROFILE_GRACE_S and start_s > 0
    ]
    found = {"honours_duration": bool(after) and after[0] < held_ma}
    if found["honours_duration"] and _still_waits(connector, at=ends_at):
        # Once the lease is over it must say 0 A until the wait is over too, and the fallback from then on.
        fallback_ma = connector.fallback_ma or 0
        found["honours_relative"] = after[0] == 0 and abs(after[-1] - fallback_ma) <= TOLERANCE_MA
    learn_facts(connector.charge_point, **found, tried_at=now)


def _still_waits(connector: Connector, *, at: datetime) -> bool:
    """Whether the fallback of the running transaction should still be at 0 A then."""
    session = connector.sessions.filter(state=SessionState.ACTIVE).first()
    if session is None or session.started_at is None or not connector.fallback_wait_s:
        return False
    waits_until = session.started_at + timedelta(seconds=connector.fallback_wait_s)
    return waits_until - at > timedelta(seconds=PROFILE_GRACE_S)
