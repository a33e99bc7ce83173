"""Drivers' cars: by their own numbers, and by what the provider says where one is linked. Advice only (C11)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery

from drivers.models import Driver
from evbalancer.common.db.batches import Ledger, dated_ledger
from evbalancer.common.errors import InvalidInput, invalid_row
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said
from fleet.domain import curve, location
from fleet.enums import ChargeState, PlugState, ReadingSource
from fleet.events import VehicleReported
from fleet.models import SmartcarConnection, Vehicle, VehicleReading
from fleet.smartcar.gateway import CarInfo, CarState

# By then a car may have gained or used a third of its battery.
STALE_AFTER = timedelta(hours=2)
TOO_OLD_TO_PLAN = timedelta(hours=24)
FULL_LASTS = timedelta(hours=1)
READINGS_KEPT = timedelta(days=90)
PACE_NEEDS_S = 600
SAID = ("charge_pct", "range_km", "odometer_km", "charge_limit_pct", "plug_state", "charge_state")
SILENT = (None, PlugState.UNKNOWN, ChargeState.UNKNOWN)
COLUMN_OF_TIME = {"charge_pct": "charge_at", "plug_state": "plug_at", "charge_state": "charging_at"}
EDITABLE = ("name", "make", "model", "year", "battery_wh", "phases", "max_current_ma", "shares_location")


@transaction.atomic
def add_vehicle(driver: Driver, **numbers: Any) -> Vehicle:
    """A car by the driver's own numbers."""
    vehicle = Vehicle(community_id=driver.community_id, driver=driver, **numbers)
    _check(vehicle, numbers)
    vehicle.save(force_insert=True)
    return vehicle


@transaction.atomic
def edit_vehicle(
    vehicle: Vehicle, *, now: datetime, charge_pct: int | None = None, **numbers: Any
) -> Vehicle:
    """Change the driver's numbers; a charge level they read off the dashboard counts as a reading of theirs."""
    for name in EDITABLE:
        if name in numbers:
            setattr(vehicle, name, numbers[name])
    _check(vehicle, numbers)
    if not vehicle.shares_location:
        vehicle.is_here = vehicle.here_at = None
    vehicle.save(update_fields=[*(name for name in EDITABLE if name in numbers), "is_here", "here_at"])
    if charge_pct is not None:
        record_state(
            vehicle, CarState(measured_at=now, charge_pct=charge_pct), source=ReadingSource.DRIVER, now=now
        )
    return vehicle


def retire_vehicle(vehicle: Vehicle, *, now: datetime) -> None:
    """Taken from the driver's list; its sessions keep it."""
    Vehicle.objects.filter(pk=vehicle.pk, retired_at=None).update(
        retired_at=now, connection=None, smartcar_id="", shares_location=False, is_here=None, here_at=None
    )


def adopt_vehicle(driver: Driver, connection: SmartcarConnection, car: CarInfo) -> Vehicle | None:
    """Link a car of the consent; None when another driver of the community has it linked already.

    A car of the same make that the driver entered by hand becomes the linked one: it is not there twice.
    """
    held = Vehicle.objects.filter(
        community_id=driver.community_id, smartcar_id=car.smartcar_id, retired_at=None
    )
    existing = held.first()
    if existing is not None and existing.driver_id != driver.pk:
        return None
    if existing is None:
        by_hand = Vehicle.objects.filter(driver=driver, connection=None, retired_at=None)
        same = list(by_hand.filter(make__iexact=car.make, model__iexact=car.model)[:2]) if car.make else []
        existing = same[0] if len(same) == 1 else None
    if existing is not None:
        existing.connection, existing.smartcar_id = connection, car.smartcar_id
        existing.wait_until, existing.failures = None, 0
        existing.save(update_fields=["connection", "smartcar_id", "wait_until", "failures"])
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
    """Store a reading, and update the car with each fact that is the newest of its kind. Returns whether anything was new.

    Each fact has a time of its own: webhooks bring them apart and in any order, and some with an error in place of a value. A car that stands says the same again and
    again, of the same moment: that is no news.
    """
    vehicle.refresh_from_db(from_queryset=Vehicle.objects.select_for_update(no_key=True))
    if _is_known(vehicle, state):
        return False
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
        charge_limit_pct=state.charge_limit_pct,
    )
    changes = _changes(vehicle, state, source=source)
    if state.battery_wh and vehicle.battery_wh is None:
        # The driver's word stands; the provider only fills a gap.
        changes["battery_wh"] = state.battery_wh
    if state.position is not None and vehicle.shares_location:
        at = state.times.get("position") or now
        if vehicle.here_at is None or vehicle.here_at <= at:
            changes |= {"is_here": location.is_here(vehicle.community_id, state.position), "here_at": at}
    if not changes:
        return False
    for name, value in changes.items():
        setattr(vehicle, name, value)
    vehicle.save(update_fields=list(changes))
    publish(
        VehicleReported(
            vehicle_id=vehicle.pk,
            driver_id=vehicle.driver_id,
            community_id=vehicle.community_id,
            is_full=is_full(vehicle, now=now),
        )
    )
    return True


def _is_known(vehicle: Vehicle, state: CarState) -> bool:
    """Of the same moments, and the same in everything that it says."""
    said = _said(state)
    return state.position is None and all(
        getattr(vehicle, fact) == value and known_at(vehicle, fact) == state.told_at(fact)
        for fact, value in said.items()
    )


def _said(state: CarState) -> dict[str, Any]:
    """The facts that it reports. A fact that it leaves out, or that can't be read, stays as it is."""
    told = {fact: getattr(state, fact) for fact in SAID}
    return {fact: value for fact, value in told.items() if value not in SILENT}


def known_at(vehicle: Vehicle, fact: str) -> datetime | None:
    """When the car said what is known of this."""
    if fact in COLUMN_OF_TIME:
        at: datetime | None = getattr(vehicle, COLUMN_OF_TIME[fact])
        return at
    stored = vehicle.facts_at.get(fact)
    return None if stored is None else datetime.fromisoformat(stored)


def _changes(vehicle: Vehicle, state: CarState, *, source: ReadingSource) -> dict[str, Any]:
    """Each fact on its own: replaced by a word about itself that isn't older than the last."""
    changes: dict[str, Any] = {}
    facts_at = dict(vehicle.facts_at)
    for fact, value in _said(state).items():
        at, known = state.told_at(fact), known_at(vehicle, fact)
        if known is not None and known > at:
            continue
        changes[fact] = value
        if fact in COLUMN_OF_TIME:
            changes[COLUMN_OF_TIME[fact]] = at
        else:
            facts_at[fact] = at.isoformat()
    if facts_at != vehicle.facts_at:
        changes["facts_at"] = facts_at
    if "charge_pct" in changes:
        changes["charge_source"] = source
    if changes.get("plug_state", vehicle.plug_state) != vehicle.plug_state:
        changes["plugged_since"] = changes["plug_at"] if changes["plug_state"] == PlugState.PLUGGED else None
    return changes


def learn_least(vehicle: Vehicle, *, least_ma: int) -> None:
    """Keep below which limit this car falls asleep; 0: below none that we know of."""
    vehicle.least_ma = least_ma or None
    vehicle.save(update_fields=["least_ma"])


def is_stale(vehicle: Vehicle, *, now: datetime) -> bool:
    return vehicle.charge_at is None or now - vehicle.charge_at > STALE_AFTER


def is_full(vehicle: Vehicle, *, now: datetime) -> bool:
    """Whether the car itself says, lately and while plugged in, that it takes no more."""
    if vehicle.charging_at is None or now - vehicle.charging_at > FULL_LASTS:
        return False
    if vehicle.plug_state == PlugState.UNPLUGGED:
        return False
    return vehicle.charge_state == ChargeState.FULL


def energy_to_reach(vehicle: Vehicle, target_pct: int, *, now: datetime) -> int:
    """The energy that a charger must deliver, in Wh, so that the car holds `target_pct`. Raises InvalidInput about a missing fact."""
    battery_wh = vehicle.usable_wh
    if battery_wh is None or vehicle.charge_pct is None:
        raise InvalidInput("target_pct", Said("refusal.charge_unknown"), code="charge_unknown")
    if vehicle.charge_at is None or now - vehicle.charge_at > TOO_OLD_TO_PLAN:
        raise InvalidInput("target_pct", Said("refusal.charge_stale"), code="charge_stale")
    if target_pct <= vehicle.charge_pct:
        why = Said("refusal.charge_reached", {"charge_pct": vehicle.charge_pct})
        raise InvalidInput("target_pct", why, code="charge_reached")
    return curve.energy_wh(battery_wh=battery_wh, from_pct=vehicle.charge_pct, to_pct=target_pct)


def forecast_full(vehicle: Vehicle, *, power_w: int | None = None, now: datetime) -> datetime | None:
    """When the car will hold what it charges to, by its own word; None while it does not charge or too little is known.

    `power_w`: its draw as measured; without it the pace of its own last readings counts.
    """
    battery_wh, target_pct = vehicle.usable_wh, vehicle.charge_limit_pct or 100
    if battery_wh is None or vehicle.charge_pct is None or is_stale(vehicle, now=now):
        return None
    if vehicle.charge_pct >= target_pct:
        return None
    if power_w is None:
        if vehicle.charge_state != ChargeState.CHARGING:
            return None
        power_w = _own_pace_w(vehicle, battery_wh)
    left_s = curve.seconds_to(
        target_pct,
        battery_wh=battery_wh,
        from_pct=vehicle.charge_pct,
        power_w=power_w or 0,
        tapers=vehicle.taper,
    )
    return (
        None if left_s is None or vehicle.charge_at is None else vehicle.charge_at + timedelta(seconds=left_s)
    )


def _own_pace_w(vehicle: Vehicle, battery_wh: int) -> int | None:
    if vehicle.plugged_since is None:
        return None
    rows = vehicle.readings.filter(measured_at__gte=vehicle.plugged_since, charge_pct__isnull=False)
    newest, oldest = rows.order_by("-measured_at").first(), rows.order_by("measured_at").first()
    if newest is None or oldest is None or newest.charge_pct is None or oldest.charge_pct is None:
        return None
    gained_pct = newest.charge_pct - oldest.charge_pct
    lasted_s = (newest.measured_at - oldest.measured_at).total_seconds()
    if gained_pct <= 0 or lasted_s < PACE_NEEDS_S:
        return None
    return round(battery_wh * gained_pct / 100 * 3600 / lasted_s / curve.EFFICIENCY)


def _check(vehicle: Vehicle, given: Collection[str]) -> None:
    """Judge the driver's numbers by the rules of their columns. Numbers that the provider filled in are not the driver's fault."""
    try:
        vehicle.clean_fields(exclude={field.name for field in vehicle._meta.fields} - set(given))  # noqa: SLF001
    except ValidationError as error:
        raise invalid_row(error) from error


def old_readings(*, now: datetime) -> Ledger:
    """Reports of cars, but for the newest that tells the charge: a stay is compared with it."""
    told = VehicleReading.objects.filter(vehicle=OuterRef("vehicle"), charge_pct__isnull=False)
    # A subquery with a limit is asked for each row that is looked at. PostgreSQL may join EXISTS with the whole table.
    newest = Subquery(told.order_by("-measured_at").values("measured_at")[:1])
    rows = VehicleReading.objects.filter(measured_at__lt=now - READINGS_KEPT).filter(measured_at__lt=newest)
    return dated_ledger("reports of cars", rows, moment="measured_at")
