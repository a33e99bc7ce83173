"""A day of a thousand cars: the calls go where a decision depends on them, and never beyond what the provider allows (C5)."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evbalancer.common.security.encryption import encrypt
from fleet.domain import budget, polling
from fleet.enums import ConnectionState, PlugState
from fleet.errors import CallRefused
from fleet.models import SmartcarConnection, Stay, Vehicle
from fleet.smartcar.gateway import Cause, GatewayError
from fleet.smartcar.mock import MockGateway
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory

NOW = datetime(2026, 11, 15, 0, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.promise("C5")]


def connection_of(driver, number=0):
    return SmartcarConnection(
        community=driver.community,
        driver=driver,
        smartcar_user_id=f"user-{number}",
        state=ConnectionState.CONNECTED,
        state_since=NOW,
        access_token_encrypted=encrypt(f"mock-access.user-{number}.0"),
        access_expires_at=NOW + timedelta(days=30),
        refresh_token_encrypted=encrypt(f"mock-refresh.user-{number}.0"),
        refreshed_at=NOW,
    )


def linked(driver, **changes):
    connection = connection_of(driver, uuid4())
    connection.save()
    given = {"connection": connection, "smartcar_id": f"mock-{uuid4()}"} | changes
    return VehicleFactory(driver=driver, **given)


def stay(vehicle, **changes):
    given = {"began_at": NOW - timedelta(hours=5), "confidence_pct": 90} | changes
    return Stay.objects.create(
        community=vehicle.community, session_id=uuid4(), driver=vehicle.driver, vehicle=vehicle, **given
    )


@pytest.fixture
def driver():
    return DriverFactory()


def test_cars_are_asked_in_the_order_in_which_a_decision_needs_them(driver):
    long_ago = NOW - timedelta(hours=13)
    away = linked(driver, polled_at=long_ago)
    elsewhere = linked(driver, polled_at=long_ago, plug_state="plugged")
    here = linked(driver, polled_at=long_ago)
    planned = linked(driver, polled_at=NOW - timedelta(minutes=31))
    stay(here)
    stay(planned, needed_by=NOW + timedelta(hours=6))
    assert list(polling.find_due(now=NOW)) == [planned, here, elsewhere, away]


def test_car_is_asked_as_often_as_its_need_is(driver):
    cars = {"away": linked(driver), "plugged": linked(driver, plug_state="plugged"), "here": linked(driver)}
    cars["planned"] = linked(driver)
    stay(cars["here"])
    stay(cars["planned"], needed_by=NOW + timedelta(days=1))
    Vehicle.objects.update(polled_at=NOW)
    hours = {
        name: next(
            step / 4
            for step in range(100)
            if polling.find_due(now=NOW + step * timedelta(minutes=15)).filter(pk=car.pk)
        )
        for name, car in cars.items()
    }
    assert hours == {"planned": 0.5, "here": 1, "plugged": 3, "away": 12}


def test_car_that_has_just_come_is_asked_at_once(driver):
    car = linked(driver, polled_at=NOW - timedelta(minutes=10))
    assert not polling.find_due(now=NOW).exists()
    stay(car, began_at=NOW - timedelta(minutes=1))
    assert list(polling.find_due(now=NOW)) == [car]


@pytest.mark.parametrize(
    "changes",
    [
        {"retired_at": NOW},
        {"connection": None},
        {"smartcar_id": ""},
        {"wait_until": NOW + timedelta(seconds=1)},
    ],
)
def test_car_that_is_not_to_be_asked_is_not(driver, changes):
    linked(driver, **changes)
    assert not polling.find_due(now=NOW).exists()


def test_driver_may_ask_once_a_minute(driver):
    car = linked(driver)
    assert polling.ask_for_driver(car, MockGateway(), now=NOW)
    with pytest.raises(CallRefused) as refused:
        polling.ask_for_driver(car, MockGateway(), now=NOW + timedelta(seconds=59))
    assert refused.value.until == NOW + timedelta(minutes=1)


def test_car_without_a_call_left_keeps_its_turn(driver, settings):
    settings.SMARTCAR_CALLS_PER_CAR_AND_MONTH = 0
    car = linked(driver)
    with pytest.raises(CallRefused):
        polling.ask_car(car, MockGateway(), now=NOW)
    car.refresh_from_db()
    assert car.polled_at is None


def test_token_that_is_refused_is_renewed_before_the_next_call(driver):
    class Refuses(MockGateway):
        def state(self, *args, **kwargs):
            raise GatewayError("x", cause=Cause.TOKEN)

    car = linked(driver)
    assert polling.ask_car(car, Refuses(), now=NOW) is None
    later = NOW + timedelta(minutes=2)
    car.refresh_from_db()
    assert polling.ask_car(car, MockGateway(), now=later)
    assert SmartcarConnection.objects.get().refreshed_at == later


class Strict(MockGateway):
    """Counts what it is asked, refuses some, and knows whom it told to wait until when, and what each car said last."""

    def __init__(self):
        self.calls, self.waits, self.too_soon = Counter(), {}, []
        self.said, self.gaps = {}, defaultdict(list)
        self.application_until = NOW
        self.times = []

    def state(self, access, smartcar_id, *, now, with_location=False):
        self.times.append(now)
        self.calls[smartcar_id] += 1
        if now < self.waits.get(smartcar_id, now) or now < self.application_until:
            self.too_soon.append((smartcar_id, now))
        number = len(self.times)
        if number % 701 == 0:
            self.application_until = now + timedelta(minutes=40)
            raise GatewayError("x", cause=Cause.RATE_APPLICATION, retry_after=timedelta(minutes=40))
        if number % 13 == 0:
            self.waits[smartcar_id] = now + timedelta(hours=2)
            raise GatewayError("x", cause=Cause.RATE_CAR, retry_after=timedelta(hours=2))
        state = super().state(access, smartcar_id, now=now)
        if smartcar_id in self.said:
            at, plug_state = self.said[smartcar_id]
            self.gaps[smartcar_id, plug_state].append(now - at)
        self.said[smartcar_id] = now, state.plug_state
        return state


@pytest.mark.drill
def test_thousand_cars_keep_within_the_budget_for_a_day(driver):
    count, plans = 1_000, 30
    connections = SmartcarConnection.objects.bulk_create(
        connection_of(driver, number) for number in range(count)
    )
    cars = Vehicle.objects.bulk_create(
        Vehicle(
            community=driver.community,
            driver=driver,
            connection=connection,
            smartcar_id=f"mock-user-{number}",
            name=str(number),
        )
        for number, connection in enumerate(connections)
    )
    for car in cars[:plans]:
        stay(car, began_at=NOW, needed_by=NOW + timedelta(hours=24))
    strict = Strict()
    for minutes in range(0, 24 * 60, 10):
        polling.refresh_states(strict, now=NOW + timedelta(minutes=minutes))
    assert strict.too_soon == []
    # 120 at once, and two a minute for a day; a bucket of our own shows that no span of time ever takes more.
    assert len(strict.times) <= 120 + 2 * 24 * 60
    level, last = 120.0, NOW
    for at in strict.times:
        level = min(120.0, level + (at - last) / timedelta(seconds=30)) - 1
        last = at
        assert level >= 0
    # Those on which a plan depends had most of what they may have, the rest a turn each.
    planned = sum(strict.calls[car.smartcar_id] for car in cars[:plans]) / plans
    others = sum(strict.calls[car.smartcar_id] for car in cars[plans:]) / (count - plans)
    assert planned > 20
    assert 1 <= others <= 3
    assert all(strict.calls[car.smartcar_id] >= 1 for car in cars)
    # What the others say moves them up and down: plugged in they are asked again sooner, and never sooner than they need.
    gaps = {
        plug_state: [
            gap for car in cars[plans:] for gap in strict.gaps.get((car.smartcar_id, plug_state), [])
        ]
        for plug_state in (PlugState.PLUGGED, PlugState.UNPLUGGED)
    }
    assert min(gaps[PlugState.PLUGGED]) == timedelta(hours=3)
    assert min(gaps[PlugState.UNPLUGGED]) >= timedelta(hours=12)
    assert sum(budget.spent_on(NOW.date()).values()) == len(strict.times)
