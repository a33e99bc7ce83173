"""Lessons of sessions about a car: its capacity and its taper, for cars whose makers tell nothing and cars without a link."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from fleet.domain import curve
from fleet.models import Vehicle, VehicleLesson, VehicleReading

REMEMBERED = 10
BEFORE, AFTER = timedelta(hours=12), timedelta(minutes=45)
NEAR = timedelta(minutes=20)


def charge_around(
    vehicle: Vehicle, *, start: datetime, end: datetime, full_at: datetime | None = None
) -> tuple[int, int] | None:
    """The charge at both ends of a session, by the nearest words of car or driver. `full_at`: there the car stopped charging."""
    first = _find_nearest(vehicle, start, since=start - BEFORE, until=start + NEAR)
    last = _find_nearest(vehicle, end, since=end - NEAR, until=end + AFTER)
    if first is None or first.charge_pct is None:
        return None
    if last is not None and last.charge_pct is not None and last.pk != first.pk:
        return first.charge_pct, last.charge_pct
    if full_at is not None:
        return first.charge_pct, vehicle.charge_limit_pct or 100
    return None


def _find_nearest(
    vehicle: Vehicle, moment: datetime, *, since: datetime, until: datetime
) -> VehicleReading | None:
    """In a short session both ends have the same readings in reach: only the distance tells them apart."""
    known = VehicleReading.objects.filter(vehicle=vehicle, charge_pct__isnull=False)
    before = known.filter(measured_at__range=(since, moment)).order_by("-measured_at").first()
    after = known.filter(measured_at__range=(moment, until)).order_by("measured_at").first()
    if before is None or after is None:
        return before or after
    return before if moment - before.measured_at <= after.measured_at - moment else after


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
