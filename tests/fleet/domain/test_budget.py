from datetime import UTC, datetime, timedelta

import pytest

from fleet.domain import budget
from fleet.enums import CallOutcome, CallPurpose
from fleet.errors import CallRefused
from fleet.models import CallBudget, Vehicle
from fleet.smartcar.gateway import Cause, GatewayError
from tests.factories.fleet import VehicleFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.promise("C5")]


def take(vehicle, purpose=CallPurpose.DRIVER, now=NOW, calls=1):
    for _ in range(calls):
        budget.take_call(vehicle, purpose, now=now)


@pytest.fixture
def vehicle():
    return VehicleFactory()


def test_bucket_holds_120_calls_and_refills_at_2_a_minute(vehicle):
    take(vehicle, calls=120)
    with pytest.raises(CallRefused) as refused:
        take(vehicle)
    assert refused.value.until == NOW + timedelta(seconds=30)
    with pytest.raises(CallRefused):
        take(vehicle, now=NOW + timedelta(seconds=29))
    take(vehicle, now=NOW + timedelta(seconds=30))
    assert budget.read_level(now=NOW + timedelta(hours=3)).calls == 120


def test_routine_leaves_a_reserve_to_the_driver(vehicle):
    Vehicle.objects.update(calls_in_month=0)
    cars = VehicleFactory.create_batch(5)
    for number in range(100):
        take(cars[number % 5], CallPurpose.STATE)
    assert budget.remaining_calls(now=NOW) == 0
    with pytest.raises(CallRefused):
        take(vehicle, CallPurpose.STATE)
    take(vehicle, CallPurpose.CONTROL)


def test_month_of_a_car_ends_and_begins(vehicle, settings):
    settings.SMARTCAR_CALLS_PER_CAR_AND_MONTH = 3
    take(vehicle, calls=3)
    with pytest.raises(CallRefused) as refused:
        take(vehicle)
    assert refused.value.until == datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
    take(vehicle, now=datetime(2026, 12, 1, 0, 6, tzinfo=UTC))
    vehicle.refresh_from_db()
    assert budget.calls_used(vehicle, now=datetime(2026, 12, 1, 1, tzinfo=UTC)) == 1


def test_routine_is_spread_over_the_month(vehicle):
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert budget._allowance(CallPurpose.STATE, now=first) == 40
    assert budget._allowance(CallPurpose.STATE, now=last) == 400
    assert budget._allowance(CallPurpose.DRIVER, now=first) == 500


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (GatewayError("x", retry_after=timedelta(hours=3)), timedelta(hours=3)),
        (GatewayError("x", retry_after=timedelta(0)), timedelta(minutes=1)),
        (GatewayError("x", cause=Cause.RATE_CAR), timedelta(minutes=15)),
        (GatewayError("x", cause=Cause.ASLEEP), timedelta(minutes=15)),
        (GatewayError("x", cause=Cause.TOKEN), timedelta(minutes=1)),
        (GatewayError("x", cause=Cause.PERMISSION, permanent=True), timedelta(hours=24)),
        (GatewayError("x", cause=Cause.BILLING_CAR), datetime(2026, 12, 1, 0, 5, tzinfo=UTC) - NOW),
    ],
)
def test_car_is_left_alone_as_long_as_it_asks(vehicle, error, wait):
    budget.note_failed_call(vehicle.pk, CallPurpose.STATE, error, now=NOW)
    vehicle.refresh_from_db()
    assert vehicle.wait_until == NOW + wait
    with pytest.raises(CallRefused) as refused:
        take(vehicle, now=NOW + wait - timedelta(seconds=1))
    assert refused.value.until == vehicle.wait_until
    take(vehicle, now=NOW + wait)


def test_car_that_fails_again_is_left_alone_for_longer(vehicle):
    waits = []
    for _ in range(9):
        budget.note_failed_call(vehicle.pk, CallPurpose.STATE, GatewayError("x"), now=NOW)
        vehicle.refresh_from_db()
        waits.append((vehicle.wait_until - NOW) / timedelta(minutes=15))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 96, 96]
    budget.note_answered_call(vehicle.pk, CallPurpose.STATE, now=NOW)
    vehicle.refresh_from_db()
    assert (vehicle.failures, vehicle.wait_until) == (0, None)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (GatewayError("x", cause=Cause.RATE_APPLICATION), timedelta(minutes=5)),
        (
            GatewayError("x", cause=Cause.RATE_APPLICATION, retry_after=timedelta(hours=2)),
            timedelta(hours=2),
        ),
        (GatewayError("x", cause=Cause.BILLING_APPLICATION), timedelta(hours=24)),
    ],
)
def test_limit_of_the_application_holds_for_every_car(vehicle, error, wait):
    other = VehicleFactory()
    budget.note_failed_call(vehicle.pk, CallPurpose.STATE, error, now=NOW)
    assert budget.read_level(now=NOW).wait_until == NOW + wait
    assert budget.remaining_calls(now=NOW) == 0
    with pytest.raises(CallRefused):
        take(other, now=NOW + wait - timedelta(seconds=1))
    take(other, now=NOW + wait)


def test_shorter_wait_does_not_end_a_longer_one(vehicle):
    long = GatewayError("x", cause=Cause.BILLING_APPLICATION)
    budget.note_failed_call(vehicle.pk, CallPurpose.STATE, long, now=NOW)
    budget.note_failed_call(
        vehicle.pk, CallPurpose.STATE, GatewayError("x", cause=Cause.RATE_APPLICATION), now=NOW
    )
    assert CallBudget.objects.get().wait_until == NOW + timedelta(hours=24)


def test_calls_are_counted_by_what_they_were_for(vehicle):
    budget.note_answered_call(vehicle.pk, CallPurpose.DRIVER, now=NOW)
    budget.note_answered_call(vehicle.pk, CallPurpose.DRIVER, now=NOW)
    budget.note_failed_call(vehicle.pk, CallPurpose.STATE, GatewayError("x"), now=NOW)
    budget.note_failed_call(vehicle.pk, CallPurpose.STATE, GatewayError("x", cause=Cause.RATE_CAR), now=NOW)
    budget.take_for_connecting(4, now=NOW)
    assert budget.spent_on(NOW.date()) == {
        (CallPurpose.DRIVER, CallOutcome.ANSWERED): 2,
        (CallPurpose.STATE, CallOutcome.FAILED): 1,
        (CallPurpose.STATE, CallOutcome.REFUSED): 1,
        (CallPurpose.CONNECT, CallOutcome.ANSWERED): 4,
    }


def test_connecting_is_never_refused_but_counts(vehicle):
    take(vehicle, calls=118)
    budget.take_for_connecting(5, now=NOW)
    with pytest.raises(CallRefused):
        take(vehicle)


def test_clock_that_steps_back_fills_nothing(vehicle):
    take(vehicle, calls=120)
    with pytest.raises(CallRefused):
        take(vehicle, now=NOW - timedelta(hours=1))
