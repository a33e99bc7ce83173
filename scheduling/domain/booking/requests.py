"""Slot requests: a driver's wish, the honest answer to it, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chargers.domain.sessions import occupants
from chargers.enums import SessionState
from chargers.models import Session
from drivers.domain.belonging import check_belongs
from drivers.domain.drivers import is_suspended
from drivers.errors import Suspended
from drivers.models import Driver
from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import DomainError, InvalidInput, NotFound, StateMoved
from evbalancer.common.loops import for_each
from evbalancer.common.topics import cluster_topic, driver_topic, tell
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.said import Said
from fleet.domain import curve, stays
from grid.domain.local_time import on_the_clock
from grid.models import Cluster
from pricing.domain import curves
from scheduling.domain.booking import reservations
from scheduling.domain.booking.promises import Alternative, Answer, Book, SlotWish
from scheduling.domain.conduct import charges
from scheduling.domain.learning import fairness, habits
from scheduling.domain.telling import notices
from scheduling.enums import SlotState
from scheduling.errors import IllegalMove, SlotTaken, TooManySlots, VehicleBooked
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES, WAITING_SLOT_STATES
from scheduling.transitions import slot_may_move

DEPARTED_OF_LATE = timedelta(minutes=2)
LONGEST_AHEAD = timedelta(days=14)
COMES_EARLY = timedelta(minutes=30)
WAITING = WAITING_SLOT_STATES
GIVEN_UP = (SlotState.CANCELLED, SlotState.LAPSED)
# Two cars a day for two weeks. Each open wish is work for every other answer in the cluster.
MOST_OPEN = 28
# Answered again under one hold of the cluster's lock, and at most as many in the act of a driver.
IMPROVED_TOGETHER = 4
IMPROVED_AT_ONCE = 8
IMPROVABLE = (SlotState.QUEUED, SlotState.PARTLY_PROMISED)


@dataclass(frozen=True, slots=True)
class Preview:
    answer: Answer
    alternatives: Sequence[Alternative]


@transaction.atomic
def request_slot(driver: Driver, cluster: Cluster, wish: SlotWish, *, now: datetime) -> SlotRequest:
    """Promise what the plan can hold and store it; in part, or with a place in the queue, where the wish allows.

    Raises InvalidInput, NotFound, NotADriver, Suspended, TooManySlots, VehicleBooked, SpaceClosed, SlotTaken and SlotRefused (with
    the nearest offer); nothing is stored then.
    """
    wish = _checked(driver, cluster, wish, now=now)
    lock_cluster(cluster.pk)
    if driver.slot_requests.filter(state__in=OPEN_SLOT_STATES).count() >= MOST_OPEN:
        raise TooManySlots(Said("refusal.most_slots", {"most": MOST_OPEN}), most=MOST_OPEN)
    _check_cars(driver, wish)
    answer = _answer(driver, cluster, wish, now=now)
    slot = _store(driver, cluster, wish, answer, now=now)
    standing = _session_under_way(slot)
    if standing is not None:
        return consume_slot(slot, standing, now=now)
    if reservations.reserve_due(now=now, slot=slot):
        slot.refresh_from_db()
    return slot


def preview_slot(
    driver: Driver,
    cluster: Cluster,
    wish: SlotWish,
    *,
    now: datetime,
    instead_of: SlotRequest | None = None,
) -> Preview:
    """The answer that `request_slot` (or `change` of `instead_of`) would give now. Promises nothing and raises as they do."""
    wish = _checked(driver, cluster, wish, now=now)
    _check_cars(driver, wish, instead_of=instead_of)
    counted = _counted(driver, wish)
    book = Book(cluster, until=wish.ready_by, now=now, driver=driver)
    answer = book.answer(counted, instead_of=instead_of)
    others = book.alternatives(counted, answer, instead_of=instead_of)
    if counted != wish:
        # What counts less than it says is offered by what it says, and no more of it.
        others = [
            replace(row, energy_wh=wish.energy_wh) for row in others if row.energy_wh == counted.energy_wh
        ]
    return Preview(_told_of(wish, counted, answer), others)


def cancel_slot(slot: SlotRequest, *, now: datetime, why: Said = charges.CANCELLED_BY_DRIVER) -> SlotRequest:
    """Give the slot back; others get its room, most of them within a minute. Raises IllegalMove when it is over, StateMoved
    for the slower of two."""
    with transaction.atomic():
        lock_cluster(slot.cluster_id)
        was_reserved = slot.state != SlotState.ACTIVE and slot.promised_wh > 0
        slot = move_slot(slot, to=SlotState.CANCELLED, now=now, why_said=why)
        if was_reserved:
            habits.note_booking(slot, came=False, now=now)
        charges.charge_booking(slot, now=now)
    improve_promises(slot.cluster, now=now, most=IMPROVED_AT_ONCE)
    return slot


def cancel_waiting(driver_id: UUID, *, now: datetime) -> None:
    """Give back every slot of a driver who belongs to the community no longer."""
    for slot in SlotRequest.objects.filter(driver=driver_id, state__in=WAITING).select_related("cluster"):
        cancel_slot(slot, now=now, why=Said("slot.left_community"))


@transaction.atomic
def change_slot(slot: SlotRequest, wish: SlotWish, *, now: datetime) -> SlotRequest:
    """A new slot in place of an open one; a car that charges goes on with it. Raises as `request_slot` does; then the
    old promise stands."""
    if slot.state not in OPEN_SLOT_STATES:
        raise IllegalMove(Said("refusal.only_open_slot"), state=slot.state)
    lock_cluster(slot.cluster_id)
    move_slot(slot, to=SlotState.CANCELLED, now=now, why_said=Said("slot.changed_by_driver"))
    return request_slot(slot.driver, slot.cluster, wish, now=now)


def consume_slot(slot: SlotRequest, session: Session, *, now: datetime) -> SlotRequest:
    """The accepted start of its session uses the slot. The plan depends on its car now, and speaks for the booked one."""
    moved = move_slot(slot, to=SlotState.ACTIVE, now=now, session=session)
    occupants.name_car(session, now=now, planned=slot.vehicle_id)
    stays.need_until(session.pk, slot.ready_by)
    return moved


def with_waiting_slots(sessions: QuerySet[Session]) -> list[UUID]:
    """Those whose driver has any slot that `consume_for` could choose from."""
    slots = SlotRequest.objects.filter(
        driver=OuterRef("driver"), community=OuterRef("community"), state__in=WAITING
    )
    return list(sessions.filter(Exists(slots)).values_list("pk", flat=True))


def consume_for(
    session: Session, *, now: datetime, reservation_number: int | None = None
) -> SlotRequest | None:
    """Use the driver's slot for a transaction that was accepted, if there is one that fits: the reserved one first."""
    if session.driver_id is None or _has_slot(session):
        return None
    fitting = SlotRequest.objects.filter(
        Q(connector=None) | Q(connector=session.connector),
        Q(vehicle=None) | Q(vehicle=session.vehicle) if session.vehicle_id else Q(),
        driver_id=session.driver_id,
        community_id=session.community_id,
        state__in=WAITING,
        not_before__lte=now + COMES_EARLY,
        ready_by__gt=now,
    )
    reserved = fitting.filter(reservation_number__isnull=False, reservation_number=reservation_number)
    slot = reserved.first() or fitting.order_by("not_before", "created_at").first()
    if slot is None:
        return None
    if slot.reservation_number != reservation_number:
        # The charger did not say that this start was for the reservation, so it may still hold it.
        reservations.release_connector(slot, now=now)
    used = consume_slot(slot, session, now=now)
    habits.note_booking(used, came=True, now=now)
    return used


def finish_slot(slot: SlotRequest, *, now: datetime) -> SlotRequest:
    """It has had what it gets."""
    return move_slot(slot, to=SlotState.FULFILLED, now=now)


def improve_after_departures(*, now: datetime) -> int:
    """Cars that left early, and slots that were given back, freed what was planned for them: those who wait there are
    answered again. Returns how many got more."""
    lately = (now - DEPARTED_OF_LATE, now)
    left = Session.objects.filter(unplugged_at__range=lately)
    given_back = SlotRequest.objects.filter(state__in=GIVEN_UP, state_since__range=lately)
    waiting = Cluster.objects.filter(
        Q(pk__in=left.values("connector__charge_point__cluster")) | Q(pk__in=given_back.values("cluster")),
        slot_requests__state__in=IMPROVABLE,
        slot_requests__ready_by__gt=now,
    ).distinct()
    return for_each(waiting, lambda cluster: improve_promises(cluster, now=now), what="Cluster")


def improve_promises(cluster: Cluster, *, now: datetime, most: int | None = None) -> int:
    """Room became free: promise more to at most `most` drivers who queue or got a part. Those who recently went short come first.

    A few at a time have the cluster's lock, so that nobody waits for all of them.
    """
    waiting = SlotRequest.objects.filter(
        cluster=cluster, state__in=IMPROVABLE, session=None, ready_by__gt=now
    )
    queue = list(waiting.only("driver_id", "created_at"))
    weights = fairness.ledger_weights(cluster, {slot.driver_id for slot in queue}, now=now)
    queue.sort(key=lambda slot: (-weights[slot.driver_id], slot.created_at, str(slot.pk)))
    ids = [slot.pk for slot in queue[:most]]
    improved = 0
    for start in range(0, len(ids), IMPROVED_TOGETHER):
        improved += _improve_some(cluster, waiting, ids[start : start + IMPROVED_TOGETHER], now=now)
    return improved


@transaction.atomic
def _improve_some(
    cluster: Cluster, waiting: QuerySet[SlotRequest], ids: Sequence[UUID], *, now: datetime
) -> int:
    lock_cluster(cluster.pk)
    still = waiting.select_related("vehicle", "connector__charge_point").in_bulk(ids)
    return sum(_improve(still[pk], now=now) for pk in ids if pk in still)


def move_slot(slot: SlotRequest, *, to: SlotState, now: datetime, **fields: Any) -> SlotRequest:
    """Compare and swap along `scheduling.transitions`. Raises IllegalMove or StateMoved."""
    was = SlotState(slot.state)
    if not slot_may_move(was, to):
        words = {"state": Said(f"slot_state.{was.value}"), "to": Said(f"slot_state.{to.value}")}
        raise IllegalMove(Said("refusal.slot_can_not_become", words), state=was.value)
    if not SlotRequest.objects.filter(pk=slot.pk, state=was).update(state=to, state_since=now, **fields):
        raise StateMoved(Said("refusal.slot_moved", {"state": Said(f"slot_state.{was.value}")}))
    slot.refresh_from_db()
    if to in GIVEN_UP:
        reservations.release_connector(slot, now=now)
    _tell(slot)
    return slot


def _checked(driver: Driver, cluster: Cluster, wish: SlotWish, *, now: datetime) -> SlotWish:
    check_belongs(driver)
    if driver.suspended_until is not None and is_suspended(driver, now=now):
        until = on_the_clock(driver.suspended_until, driver.community)
        raise Suspended(Said("suspension.begun", {"until_moment": until}))
    if wish.vehicle is not None and wish.vehicle.driver_id != driver.pk:
        raise NotFound(Said("refusal.no_vehicle"))
    connector = wish.connector
    if cluster.community_id != driver.community_id or (
        connector is not None and connector.charge_point.cluster_id != cluster.pk
    ):
        raise NotFound(Said("refusal.no_connector"))
    if wish.energy_wh <= 0:
        raise InvalidInput("energy_wh", Said("refusal.energy_not_positive"), code="energy_not_positive")
    if wish.ready_by <= now:
        raise InvalidInput("ready_by", Said("refusal.departure_in_past"), code="departure_in_past")
    if wish.ready_by > now + LONGEST_AHEAD:
        raise InvalidInput("ready_by", Said("refusal.departure_too_far"), code="departure_too_far")
    if wish.not_before >= wish.ready_by:
        raise InvalidInput("not_before", Said("refusal.window_empty"), code="window_empty")
    vehicle = wish.vehicle
    if vehicle is not None and vehicle.battery_wh and wish.energy_wh > vehicle.battery_wh / curve.EFFICIENCY:
        # At the charger: losses on the way to the battery count as well.
        holds = {"vehicle": vehicle.name, "battery_wh": vehicle.battery_wh}
        why = Said("refusal.more_than_battery_holds", holds)
        raise InvalidInput("energy_wh", why, code="more_than_battery_holds")
    return replace(wish, not_before=max(wish.not_before, now))


def _check_cars(driver: Driver, wish: SlotWish, *, instead_of: SlotRequest | None = None) -> None:
    """One slot at a time for each car: a slot that nobody can use must not keep room from others."""
    meeting = driver.slot_requests.filter(
        state__in=OPEN_SLOT_STATES, not_before__lt=wish.ready_by, ready_by__gt=wish.not_before
    )
    if instead_of is not None:
        meeting = meeting.exclude(pk=instead_of.pk)
    cars = max(1, driver.vehicles.filter(retired_at=None).count())
    if meeting.count() >= cars:
        raise VehicleBooked(Said("refusal.slot_for_each_car"))


def _answer(
    driver: Driver,
    cluster: Cluster,
    wish: SlotWish,
    *,
    now: datetime,
    instead_of: SlotRequest | None = None,
) -> Answer:
    counted = _counted(driver, wish)
    book = Book(cluster, until=wish.ready_by, now=now, driver=driver)
    return _told_of(wish, counted, book.answer(counted, instead_of=instead_of))


def _counted(driver: Driver, wish: SlotWish) -> SlotWish:
    """No more is promised than the wish counts as."""
    counted_wh = max(1, habits.learnt_of_one(driver.pk).counted_wh(wish.energy_wh))
    return replace(wish, energy_wh=counted_wh)


def _told_of(wish: SlotWish, counted: SlotWish, answer: Answer) -> Answer:
    if counted.energy_wh == wish.energy_wh:
        return answer
    amounts = {"promised_wh": answer.promised_wh, "energy_wh": wish.energy_wh}
    if answer.why is None:
        return replace(answer, why=Said("slot.counts_in_part", amounts))
    # It is said of what was asked for, and not of what counts of it.
    told = {name: amounts[name] for name in answer.why.facts}
    return replace(answer, why=Said(answer.why.code, told))


def _store(driver: Driver, cluster: Cluster, wish: SlotWish, answer: Answer, *, now: datetime) -> SlotRequest:
    try:
        with transaction.atomic():
            slot: SlotRequest = SlotRequest.objects.create(
                community_id=cluster.community_id,
                cluster=cluster,
                driver=driver,
                vehicle=wish.vehicle,
                connector=wish.connector,
                planned_connector=answer.planned,
                energy_wh=wish.energy_wh,
                promised_wh=answer.promised_wh,
                not_before=wish.not_before,
                ready_by=wish.ready_by,
                flexible=wish.flexible,
                state=answer.state,
                state_since=now,
                why_said=answer.why,
                offer=answer.offer,
                price_publication=curves.publication_for(
                    driver, wish.connector or answer.planned, cluster, now=now
                ),
                created_at=now,
            )
    except IntegrityError as error:
        if "slot_no_overlap_on_connector" not in str(error):
            raise
        raise SlotTaken(Said("refusal.booked_in_the_meantime")) from error
    _tell(slot)
    return slot


def _session_under_way(slot: SlotRequest) -> Session | None:
    """A transaction of this driver and car that runs already and has no open slot."""
    running = Session.objects.filter(
        connector__charge_point__cluster_id=slot.cluster_id,
        driver_id=slot.driver_id,
        state=SessionState.ACTIVE,
    ).exclude(slot_requests__state__in=OPEN_SLOT_STATES)
    if slot.vehicle_id is not None:
        running = running.filter(Q(vehicle=None) | Q(vehicle_id=slot.vehicle_id))
    if slot.connector_id is not None:
        running = running.filter(connector_id=slot.connector_id)
    return running.order_by("started_at").first()


def _has_slot(session: Session) -> bool:
    """Its stay goes on with the slot that it had, or the start was reported twice."""
    return SlotRequest.objects.filter(session=session, state=SlotState.ACTIVE).exists()


def _improve(slot: SlotRequest, *, now: datetime) -> bool:
    wish = SlotWish(
        energy_wh=slot.energy_wh,
        not_before=max(slot.not_before, now),
        ready_by=slot.ready_by,
        vehicle=slot.vehicle,
        connector=slot.connector,
    )
    try:
        answer = _answer(slot.driver, slot.cluster, wish, now=now, instead_of=slot)
    except DomainError:
        return False
    if answer.promised_wh <= slot.promised_wh:
        return False
    moved = SlotRequest.objects.filter(pk=slot.pk, state=slot.state).update(
        state=answer.state,
        state_since=now,
        promised_wh=answer.promised_wh,
        planned_connector=answer.planned,
        why="",
        why_said=answer.why,
        offer=answer.offer,
    )
    if moved:
        slot.refresh_from_db()
        _tell(slot)
        notices.slot_moved(slot, now=now)
    return bool(moved)


def _tell(slot: SlotRequest) -> None:
    tell(driver_topic(slot.driver_id), "slot", id=str(slot.pk), state=str(slot.state))
    tell(cluster_topic(slot.cluster_id), "slot", state=str(slot.state))
    wake_balancer(slot.cluster_id)
