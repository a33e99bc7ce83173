"""Which car stands where: a stay for each charging session, named by evidence, and by the driver's word above all."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from drivers.models import User
from evbalancer.common.db.prepared import Several, prepared
from evbalancer.common.errors import NotFound
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said
from fleet.domain import vehicles
from fleet.domain.identity import Candidate, Guess, Seen, guess_car
from fleet.enums import ChargeState, PlugState, ToldBy
from fleet.events import StayNamed
from fleet.models import Stay, Vehicle, VehicleReading
from grid.domain.audit import Actor, record_entry

SURE_ENOUGH_PCT = 80


class Plugged(NamedTuple):
    """A charging session, as far as its stay is concerned."""

    session_id: UUID
    community_id: UUID
    driver_id: UUID | None
    began_at: datetime


def open_stay(session_id: UUID, *, community_id: UUID, driver_id: UUID | None, began_at: datetime) -> Stay:
    """The stay of a session, made when it is first heard of; a driver who shows a card later is added."""
    return open_stays([Plugged(session_id, community_id, driver_id, began_at)])[session_id]


@transaction.atomic(savepoint=False)
def open_stays(plugged: Sequence[Plugged]) -> dict[UUID, Stay]:
    """The stays of many sessions, by session; in a constant number of queries where no driver is added."""
    rows = Stay.objects.filter(session_id__in=[each.session_id for each in plugged])
    stays = {stay.session_id: stay for stay in rows}
    new = [Stay(**each._asdict()) for each in plugged if each.session_id not in stays]
    if new:
        # Another process may be quicker: then the row is that one's.
        Stay.objects.bulk_create(new, ignore_conflicts=True)
        stays = {stay.session_id: stay for stay in rows.all()}
    for each in plugged:
        stay = stays[each.session_id]
        if stay.driver_id != each.driver_id and each.driver_id is not None:
            stay.driver_id = each.driver_id
            stay.save(update_fields=["driver_id"])
    return stays


@transaction.atomic(savepoint=False)
def name_stay(stay: Stay, seen: Seen, cars: Sequence[Candidate] | None = None) -> Guess:
    """Guess the car again from the present facts, among `cars` or all candidates. The driver's word is never overruled."""
    if stay.told_by == ToldBy.DRIVER:
        return Guess(stay.vehicle_id, stay.confidence_pct, tuple(stay.why))
    guess = guess_car(seen, find_candidates(stay) if cars is None else cars)
    changed = stay.vehicle_id != guess.vehicle_id
    if not changed and (stay.confidence_pct, stay.why) == (guess.confidence_pct, list(guess.why)):
        # Every word of a car judges every stay that it could be: rows that stay the same are not written, nor locked.
        return guess
    stay.vehicle_id = guess.vehicle_id
    stay.confidence_pct, stay.why = guess.confidence_pct, list(guess.why)
    stay.told_by = ToldBy.EVIDENCE if guess.vehicle_id is not None else ToldBy.NOBODY
    stay.save(update_fields=["vehicle_id", "confidence_pct", "why", "told_by"])
    if changed:
        publish(StayNamed(session_id=stay.session_id, vehicle_id=guess.vehicle_id))
    return guess


@transaction.atomic
def correct_stay(stay: Stay, vehicle: Vehicle | None, *, by: User, now: datetime) -> Stay:
    """The driver's word: this car, or none that we know of. Raises NotFound for another driver's car."""
    if vehicle is not None and vehicle.driver_id != stay.driver_id:
        raise NotFound(Said("refusal.no_car"))
    was = {"vehicle_id": str(stay.vehicle_id) if stay.vehicle_id else None, "told_by": stay.told_by}
    stay.vehicle, stay.told_by, stay.confidence_pct = vehicle, ToldBy.DRIVER, 100
    stay.why = [Said("stay.driver_says_so")]
    stay.save(update_fields=["vehicle", "told_by", "confidence_pct", "why"])
    record_entry(
        actor=Actor.of_user(by),
        action="stay.corrected",
        target=stay,
        now=now,
        before=was,
        after={"vehicle_id": str(vehicle.pk) if vehicle else None},
    )
    publish(StayNamed(session_id=stay.session_id, vehicle_id=vehicle.pk if vehicle else None))
    return stay


def without_candidates(stays: Collection[Stay]) -> set[UUID]:
    """Sessions whose car can be none that we know of, so that `candidates` need not be asked for each. Two queries at most."""
    drivers = {stay.driver_id for stay in stays if stay.driver_id is not None}
    communities = {stay.community_id for stay in stays if stay.driver_id is None}
    cars = Vehicle.objects.filter(retired_at=None).order_by()
    owners = set(cars.filter(driver__in=drivers).values_list("driver_id", flat=True)) if drivers else set()
    plugged = cars.filter(community__in=communities, plug_state=PlugState.PLUGGED)
    visited = set(plugged.values_list("community_id", flat=True)) if communities else set()
    return {
        stay.session_id
        for stay in stays
        if (stay.community_id not in visited if stay.driver_id is None else stay.driver_id not in owners)
    }


def said_by_drivers(session_ids: Collection[UUID]) -> set[UUID]:
    """Those of these sessions whose driver said which car it is."""
    said = Stay.objects.filter(session_id__in=session_ids, told_by=ToldBy.DRIVER)
    return set(said.values_list("session_id", flat=True))


def largest_batteries_wh(sessions: Mapping[UUID, UUID | None]) -> dict[UUID, int]:
    """By session, the largest battery that its car can have, even if the cars say that they are elsewhere.

    `sessions`: with their drivers. That of the car which the driver named, else the largest of the driver's cars; none where
    the battery of one of them isn't known. Two queries at most.
    """
    if not sessions:
        return {}
    said = _told_by_drivers(session_ids=sessions)
    named = {stay.session_id: stay.vehicle for stay in said}
    unnamed = {
        pk: driver_id for pk, driver_id in sessions.items() if driver_id is not None and pk not in named
    }
    batteries: dict[UUID, list[int | None]] = {}
    if unnamed:
        for owner_id, battery_wh in _batteries_of(driver_ids=set(unnamed.values())):
            batteries.setdefault(owner_id, []).append(battery_wh)
    found = {pk: car.battery_wh for pk, car in named.items() if car is not None and car.battery_wh}
    for pk, driver_id in unnamed.items():
        told = batteries.get(driver_id, [])
        known = [battery_wh for battery_wh in told if battery_wh]
        if known and len(known) == len(told):
            found[pk] = max(known)
    return found


@prepared
def _told_by_drivers(session_ids: Several) -> QuerySet[Stay]:
    return Stay.objects.filter(session_id__in=session_ids, told_by=ToldBy.DRIVER).select_related("vehicle")


@prepared
def _batteries_of(driver_ids: Several) -> QuerySet[Vehicle, tuple[Any, int | None]]:
    cars = Vehicle.objects.filter(driver__in=driver_ids, retired_at=None).order_by()
    return cars.values_list("driver_id", "battery_wh")


def keep_word(session_id: UUID, *, earlier_ids: Collection[UUID]) -> None:
    """The car did not move between two sessions: the driver's word in one holds for the next."""
    said = Stay.objects.filter(session_id__in=list(earlier_ids), told_by=ToldBy.DRIVER).first()
    stay = Stay.objects.filter(session_id=session_id).exclude(told_by=ToldBy.DRIVER).first()
    if said is None or stay is None or said.driver_id != stay.driver_id:
        return
    stay.vehicle_id, stay.told_by, stay.confidence_pct, stay.why = (
        said.vehicle_id,
        said.told_by,
        100,
        said.why,
    )
    stay.save(update_fields=["vehicle_id", "told_by", "confidence_pct", "why"])
    publish(StayNamed(session_id=session_id, vehicle_id=said.vehicle_id))


def need_until(session_id: UUID, moment: datetime) -> None:
    """A plan depends on what this car holds until then: its state is worth calls."""
    Stay.objects.filter(session_id=session_id).update(needed_by=moment)


def end_stays(session_ids: Collection[UUID], *, now: datetime) -> None:
    Stay.objects.filter(session_id__in=session_ids, ended_at=None).update(ended_at=now)


def full_sessions(session_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Sessions whose car says, since it came and lately, that it is full; only where it is known well which car that is.

    Advice for a plan: such a car may keep what lets it wake up, and others may have the rest. One query.
    """
    return {
        stay.session_id
        for stay in _with_full_cars(session_ids=session_ids)
        if stay.vehicle is not None and vehicles.is_full(stay.vehicle, now=now)
    }


@prepared
def _with_full_cars(session_ids: Several) -> QuerySet[Stay]:
    return Stay.objects.filter(
        session_id__in=session_ids,
        confidence_pct__gte=SURE_ENOUGH_PCT,
        vehicle__plug_at__gte=F("began_at"),
        vehicle__charge_state=ChargeState.FULL,
    ).select_related("vehicle")


def find_candidates(stay: Stay) -> Sequence[Candidate]:
    """The driver's cars; where nobody showed a card, linked cars of the house that say they were plugged in since."""
    cars = Vehicle.objects.filter(community_id=stay.community_id, retired_at=None)
    if stay.driver_id is not None:
        cars = cars.filter(driver_id=stay.driver_id)
    else:
        cars = cars.filter(plug_state=PlugState.PLUGGED, plugged_since__gte=stay.began_at)
    elsewhere = set(
        Stay.objects.filter(ended_at=None, vehicle__in=cars)
        .exclude(pk=stay.pk)
        .filter(Q(told_by=ToldBy.DRIVER) | Q(confidence_pct__gte=SURE_ENOUGH_PCT))
        .values_list("vehicle_id", flat=True)
    )
    return [
        Candidate(
            vehicle_id=car.pk,
            phases=car.phases,
            max_current_ma=car.max_current_ma,
            battery_wh=car.usable_wh,
            plug_state=PlugState(car.plug_state),
            plug_at=car.plug_at,
            plugged_since=car.plugged_since,
            is_here=car.is_here,
            here_at=car.here_at,
            gained_pct=_gained_pct(car, since=stay.began_at),
            stays_elsewhere=car.pk in elsewhere,
        )
        for car in cars
    ]


def _gained_pct(car: Vehicle, *, since: datetime) -> int | None:
    """How much the charge rose from the last reading before the stay, or the first in it, to the newest."""
    if car.charge_pct is None or car.charge_at is None or car.charge_at <= since:
        return None
    known = VehicleReading.objects.filter(vehicle=car, charge_pct__isnull=False)
    before = known.filter(measured_at__lte=since).order_by("-measured_at").first()
    first = before or known.filter(measured_at__gt=since).order_by("measured_at").first()
    if first is None or first.charge_pct is None or first.measured_at == car.charge_at:
        return None
    return int(car.charge_pct - first.charge_pct)
