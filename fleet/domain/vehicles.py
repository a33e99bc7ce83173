"""Drivers' cars: by their own numbers, and by what the provider says where one is linked. Advice only (C11)."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from drivers.models import Driver
from evbalancer.common.errors import InvalidInput
from fleet.enums import ConnectionState, PlugState, ReadingSource
from fleet.models import SmartcarConnection, Vehicle, VehicleReading
from fleet.smartcar.gateway import CarInfo, CarState

STALE_AFTER = timedelta(hours=2)
ASK_PLUGGED_EVERY = timedelta(minutes=30)
ASK_OTHERS_EVERY = timedelta(hours=12)
EDITABLE = ("name", "make", "model", "year", "battery_wh", "phases", "max_current_ma")


@transaction.atomic
def add(driver: Driver, **numbers: Any) -> Vehicle:
    """A car by the driver's own numbers."""
    vehicle = Vehicle(community_id=driver.community_id, driver=driver, **numbers)
    _check(vehicle)
    vehicle.save(force_insert=True)
    return vehicle


@transaction.atomic
def edit(vehicle: Vehicle, *, now: datetime, charge_pct: int | None = None, **numbers: Any) -> Vehicle:
    """Change the driver's numbers; a charge level they read off the dashboard counts as a reading of theirs."""
    for name in EDITABLE:
        if name in numbers:
            setattr(vehicle, name, numbers[name])
    _check(vehicle)
    vehicle.save(update_fields=[name for name in EDITABLE if name in numbers])
    if charge_pct is not None:
        record_state(
            vehicle, CarState(measured_at=now, charge_pct=charge_pct), source=ReadingSource.DRIVER, now=now
        )
    return vehicle


def retire(vehicle: Vehicle, *, now: datetime) -> None:
    """Taken from the driver's list; its sessions keep it."""
    Vehicle.objects.filter(pk=vehicle.pk, retired_at=None).update(
        retired_at=now, connection=None, smartcar_id=""
    )


def adopt(driver: Driver, connection: SmartcarConnection, car: CarInfo) -> Vehicle | None:
    """Link a car of the consent; None when another driver of the community has it linked already."""
    held = Vehicle.objects.filter(
        community_id=driver.community_id, smartcar_id=car.smartcar_id, retired_at=None
    )
    existing = held.first()
    if existing is not None and existing.driver_id != driver.pk:
        return None
    if existing is not None:
        existing.connection = connection
        existing.save(update_fields=["connection"])
        return existing
    vehicle: Vehicle = Vehicle.objects.create(
        community_id=driver.community_id,
        driver=driver,
        connection=connection,
        smartcar_id=car.smartcar_id,
        name=f"{car.make} {car.model}".strip()[:80] or "Car",
        make=car.make[:60],
        model=car.model[:60],
        year=car.year,
    )
    return vehicle


@transaction.atomic
def record_state(vehicle: Vehicle, state: CarState, *, source: ReadingSource, now: datetime) -> bool:
    """Store a reading; the newest one is also the car's present. Returns whether it was the newest."""
    VehicleReading.objects.create(
        community_id=vehicle.community_id,
        vehicle=vehicle,
        measured_at=state.measured_at,
        received_at=now,
        source=source,
        charge_pct=state.charge_pct,
        range_km=state.range_km,
        odometer_km=state.odometer_km,
        plug_state=state.plug_state,
        charge_state=state.charge_state,
    )
    newer = Q(charge_at=None) | Q(charge_at__lte=state.measured_at)
    changes: dict[str, Any] = {"plug_state": state.plug_state, "charge_state": state.charge_state}
    if state.charge_pct is not None:
        changes |= {"charge_pct": state.charge_pct, "charge_at": state.measured_at, "charge_source": source}
    if state.range_km is not None:
        changes["range_km"] = state.range_km
    is_newest = bool(Vehicle.objects.filter(newer, pk=vehicle.pk).update(**changes))
    if state.battery_wh:
        # What the driver said stands; the provider only fills a gap.
        Vehicle.objects.filter(pk=vehicle.pk, battery_wh=None).update(battery_wh=state.battery_wh)
    vehicle.refresh_from_db()
    return is_newest


def due_for_state(*, now: datetime) -> QuerySet[Vehicle]:
    """Linked cars worth a call now, the ones that decide something first: plugged in, then those asked longest ago."""
    plugged = Q(plug_state=PlugState.PLUGGED, polled_at__lt=now - ASK_PLUGGED_EVERY)
    others = Q(polled_at__lt=now - ASK_OTHERS_EVERY)
    return (
        Vehicle.objects.filter(Q(polled_at=None) | plugged | others)
        .filter(Q(wait_until=None) | Q(wait_until__lte=now))
        .filter(connection__state=ConnectionState.CONNECTED, retired_at=None)
        .exclude(smartcar_id="")
        .order_by(F("plug_state").asc(), F("polled_at").asc(nulls_first=True), "pk")
    )


def is_stale(vehicle: Vehicle, *, now: datetime) -> bool:
    return vehicle.charge_at is None or now - vehicle.charge_at > STALE_AFTER


def _check(vehicle: Vehicle) -> None:
    if not 1 <= vehicle.phases <= 3:
        raise InvalidInput("phases", "1, 2 or 3.")
    if not 6_000 <= vehicle.max_current_ma <= 80_000:
        raise InvalidInput("max_current_ma", "From 6000 to 80000.")
    if vehicle.battery_wh is not None and not 1_000 <= vehicle.battery_wh <= 500_000:
        raise InvalidInput("battery_wh", "From 1000 to 500000.")
