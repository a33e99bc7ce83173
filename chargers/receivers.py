"""What must follow, in the same transaction, from news of sessions, of cars and of cards."""

from django.utils import timezone

from chargers.domain import auth_caches, commissioning, connections, loads, local_lists, occupants
from chargers.events import (
    CredentialsRevoked,
    SessionClosed,
    SessionOpened,
    TransactionEnded,
    TransactionStarted,
)
from chargers.models import Session
from drivers.events import IdTagsChanged
from evbalancer.common.events import receives
from fleet.domain import stays
from fleet.domain.control import steers_cars
from fleet.events import StayNamed, VehicleReported
from grid.domain.commissioning import claims
from grid.domain.own_load import measures_own_load

claims(commissioning.fallbacks)
measures_own_load(loads.by_circuit)
steers_cars(occupants.is_steered)


@receives(CredentialsRevoked)
def close_its_socket(event: CredentialsRevoked) -> None:
    connections.cut_off(event.charge_point_id, now=timezone.now())


@receives(SessionOpened)
def name_the_car(event: SessionOpened) -> None:
    occupants.name(Session.objects.get(pk=event.session_id), now=timezone.now())


@receives(TransactionStarted)
def name_the_drivers_car(event: TransactionStarted) -> None:
    session = Session.objects.get(pk=event.session_id)
    occupants.name(session, now=timezone.now())
    if session.stay_began_at is not None:
        earlier = Session.objects.filter(stay_id=session.stay_id).exclude(pk=session.pk)
        stays.keep_word(session.pk, earlier_ids=earlier.values_list("pk", flat=True))


@receives(StayNamed)
def keep_the_car_with_the_session(event: StayNamed) -> None:
    Session.objects.filter(pk=event.session_id).update(vehicle_id=event.vehicle_id)


@receives(TransactionEnded)
def learn_of_the_car(event: TransactionEnded) -> None:
    rows = Session.objects.select_related("vehicle", "connector")
    occupants.learn_from(rows.get(pk=event.session_id), now=timezone.now())


@receives(SessionClosed)
def end_the_stay(event: SessionClosed) -> None:
    stays.end_stay(event.session_id, now=timezone.now())


@receives(VehicleReported)
def judge_by_what_the_car_said(event: VehicleReported) -> None:
    now = timezone.now()
    occupants.name_all_of(event.driver_id, event.community_id, now=now)
    occupants.learn_from_last_of(event.vehicle_id, now=now)


@receives(IdTagsChanged)
def keep_what_chargers_know_in_step(event: IdTagsChanged) -> None:
    now = timezone.now()
    local_lists.follow(event.community_id, now=now)
    if event.is_withdrawal:
        auth_caches.clear(event.community_id, now=now)
