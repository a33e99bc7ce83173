"""The facts for the abuse rules: a community's recent rows, in a constant number of queries."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from chargers.enums import SessionState
from chargers.models import Session
from fleet.enums import ReadingSource
from fleet.models import VehicleReading
from grid.models import AuditEntry, Community
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.rules import abuse as rules

STAYS_BACK = timedelta(days=2)
# A car's word on its charge counts for an end of a session when it is about as old.
BEFORE_START, AFTER_START = timedelta(hours=1), timedelta(minutes=10)
BEFORE_END, AFTER_END = timedelta(minutes=10), timedelta(minutes=45)
# Of OCPP's security events (1.6 security whitepaper, table 8) the ones that a hand on the charger causes.
TAMPER_EVENTS = ("TamperDetectionActivated", "AttemptedReplayAttacks")
SECURITY_EVENT = "charge_point.security_event"
Told = tuple[list[datetime], list[int]]


def read_stays(community: Community, *, now: datetime) -> Iterable[rules.Stay]:
    rows = Session.objects.filter(
        Q(unplugged_at=None) | Q(unplugged_at__gt=now - STAYS_BACK),
        community=community,
        driver__isnull=False,
        stopped_at__isnull=False,
    ).exclude(state=SessionState.ACTIVE)
    for pk, driver, done_at, left_at in rows.values_list("pk", "driver_id", "stopped_at", "unplugged_at"):
        if done_at is not None:
            yield rules.Stay(str(pk), str(driver), done_at, left_at)


def read_charges(community: Community, *, now: datetime) -> Iterable[rules.Charge]:
    rows = Session.objects.filter(
        Q(stopped_at=None) | Q(stopped_at__gt=now - STAYS_BACK),
        community=community,
        driver__isnull=False,
        started_at__isnull=False,
        clock_suspect=False,
    ).exclude(id_tag="")
    fields = ("pk", "driver_id", "id_tag", "connector_id", "vehicle_id", "started_at", "stopped_at")
    for pk, driver, tag, connector, vehicle, start, end in rows.values_list(*fields):
        if start is not None:
            yield rules.Charge(
                str(pk), str(driver), tag.upper(), str(connector), str(vehicle or ""), start, end
            )


def read_slots(community: Community, *, since: datetime) -> Iterable[rules.Slot]:
    rows = SlotRequest.objects.filter(community=community, created_at__gt=since)
    received = F("session__energy_before_wh") + F("session__energy_wh")
    fields = ("pk", "driver_id", "not_before", "state", "energy_wh")
    for pk, driver, begins_at, state, energy_wh, received_wh in rows.values_list(*fields, received):
        yield rules.Slot(str(pk), str(driver), begins_at, state, energy_wh, received_wh or 0)


def read_served(community: Community, *, now: datetime) -> Iterable[rules.Served]:
    """Granted emergencies whose car left lately, or still stands there."""
    last = Session.objects.filter(stay_id=OuterRef("session__stay_id")).order_by("-plugged_at", "-started_at")
    rows = EmergencyRequest.objects.annotate(left_at=Subquery(last.values("unplugged_at")[:1])).filter(
        Q(left_at=None) | Q(left_at__gt=now - STAYS_BACK),
        community=community,
        state__in=(EmergencyState.ACCEPTED, EmergencyState.DONE),
        granted_wh__gt=0,
        session__isnull=False,
    )
    fields = ("pk", "driver_id", "needed_by", "granted_wh", "left_at")
    for pk, driver, needed_by, granted_wh, left_at in rows.values_list(*fields):
        yield rules.Served(str(pk), str(driver), needed_by, granted_wh, left_at)


def read_intakes(community: Community, *, now: datetime) -> Iterable[rules.Intake]:
    """Sessions of cars whose battery is known and that told their charge at both ends, while they stood there."""
    rows = Session.objects.filter(
        stopped_at__range=(now - STAYS_BACK, now),
        community=community,
        driver__isnull=False,
        vehicle__battery_wh__isnull=False,
        started_at__isnull=False,
        clock_suspect=False,
    )
    fields = (
        "pk", "driver_id", "vehicle_id", "started_at", "stopped_at", "unplugged_at", "energy_wh", "vehicle__battery_wh",
    )  # fmt: skip
    found = list(rows.values_list(*fields))
    told = _told({row[2] for row in found if row[2] is not None}, now=now)
    for pk, driver, vehicle, start, end, left_at, metered_wh, battery_wh in found:
        words = told.get(vehicle) if vehicle is not None else None
        if words is None or start is None or end is None or battery_wh is None:
            continue
        last_moment = min(end + AFTER_END, left_at or end + AFTER_END)
        first, last = _charge_before(words, start), _charge_after(words, end, last_moment)
        if first is not None and last is not None:
            yield rules.Intake(str(pk), str(driver), metered_wh, battery_wh, first, last)


def read_signs(community: Community, *, now: datetime) -> Iterable[rules.Sign]:
    """Security events of the last days that name tampering, with whose car stood at that charger."""
    entries = AuditEntry.objects.filter(
        community=community,
        action=SECURITY_EVENT,
        at__gt=now - STAYS_BACK,
        after__kind__in=TAMPER_EVENTS,
    ).values_list("target_id", "at", "after")
    events = [(UUID(target), at, str((after or {}).get("kind"))) for target, at, after in entries]
    if not events:
        return
    rows = Session.objects.filter(
        Q(unplugged_at=None) | Q(unplugged_at__gt=now - STAYS_BACK),
        community=community,
        driver__isnull=False,
        connector__charge_point__in={charge_point for charge_point, _, _ in events},
    ).values_list("pk", "driver_id", "connector__charge_point_id", "plugged_at", "unplugged_at")
    for pk, driver, charge_point, plugged_at, left_at in rows:
        for at_charge_point, at, kind in events:
            if at_charge_point == charge_point and plugged_at <= at <= (left_at or now):
                yield rules.Sign(str(pk), str(driver), kind, at)


def _told(vehicles: set[UUID], *, now: datetime) -> Mapping[UUID, Told]:
    """Each car's own reports of its charge, by time. A number that a driver typed is no evidence."""
    readings: dict[UUID, Told] = defaultdict(lambda: ([], []))
    rows = VehicleReading.objects.filter(
        vehicle_id__in=vehicles,
        measured_at__gt=now - 2 * STAYS_BACK,
        source=ReadingSource.SMARTCAR,
        charge_pct__isnull=False,
    ).order_by("measured_at")
    for vehicle, at, pct in rows.values_list("vehicle_id", "measured_at", "charge_pct"):
        moments, charges_pct = readings[vehicle]
        moments.append(at)
        charges_pct.append(pct or 0)
    return readings


def _charge_before(told: Told, start: datetime) -> int | None:
    """The last word before the start, or the first one right after it."""
    moments, charges_pct = told
    at = bisect_right(moments, start)
    if at and moments[at - 1] >= start - BEFORE_START:
        return charges_pct[at - 1]
    if at < len(moments) and moments[at] <= start + AFTER_START:
        return charges_pct[at]
    return None


def _charge_after(told: Told, end: datetime, last_moment: datetime) -> int | None:
    """The first word after the end while the car stood there, or the last one right before the end."""
    moments, charges_pct = told
    at = bisect_left(moments, end)
    if at < len(moments) and moments[at] <= last_moment:
        return charges_pct[at]
    if at and moments[at - 1] >= end - BEFORE_END:
        return charges_pct[at - 1]
    return None
