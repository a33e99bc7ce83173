"""What must follow from news of the charge points, in the same transaction."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from chargers.enums import ConnectorStatus, SessionState
from chargers.events import (
    CarLeft,
    ConnectorStatusChanged,
    PriorityAsked,
    SessionClosed,
    TransactionEnded,
    TransactionStarted,
)
from chargers.models import Session
from drivers.events import MembershipEnded
from evbalancer.common.beside import Beside
from evbalancer.common.events import receives, receives_together
from evbalancer.common.waking import wake_balancer
from fleet.events import VehicleReported
from grid.events import LimitImposed
from pricing.domain.curve_bills import finds_bookings
from scheduling.domain.balancing import cover
from scheduling.domain.booking import requests, settlement
from scheduling.domain.conduct import asked_at_charger, charges, emergencies
from scheduling.domain.telling import notices
from scheduling.enums import BalanceStep
from scheduling.models import SlotRequest

SUSPENDED_BY_CAR = ConnectorStatus.SUSPENDED_EV.value


def _sessions(session_ids: Collection[UUID]) -> QuerySet[Session]:
    rows = Session.objects.filter(pk__in=session_ids)
    return rows.select_related(
        "community", "driver", "vehicle", "connector__circuit", "connector__charge_point"
    )


def _wake(events: Iterable[TransactionStarted | TransactionEnded | CarLeft]) -> None:
    for cluster_id in {event.cluster_id for event in events}:
        wake_balancer(cluster_id)


@receives_together(TransactionStarted)
def consume_slots(events: Sequence[TransactionStarted]) -> None:
    now = timezone.now()
    numbers = {event.session_id: event.reservation_number for event in events if event.is_accepted}
    started = Session.objects.filter(pk__in=numbers)
    for session in _sessions(settlement.with_something_open(started)):
        settlement.carry_over(session, now=now)
    for session in _sessions(requests.with_waiting_slots(started)):
        requests.consume_for(session, now=now, reservation_number=numbers[session.pk])
    _wake(events)


@receives(VehicleReported)
def share_what_a_full_car_leaves(event: VehicleReported) -> None:
    """A car that says it is full needs its share no longer; the plan that follows judges whether to believe it."""
    if not event.is_full:
        return
    charging = Session.objects.filter(vehicle_id=event.vehicle_id, state=SessionState.ACTIVE)
    for cluster_id in charging.values_list("connector__charge_point__cluster_id", flat=True):
        wake_balancer(cluster_id)


@receives(LimitImposed)
def say_when_it_holds(event: LimitImposed) -> None:
    Beside(f"limit {event.limit_id}").attempt(
        BalanceStep.COVER, lambda: cover.judge_new(event.limit_id), otherwise=None
    )


@receives(LimitImposed)
def tell_of_cut(event: LimitImposed) -> None:
    Beside(f"limit {event.limit_id}").attempt(
        "The notice", lambda: notices.power_cut(event.limit_id, now=timezone.now()), otherwise=0
    )


@receives(ConnectorStatusChanged)
def tell_of_full_car(event: ConnectorStatusChanged) -> None:
    if event.now == SUSPENDED_BY_CAR:
        Beside(f"the state of connector {event.connector_id}").attempt(
            "The notice", lambda: notices.car_full(event.connector_id, now=timezone.now()), otherwise=None
        )


@receives(PriorityAsked)
def claim_what_is_asked_at_the_charger(event: PriorityAsked) -> None:
    for session in _sessions([event.session_id]):
        asked_at_charger.claim_for(session, now=event.at)


@receives_together(TransactionEnded)
def close_accounts(events: Sequence[TransactionEnded]) -> None:
    """Served energy is billed with the transaction; promises belong to the stay, which may go on."""
    now = timezone.now()
    ended = Session.objects.filter(pk__in=[event.session_id for event in events])
    settlement.note_ends(ended, now=now)
    for session in _sessions(settlement.with_something_granted(ended)):
        settlement.settle_kept(session, now=now)
        charges.charge_emergencies(session, now=now)
    _wake(events)


@receives_together(CarLeft)
def close_accounts_of_stays(events: Sequence[CarLeft]) -> None:
    """The ledger's line, the slot's end and the emergency's end can't be parted from the stay's end."""
    for session in _sessions([event.session_id for event in events]):
        settlement.settle_stay(session, now=timezone.now())
    _wake(events)


@receives_together(SessionClosed)
def charge_who_kept_others_waiting(events: Sequence[SessionClosed]) -> None:
    closed = Session.objects.filter(pk__in=[event.session_id for event in events])
    for session in _sessions(charges.with_neighbours_waiting(closed)):
        charges.charge_overstay(session, now=timezone.now())


@receives(MembershipEnded)
def give_back_what_was_booked(event: MembershipEnded) -> None:
    """What a person who belongs there no longer had booked or claimed is others' again."""
    requests.cancel_waiting(event.driver_id, now=event.at)
    emergencies.withdraw_open(event.driver_id, now=event.at)


@finds_bookings
def find_booking(session_id: UUID) -> UUID | None:
    """The publication of prices that the session's slot was booked by; of several slots, the first one's."""
    slots = SlotRequest.objects.filter(session=session_id, price_publication__isnull=False)
    return slots.order_by("created_at").values_list("price_publication_id", flat=True).first()
