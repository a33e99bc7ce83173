"""What sessions teach of a car: its capacity and its taper, for cars whose makers tell nothing and those that are never linked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from fleet.domain import curve
from fleet.models import Vehicle, VehicleLesson, VehicleReading

REMEMBERED = 10
BEFORE, AFTER = timedelta(hours=12), timedelta(minutes=45)
NEAR_START = timedelta(minutes=20)


def charge_around(
    vehicle: Vehicle, *, start: datetime, end: datetime, full_at: datetime | None = None
) -> tuple[int, int] | None:
    """The charge at both ends of a session, by the car's word or the driver's. `full_at`: the car stopped by itself there."""
    known = VehicleReading.objects.filter(vehicle=vehicle, charge_pct__isnull=False)
    before = known.filter(measured_at__range=(start - BEFORE, start + NEAR_START)).order_by("-measured_at")
    after = known.filter(measured_at__range=(end - NEAR_START, end + AFTER)).order_by("measured_at")
    first, last = before.first(), after.first()
    if first is None or first.charge_pct is None:
        return None
    if last is not None and last.charge_pct is not None and last.pk != first.pk:
        return int(first.charge_pct), int(last.charge_pct)
    if full_at is not None:
        return int(first.charge_pct), vehicle.charge_limit_pct or 100
    return None


@transaction.atomic
def learn_lesson(
    vehicle: Vehicle,
    *,
    session_id: UUID,
    energy_wh: int,
    from_pct: int,
    to_pct: int,
    moments: Sequence[curve.Moment],
    now: datetime,
) -> VehicleLesson | None:
    """Take the session's lesson in, once; None when it says too little."""
    capacity_wh = curve.capacity_wh(energy_wh=energy_wh, from_pct=from_pct, to_pct=to_pct)
    if capacity_wh is None:
        return None
    try:
        with transaction.atomic():
            lesson = VehicleLesson.objects.create(
                community_id=vehicle.community_id,
                vehicle=vehicle,
                session_id=session_id,
                learned_at=now,
                energy_wh=energy_wh,
                from_pct=from_pct,
                to_pct=to_pct,
                battery_wh=capacity_wh,
                taper=curve.find_taper(moments, battery_wh=capacity_wh, from_pct=from_pct),
            )
    except IntegrityError:
        return None
    lessons = list(VehicleLesson.objects.filter(vehicle=vehicle)[:REMEMBERED])
    Vehicle.objects.filter(pk=vehicle.pk).update(
        learned_battery_wh=curve.learned_wh([row.battery_wh for row in lessons]),
        taper=curve.merged_taper(row.taper for row in lessons),
    )
    vehicle.refresh_from_db(fields=["learned_battery_wh", "taper"])
    return lesson
