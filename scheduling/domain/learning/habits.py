"""Habits of a driver, learnt from stays and bookings: kept in one row a driver, shown to the driver, and forgotten on a good objection."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from drivers.domain.notifications import notify_driver
from drivers.domain.standing import APPEAL
from drivers.enums import NotificationKind
from drivers.models import Driver
from evbalancer.common.db.prepared import Several, prepared
from evbalancer.common.errors import StateMoved
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from evbalancer.common.words.said import Said
from grid.domain import audit
from scheduling.domain.learning.visits import Visit
from scheduling.models import FairnessEntry, Habit, SlotRequest
from scheduling.rules.guard import (
    NEW,
    REMEMBERED_BOOKINGS,
    REMEMBERED_STAYS,
    Learnt,
    StayFact,
    learn,
)

LEARNT = [field.name for field in fields(Learnt) if field.name != "lately"]
FACTS = [field.name for field in fields(StayFact)]


def open_objections() -> QuerySet[Habit]:
    """That wait for a manager's decision, the oldest first."""
    rows = Habit.objects.filter(objected_at__isnull=False, decided_at=None)
    return rows.select_related("driver").order_by("objected_at")


def learnt_of(driver_ids: Collection[UUID]) -> dict[UUID, Learnt]:
    """Of those about whom something is known. One query, whose rows do not grow with history."""
    return {row.driver_id: row.learnt for row in _habits(driver_ids=driver_ids)}


@prepared
def _habits(driver_ids: Several) -> QuerySet[Habit]:
    rows = Habit.objects.filter(driver_id__in=driver_ids).order_by()
    return rows.defer("stays", "bookings", "objection")


def learnt_of_one(driver_id: UUID | None) -> Learnt:
    return NEW if driver_id is None else learnt_of([driver_id]).get(driver_id, NEW)


@transaction.atomic
def note_stay(line: FairnessEntry, fact: StayFact, visit: Visit, *, now: datetime) -> Habit:
    """A stay has ended: its lesson counts from the next one on. `line`: the ledger's, of the same stay."""
    habit = _locked(line.driver_id, community_id=line.community_id, now=now)
    ended = {"stay_id": line.stay_id, "at": now, **asdict(fact)}
    habit.stays = [*habit.stays, ended][-REMEMBERED_STAYS:]
    car = str(visit.vehicle_id) if visit.vehicle_id else None
    habit.lately_wh = fact.received_wh + habit.learnt.before(visit.began_at.timestamp(), car)
    habit.left_at, habit.lately_vehicle_id = visit.left_at, visit.vehicle_id
    return _learn(habit, now=now)


@transaction.atomic
def note_booking(slot: SlotRequest, *, came: bool, now: datetime) -> Habit:
    """A booking has ended: its car came, or it was given back or lapsed."""
    habit = _locked(slot.driver_id, community_id=slot.community_id, now=now)
    ended = {"slot_id": slot.pk, "at": now, "came": came}
    habit.bookings = [*habit.bookings, ended][-REMEMBERED_BOOKINGS:]
    return _learn(habit, now=now)


@transaction.atomic
def object_to(driver: Driver, *, text: str, actor: audit.Actor, now: datetime) -> Habit:
    """The driver says that it is wrong. Raises InvalidInput, and StateMoved when nothing is learnt or an objection waits."""
    words = APPEAL.check("text", text)
    waiting = {"objection": words, "objected_at": now, "decision": "", "decided_at": None}
    open_to_it = Habit.objects.filter(driver=driver).exclude(objected_at__isnull=False, decided_at=None)
    if not open_to_it.update(**waiting):
        raise StateMoved(Said("refusal.nothing_learnt"))
    habit = Habit.objects.get(driver=driver)
    audit.record_entry(
        actor=actor, action="habit.objected", target=habit, now=now, after={"objection": words}
    )
    return habit


@transaction.atomic
def decide_habit(habit: Habit, *, forget: bool, decision: str, actor: audit.Actor, now: datetime) -> Habit:
    """Forget what was learnt, or let it stand; with or without an objection. Raises InvalidInput and StateMoved."""
    decision = REASON_FOR_DRIVER.check("decision", decision)
    locked = Habit.objects.select_for_update(of=("self",), no_key=True).filter(pk=habit.pk).first()
    if locked is None or (locked.decided_at is not None and not forget):
        raise StateMoved(Said("refusal.decided_before"))
    before = {name: getattr(locked, name) for name in LEARNT}
    locked.decision, locked.decided_at = decision.strip()[:200], now
    if forget:
        locked.stays, locked.bookings = [], []
        locked.left_at, locked.lately_wh, locked.lately_vehicle_id = None, 0, None
    _learn(locked, now=now)
    audit.record_entry(
        actor=actor,
        action="habit.forgotten" if forget else "habit.upheld",
        target=locked,
        now=now,
        before=before,
        after={name: getattr(locked, name) for name in LEARNT},
        reason=locked.decision,
    )

    facts = {"why": locked.decision}
    said = Said("habit.forgotten", facts) if forget else Said("habit.stands", facts)
    notify_driver(locked.driver, kind=NotificationKind.STANDING, said=said, now=now)
    return locked


def _locked(driver_id: UUID, *, community_id: UUID, now: datetime) -> Habit:
    """The driver's row, made when first needed, until the transaction ends."""
    own = Habit.objects.select_for_update(of=("self",), no_key=True).filter(driver_id=driver_id)
    habit: Habit | None = own.first()
    if habit is None:
        Habit.objects.get_or_create(
            driver_id=driver_id, defaults={"community_id": community_id, "updated_at": now}
        )
        habit = own.get()
    return habit


def _learn(habit: Habit, *, now: datetime) -> Habit:
    learnt = learn([_fact(each) for each in habit.stays], [bool(each["came"]) for each in habit.bookings])
    for name in LEARNT:
        setattr(habit, name, getattr(learnt, name))
    habit.updated_at = now
    habit.save()
    return habit


def _fact(stored: Mapping[str, Any]) -> StayFact:
    return StayFact(**{name: stored[name] for name in FACTS})
