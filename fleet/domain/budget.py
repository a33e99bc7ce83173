"""The calls that may be made now: the application's bucket, a car's calls of the month, and pauses that the provider asked for.

Smartcar's defaults: a bucket of 120 calls that refills at 2 a minute, 500 calls a car and month
(https://smartcar.com/docs/help/api-limits). A batch is one call.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from evbalancer.common.words.said import Said
from fleet.enums import CallOutcome, CallPurpose
from fleet.errors import CallRefused
from fleet.models import CallBudget, CallCount, Vehicle
from fleet.smartcar.gateway import Cause, GatewayError

KEY = "smartcar"
CALL = 1_000
# Routine never takes the last calls: a driver who asks, starts or stops must not find the bucket empty.
RESERVE = 20
ROUTINE_SHARE = 0.8
HEAD_START = 40

SHORTEST = timedelta(minutes=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=24)
APPLICATION_WAIT, LONGEST_APPLICATION_WAIT = timedelta(minutes=5), timedelta(hours=1)
BILLING_WAIT = timedelta(hours=24)
LIMITS = frozenset(
    {Cause.RATE_CAR, Cause.RATE_APPLICATION, Cause.BILLING_CAR, Cause.BILLING_APPLICATION},
)


@dataclass(frozen=True, slots=True)
class Level:
    """The bucket now: calls that are left, and until when the provider wants none."""

    calls: float
    wait_until: datetime | None
    wait_reason: str


def read_level(*, now: datetime) -> Level:
    row = CallBudget.objects.filter(key=KEY).first()
    if row is None:
        return Level(settings.SMARTCAR_CALLS_AT_ONCE, None, "")
    waits = row.wait_until is not None and row.wait_until > now
    return Level(
        _filled(row, now=now) / CALL, row.wait_until if waits else None, row.wait_reason if waits else ""
    )


def remaining_calls(*, now: datetime) -> int:
    """How many routine calls could be made now."""
    found = read_level(now=now)
    return 0 if found.wait_until is not None else max(0, int(found.calls) - RESERVE)


@transaction.atomic
def take_call(vehicle: Vehicle, purpose: CallPurpose, *, now: datetime) -> None:
    """Spend one call on the car. Raises CallRefused, with `until` where it is known; nothing is spent then."""
    bucket = _bucket(now=now)
    if bucket.wait_until is not None and bucket.wait_until > now:
        raise CallRefused(Said("refusal.provider_rests"), until=bucket.wait_until)
    car = (
        Vehicle.objects.select_for_update(no_key=True)
        .only("wait_until", "calls_month", "calls_in_month")
        .get(pk=vehicle.pk)
    )
    if car.wait_until is not None and car.wait_until > now:
        raise CallRefused(Said("refusal.car_rests"), until=car.wait_until)
    used = calls_used(car, now=now)
    if used >= _allowance(purpose, now=now):
        raise CallRefused(Said("refusal.calls_of_month_spent"), until=_next_month(now))
    kept_back = RESERVE * CALL if purpose == CallPurpose.STATE else 0
    if bucket.level_milli < CALL + kept_back:
        raise CallRefused(Said("refusal.too_many_calls"), until=now + _refill_time(1))
    bucket.level_milli -= CALL
    bucket.save(update_fields=["level_milli", "filled_at"])
    car.calls_month, car.calls_in_month = now.date().replace(day=1), used + 1
    car.save(update_fields=["calls_month", "calls_in_month"])


@transaction.atomic
def take_for_connecting(calls: int, *, now: datetime) -> None:
    """A person waits on the other side: these calls are made in any case, and the others wait for the bucket to fill."""
    bucket = _bucket(now=now)
    bucket.level_milli = max(0, bucket.level_milli - calls * CALL)
    bucket.save(update_fields=["level_milli", "filled_at"])
    _count(CallPurpose.CONNECT, CallOutcome.ANSWERED, calls, now=now)


@transaction.atomic
def note_answered_call(vehicle_id: UUID, purpose: CallPurpose, *, now: datetime) -> None:
    _count(purpose, CallOutcome.ANSWERED, 1, now=now)
    Vehicle.objects.filter(pk=vehicle_id).update(failures=0, wait_until=None, wait_reason="")
    CallBudget.objects.filter(key=KEY, failures__gt=0).update(failures=0)


@transaction.atomic
def note_failed_call(vehicle_id: UUID, purpose: CallPurpose, error: GatewayError, *, now: datetime) -> None:
    """Leave alone who asked for it, for as long as they asked; without a word longer from failure to failure."""
    outcome = CallOutcome.REFUSED if error.cause in LIMITS else CallOutcome.FAILED
    _count(purpose, outcome, 1, now=now)
    if error.cause in (Cause.RATE_APPLICATION, Cause.BILLING_APPLICATION):
        _rest_application(error, now=now)
        return
    car = Vehicle.objects.select_for_update(no_key=True).get(pk=vehicle_id)
    car.failures = min(car.failures + 1, 100)
    car.wait_until = now + _car_wait(error, car.failures, now=now)
    car.wait_reason = error.cause.value
    car.save(update_fields=["failures", "wait_until", "wait_reason"])


def calls_used(vehicle: Vehicle, *, now: datetime) -> int:
    """The car's calls in the month of `now`."""
    return vehicle.calls_in_month if vehicle.calls_month == now.date().replace(day=1) else 0


def spent_on(day: date) -> dict[tuple[str, str], int]:
    """Calls by purpose and outcome."""
    rows: Iterable[CallCount] = CallCount.objects.filter(day=day)
    return {(row.purpose, row.outcome): row.calls for row in rows}


def _bucket(*, now: datetime) -> CallBudget:
    """The one row, locked, filled up to now. The provider's bucket may be fuller than ours, never emptier for long."""
    rows = CallBudget.objects.select_for_update(no_key=True).filter(key=KEY)
    bucket = rows.first()
    if bucket is None:
        full = {"level_milli": settings.SMARTCAR_CALLS_AT_ONCE * CALL, "filled_at": now}
        CallBudget.objects.get_or_create(key=KEY, defaults=full)
        bucket = rows.get()
    bucket.level_milli = _filled(bucket, now=now)
    bucket.filled_at = max(bucket.filled_at, now)
    return bucket


def _filled(bucket: CallBudget, *, now: datetime) -> int:
    passed_ms = max(0, int((now - bucket.filled_at).total_seconds() * 1000))
    gained = passed_ms * settings.SMARTCAR_CALLS_PER_MINUTE // 60
    return int(min(settings.SMARTCAR_CALLS_AT_ONCE * CALL, bucket.level_milli + gained))


def _refill_time(calls: int) -> timedelta:
    return timedelta(minutes=calls / max(settings.SMARTCAR_CALLS_PER_MINUTE, 0.01))


def _allowance(purpose: CallPurpose, *, now: datetime) -> int:
    """Routine calls are spread over the month and leave a fifth of it to the driver."""
    most = settings.SMARTCAR_CALLS_PER_CAR_AND_MONTH
    if purpose != CallPurpose.STATE:
        return int(most)
    passed = (now.day - 1 + (now.hour * 60 + now.minute) / 1440) / monthrange(now.year, now.month)[1]
    routine = most * ROUTINE_SHARE
    return int(min(routine, HEAD_START + routine * passed))


def _next_month(now: datetime) -> datetime:
    days = monthrange(now.year, now.month)[1]
    return datetime.combine(now.date().replace(day=days) + timedelta(days=1), time(0, 5), tzinfo=UTC)


def _car_wait(error: GatewayError, failures: int, *, now: datetime) -> timedelta:
    if error.retry_after is not None:
        return max(SHORTEST, error.retry_after)
    if error.cause == Cause.BILLING_CAR:
        return _next_month(now) - now
    if error.cause == Cause.TOKEN:
        return SHORTEST
    if error.permanent:
        return LONGEST_WAIT
    return _doubled(FIRST_WAIT, failures, most=LONGEST_WAIT)


def _rest_application(error: GatewayError, *, now: datetime) -> None:
    bucket = _bucket(now=now)
    bucket.failures = min(bucket.failures + 1, 100)
    if error.retry_after is not None:
        wait = max(SHORTEST, error.retry_after)
    elif error.cause == Cause.BILLING_APPLICATION:
        wait = BILLING_WAIT
    else:
        wait = _doubled(APPLICATION_WAIT, bucket.failures, most=LONGEST_APPLICATION_WAIT)
    bucket.wait_until = max(now + wait, bucket.wait_until or now)
    bucket.wait_reason = error.cause.value
    # It says that the bucket is empty: it knows of calls that we do not.
    bucket.level_milli = 0
    bucket.save()


def _doubled(first: timedelta, failures: int, *, most: timedelta) -> timedelta:
    return min(most, first * int(2 ** min(failures - 1, 10)))


def _count(purpose: CallPurpose, outcome: CallOutcome, calls: int, *, now: datetime) -> None:
    key: dict[str, Any] = {"day": now.date(), "purpose": purpose, "outcome": outcome}
    more = {"calls": F("calls") + calls}
    if not CallCount.objects.filter(**key).update(**more):
        CallCount.objects.get_or_create(**key)
        CallCount.objects.filter(**key).update(**more)
