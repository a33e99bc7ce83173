"""Asking the provider about cars: first those on which a decision depends, and as far as its patience goes."""

import logging
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from evbalancer.common.loops import for_each
from evbalancer.common.words.said import Said
from fleet.domain import budget, connections, vehicles
from fleet.enums import CallPurpose, ConnectionState, PlugState
from fleet.errors import CallRefused, ProviderUnavailable, ReconnectNeeded
from fleet.models import Stay, Vehicle
from fleet.smartcar.gateway import CarState, Cause, Gateway, GatewayError

logger = logging.getLogger(__name__)

MOST_A_ROUND = 20
LONGEST_ROUND_S = 120.0
DRIVER_MAY_ASK_EVERY = timedelta(minutes=1)
# By what depends on it. Smartcar advises against more than one call a car in half an hour.
PLAN_DEPENDS, STAYS_HERE, PLUGGED_ELSEWHERE, AWAY = 0, 1, 2, 3
EVERY = {
    PLAN_DEPENDS: timedelta(minutes=30),
    STAYS_HERE: timedelta(minutes=60),
    PLUGGED_ELSEWHERE: timedelta(hours=3),
    AWAY: timedelta(hours=12),
}


def refresh_states(gateway: Gateway, *, now: datetime) -> int:
    """One round over the cars that are due, as many as the bucket has room for. Returns how many answered."""
    most = min(MOST_A_ROUND, budget.remaining_calls(now=now))

    def ask_one(vehicle: Vehicle) -> bool:
        try:
            return ask_car(vehicle, gateway, now=now) is not None
        except CallRefused:
            return False

    return for_each(list(find_due(now=now)[:most]), ask_one, what="Vehicle", longest_s=LONGEST_ROUND_S)


def find_due(*, now: datetime) -> QuerySet[Vehicle]:
    """Linked cars worth a call now, in the order in which a decision needs them, then those asked longest ago."""
    stays = Stay.objects.filter(vehicle=OuterRef("pk"), ended_at=None).order_by("-began_at")
    waits_over = Q(wait_until=None) | Q(wait_until__lte=now)
    known = (
        Vehicle.objects.filter(waits_over, connection__state=ConnectionState.CONNECTED, retired_at=None)
        .exclude(smartcar_id="")
        .annotate(
            stay_began=Subquery(stays.values("began_at")[:1]),
            needed_by=Subquery(stays.values("needed_by")[:1], output_field=DateTimeField()),
        )
        .annotate(
            rank=Case(
                When(needed_by__gt=now, then=Value(PLAN_DEPENDS)),
                When(stay_began__isnull=False, then=Value(STAYS_HERE)),
                When(plug_state=PlugState.PLUGGED, then=Value(PLUGGED_ELSEWHERE)),
                default=Value(AWAY),
                output_field=IntegerField(),
            )
        )
    )
    is_due = Q(polled_at=None)
    for rank, every in EVERY.items():
        is_due |= Q(rank=rank, polled_at__lte=now - every)
    # A car that has just come is asked at once: its need decides about everybody else's share.
    is_due |= Q(stay_began__isnull=False, polled_at__lt=F("stay_began"))
    return known.filter(is_due).order_by("rank", F("polled_at").asc(nulls_first=True), "pk")


def ask_for_driver(vehicle: Vehicle, gateway: Gateway, *, now: datetime) -> CarState | None:
    """The driver wants to know now. Raises CallRefused when that is too soon."""
    if vehicle.polled_at is not None and now - vehicle.polled_at < DRIVER_MAY_ASK_EVERY:
        raise CallRefused(Said("refusal.asked_just_now"), until=vehicle.polled_at + DRIVER_MAY_ASK_EVERY)
    return ask_car(vehicle, gateway, now=now, purpose=CallPurpose.DRIVER)


def ask_car(
    vehicle: Vehicle, gateway: Gateway, *, now: datetime, purpose: CallPurpose = CallPurpose.STATE
) -> CarState | None:
    """The car's state, stored; None when there is none to be had now. Raises CallRefused when no call may be made."""
    was = vehicle.polled_at
    if vehicle.connection_id is None or not _claim(vehicle, now=now):
        return None
    try:
        access = connections.get_access(vehicle.connection_id, gateway, now=now)
    except (ReconnectNeeded, ProviderUnavailable):
        # Nobody was asked about the car: nothing is spent, and it is somebody else's turn for a while.
        Vehicle.objects.filter(pk=vehicle.pk).update(wait_until=now + budget.FIRST_WAIT, wait_reason="token")
        return None
    try:
        budget.take_call(vehicle, purpose, now=now)
    except CallRefused:
        Vehicle.objects.filter(pk=vehicle.pk, polled_at=now).update(polled_at=was)
        raise
    try:
        state = gateway.state(access, vehicle.smartcar_id, now=now, with_location=wants_location(vehicle))
    except GatewayError as error:
        logger.info("No state of vehicle %s: %s", vehicle.pk, error.why)
        budget.note_failed_call(vehicle.pk, purpose, error, now=now)
        if error.cause == Cause.TOKEN:
            connections.distrust_access(vehicle.connection_id, access)
        return None
    budget.note_answered_call(vehicle.pk, purpose, now=now)
    vehicles.record_state(vehicle, state, source=gateway.source, now=now)
    return state


def wants_location(vehicle: Vehicle) -> bool:
    """Both must say yes: the driver here, and the consent there."""
    if not vehicle.shares_location or vehicle.connection is None:
        return False
    return "read_location" in vehicle.connection.scopes


def _claim(vehicle: Vehicle, *, now: datetime) -> bool:
    """Of two workers that found the same car due, one asks."""
    rows = Vehicle.objects.filter(pk=vehicle.pk, polled_at=vehicle.polled_at, retired_at=None)
    if not rows.update(polled_at=now):
        return False
    vehicle.polled_at = now
    return True
