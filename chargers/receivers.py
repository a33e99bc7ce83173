"""What must follow, in the same transaction, from news of sessions, of cars and of cards."""

from collections.abc import Sequence

from django.utils import timezone

from chargers.domain.cards import auth_caches, local_lists
from chargers.domain.limits import answers, boots, commissioning, limits, maximum
from chargers.domain.metering import loads, meter_keys
from chargers.domain.orders.listeners import GroupListener, Listener, SendingListener, register_listeners
from chargers.domain.sessions import occupants
from chargers.domain.sockets import connections
from chargers.domain.stations import onboarding
from chargers.enums import CommandKind
from chargers.events import (
    AccessChanged,
    CarTurned,
    CredentialsRevoked,
    SessionClosed,
    SessionOpened,
    TransactionEnded,
    TransactionStarted,
)
from chargers.models import AccessRule, Session
from drivers.events import IdTagsChanged
from evbalancer.common.events import receives, receives_together
from fleet.domain import stays
from fleet.domain.control import steers_cars
from fleet.events import StayNamed, VehicleReported
from grid.domain.commissioning import register_claimant
from grid.domain.own_load import measures_own_load
from grid.events import GroupChanged

register_claimant(commissioning.claim_fallbacks)
measures_own_load(loads.by_circuit)
steers_cars(occupants.is_steered)
register_listeners(
    SendingListener(limits.commands_sent),
    GroupListener(CommandKind.SET_LIMIT, answers.limits_answered),
    GroupListener(CommandKind.READ_LIMIT, answers.offers_read, concerns=answers.is_offer),
    Listener(CommandKind.READ_LIMIT, limits.fallback_read, concerns=boots.is_about_boot),
    Listener(CommandKind.SET_FALLBACK, limits.fallback_answered),
    Listener(CommandKind.SET_STATION_LIMIT, maximum.note_maximum),
    Listener(CommandKind.CLEAR_LIMITS, limits.clearing_answered),
    Listener(
        CommandKind.READ_CONFIGURATION, onboarding.note_settings_answer, concerns=onboarding.learns_from
    ),
    Listener(
        CommandKind.CHANGE_CONFIGURATION, onboarding.note_settings_answer, concerns=onboarding.learns_from
    ),
    Listener(CommandKind.READ_CONFIGURATION, meter_keys.keep_told_keys),
    Listener(CommandKind.READ_CONFIGURATION, local_lists.learn_bounds, concerns=local_lists.is_own_question),
    Listener(CommandKind.SEND_LOCAL_LIST, local_lists.note_list_answer),
    Listener(CommandKind.CLEAR_CACHE, auth_caches.clear_again, concerns=auth_caches.is_in_doubt),
)


@receives(CredentialsRevoked)
def close_its_socket(event: CredentialsRevoked) -> None:
    connections.cut_off(event.charge_point_id, now=timezone.now())


@receives_together(CarTurned)
def reserve_for_cars(events: Sequence[CarTurned]) -> None:
    limits.cars_turned(events)


@receives_together(SessionOpened)
def name_cars(events: Sequence[SessionOpened]) -> None:
    sessions = Session.objects.filter(pk__in=[event.session_id for event in events])
    occupants.name_each(sessions, now=timezone.now())


@receives_together(TransactionStarted)
def name_the_drivers_cars(events: Sequence[TransactionStarted]) -> None:
    sessions = list(Session.objects.filter(pk__in=[event.session_id for event in events]))
    occupants.name_each(sessions, now=timezone.now())
    occupants.keep_words([session for session in sessions if session.stay_began_at is not None])


@receives(StayNamed)
def keep_the_car_with_the_session(event: StayNamed) -> None:
    Session.objects.filter(pk=event.session_id).update(vehicle_id=event.vehicle_id)


@receives_together(TransactionEnded)
def learn_of_cars(events: Sequence[TransactionEnded]) -> None:
    known = Session.objects.filter(pk__in=[event.session_id for event in events], vehicle__isnull=False)
    for session in known.select_related("vehicle", "connector"):
        occupants.learn_from(session, now=timezone.now())


@receives_together(SessionClosed)
def end_stays(events: Sequence[SessionClosed]) -> None:
    stays.end_stays([event.session_id for event in events], now=timezone.now())


@receives(VehicleReported)
def judge_by_what_the_car_said(event: VehicleReported) -> None:
    now = timezone.now()
    occupants.name_all_of(event.driver_id, event.community_id, now=now)
    occupants.learn_from_last_of(event.vehicle_id, now=now)


@receives(IdTagsChanged)
def keep_what_chargers_know_in_step(event: IdTagsChanged) -> None:
    now = timezone.now()
    local_lists.follow_cards(event.community_id, now=now)
    if event.is_withdrawal:
        auth_caches.clear_caches(event.community_id, now=now)


@receives(AccessChanged)
def keep_what_a_charger_knows_in_step(event: AccessChanged) -> None:
    now = timezone.now()
    local_lists.follow_access(event.charge_point_id, event.community_id, now=now)
    auth_caches.clear_one(event.charge_point_id, event.community_id, now=now)


@receives(GroupChanged)
def follow_groups(event: GroupChanged) -> None:
    """Only where a space is kept for some group it matters who is in one."""
    places = AccessRule.objects.filter(community=event.community_id, group__isnull=False)
    for charge_point_id in places.order_by().values_list("connector__charge_point", flat=True).distinct():
        keep_what_a_charger_knows_in_step(
            AccessChanged(charge_point_id=charge_point_id, community_id=event.community_id)
        )
