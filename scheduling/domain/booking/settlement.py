"""Slots, emergencies and the ledger of a stay: carried to the next transaction after an interruption, settled when the car leaves."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from chargers.domain.sessions import sessions
from chargers.models import Session
from evbalancer.common.errors import StateMoved
from fleet.domain import stays
from scheduling.domain.balancing.taking import Taking
from scheduling.domain.booking import requests
from scheduling.domain.conduct import emergencies
from scheduling.domain.conduct.charges import GRANTED, charge_booking
from scheduling.domain.learning import fairness
from scheduling.domain.learning.visits import Visit
from scheduling.domain.telling import notices
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import Allotment, EmergencyRequest, SlotRequest

OPEN_CLAIMS = (EmergencyState.PENDING, EmergencyState.ACCEPTED)
# Ends that the car itself brings about because it wants no more.
CAR_STOPS = ("StoppedByEV", "SOCLimitReached")
# Registers and promises are rounded; so much less is no broken promise.
TOLERANCE_WH, TOLERANCE_SHARE = 100, 0.01


def with_something_open(sessions: QuerySet[Session]) -> list[UUID]:
    """Those whose stay has a slot or a claim that `carry_over` would move to them."""
    later = sessions.filter(stay_began_at__isnull=False)
    slots = SlotRequest.objects.filter(session__stay_id=OuterRef("stay_id"), state=SlotState.ACTIVE)
    claims = EmergencyRequest.objects.filter(session__stay_id=OuterRef("stay_id"), state__in=OPEN_CLAIMS)
    return list(later.filter(Exists(slots) | Exists(claims)).values_list("pk", flat=True))


def with_something_granted(sessions: QuerySet[Session]) -> list[UUID]:
    """Those whose stay uses a slot, or was granted an emergency."""
    slots = SlotRequest.objects.filter(session__stay_id=OuterRef("stay_id"), state=SlotState.ACTIVE)
    claims = EmergencyRequest.objects.filter(
        session__stay_id=OuterRef("stay_id"), state__in=GRANTED, until__isnull=False
    )
    return list(sessions.filter(Exists(slots) | Exists(claims)).values_list("pk", flat=True))


@transaction.atomic
def carry_over(session: Session, *, now: datetime) -> None:
    """A transaction of the stay begins: the driver's open slot and emergencies of the stay move on to it."""
    if session.stay_began_at is None:
        return
    for slot in _open_slots(session).exclude(session=session):
        if slot.ready_by <= now:
            settle_slot(slot, now=now)
        elif session.driver_id in (None, slot.driver_id):
            SlotRequest.objects.filter(pk=slot.pk).update(session=session)
            stays.need_until(session.pk, slot.ready_by)
    claims = EmergencyRequest.objects.filter(session__stay_id=session.stay_id, state__in=OPEN_CLAIMS).exclude(
        session=session
    )
    if session.driver_id is not None:
        claims = claims.filter(driver_id=session.driver_id)
    claims.update(session=session)


@transaction.atomic
def settle_stay(session: Session, *, now: datetime) -> None:
    """Settle a stay once, after the car has left. `session` is its last.

    1. Write the line of the fairness ledger.
    2. End the slot with the energy that the stay received.
    3. End the emergency in the same way.
    """
    # 1.
    fairness.record_session(session, now=now)
    # 2.
    for slot in _open_slots(session):
        settle_slot(slot, now=now)
    # 3.
    emergencies.finish_for(session, now=now)


def settle_kept(session: Session, *, now: datetime) -> None:
    """A transaction is over: a slot that has all it asked for is fulfilled; another waits for the stay's next one."""
    for slot in _open_slots(session):
        if Visit.of(session, now=now).received_wh >= slot.energy_wh:
            settle_slot(slot, now=now)


def note_ends(ended: QuerySet[Session], *, now: datetime) -> None:
    """How the cars stood when their transactions ended; the next rebalance knows it no longer."""
    reasons = dict(ended.values_list("pk", "stop_reason"))
    rows = Allotment.objects.filter(session__in=list(reasons)).values_list("session_id", "taking")
    sated = {pk for pk, taking in rows if Taking.stored(taking).is_sated}
    sated |= {pk for pk, reason in reasons.items() if reason in CAR_STOPS}
    sated |= stays.full_sessions(list(reasons), now=now)
    if sated:
        sessions.note_sated(sated)


def settle_slot(slot: SlotRequest, *, now: datetime) -> SlotRequest:
    """End an active slot with what its stay received, and tell its driver of a promise that was not kept."""
    session = slot.session
    if session is None:
        return requests.finish_slot(slot, now=now)
    visit = Visit.of(session, now=now)
    try:
        settled = requests.move_slot(slot, to=_outcome(slot, visit), now=now, received_wh=visit.received_wh)
    except StateMoved:
        slot.refresh_from_db()
        return slot
    charge_booking(settled, now=now)
    if settled.state == SlotState.UNMET:
        notices.slot_moved(settled, now=now)
    return settled


def is_kept(slot: SlotRequest, received_wh: int) -> bool:
    """Met when the promised energy was received; without a promise, the wished energy."""
    return received_wh > 0 and not falls_short(slot.promised_wh or slot.energy_wh, received_wh)


def falls_short(due_wh: float, received_wh: float) -> bool:
    """By more than registers and promises are rounded."""
    return received_wh < due_wh - max(TOLERANCE_WH, due_wh * TOLERANCE_SHARE)


def _outcome(slot: SlotRequest, visit: Visit) -> SlotState:
    if visit.is_full or is_kept(slot, visit.received_wh):
        return SlotState.FULFILLED
    return SlotState.LEFT if visit.given_up_at < slot.ready_by else SlotState.UNMET


def _open_slots(session: Session) -> QuerySet[SlotRequest]:
    rows = SlotRequest.objects.filter(session__stay_id=session.stay_id, state=SlotState.ACTIVE)
    return rows.select_related("session", "driver", "cluster__community")
