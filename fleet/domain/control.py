"""Starting, stopping and limiting charge through the car, where the charger cannot: asked for by the driver alone.

Apps above register who knows whether a charger has the car in hand.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from drivers.models import User
from evbalancer.common.errors import NotFound
from evbalancer.common.words.inputs import Range
from evbalancer.common.words.said import Said
from fleet.domain import budget, connections
from fleet.enums import CallPurpose
from fleet.errors import CarRefused, ChargerSteers, NotGranted
from fleet.models import Vehicle
from fleet.smartcar.gateway import Access, Gateway, GatewayError
from grid.domain.audit import Actor, record_entry

logger = logging.getLogger(__name__)
CONTROL = "control_charge"
CHARGE_LIMIT = Range(50, 100, gettext_lazy("Cars take a limit from 50 to 100 percent."))

Judge = Callable[[Vehicle, datetime], bool]
_judges: list[Judge] = []


def steers_cars(judge: Judge) -> Judge:
    """Register who knows of chargers that are online, obey, and have this car; used in an app's `receivers` module."""
    if judge not in _judges:
        _judges.append(judge)
    return judge


def is_possible(vehicle: Vehicle, *, now: datetime) -> bool:
    """The consent covers it, and no charger of ours can do it instead."""
    granted = vehicle.connection is not None and CONTROL in vehicle.connection.scopes
    return granted and not _charger_steers(vehicle, now=now)


def start_charging(vehicle: Vehicle, gateway: Gateway, *, by: User, now: datetime) -> None:
    """Raises as every control does: NotFound, NotGranted, ChargerSteers, CallRefused, ReconnectNeeded, ProviderUnavailable,
    CarRefused.
    """

    def act(access: Access) -> None:
        gateway.start_charge(access, vehicle.smartcar_id)

    _do("start", vehicle, gateway, act, by=by, now=now)


def stop_charging(vehicle: Vehicle, gateway: Gateway, *, by: User, now: datetime) -> None:
    def act(access: Access) -> None:
        gateway.stop_charge(access, vehicle.smartcar_id)

    _do("stop", vehicle, gateway, act, by=by, now=now)


def set_limit(vehicle: Vehicle, gateway: Gateway, pct: int, *, by: User, now: datetime) -> None:
    """Set the charge at which the car stops. Raises InvalidInput too: cars take 50 to 100 %."""
    CHARGE_LIMIT.check("pct", pct)

    def act(access: Access) -> None:
        gateway.set_charge_limit(access, vehicle.smartcar_id, pct)

    _do("limit", vehicle, gateway, act, by=by, now=now, pct=pct)
    Vehicle.objects.filter(pk=vehicle.pk).update(charge_limit_pct=pct)
    vehicle.charge_limit_pct = pct


def _do(
    what: str,
    vehicle: Vehicle,
    gateway: Gateway,
    act: Callable[[Access], None],
    *,
    by: User,
    now: datetime,
    **facts: int,
) -> None:
    if vehicle.connection is None:
        raise NotFound(Said("refusal.car_not_linked"))
    if CONTROL not in vehicle.connection.scopes:
        raise NotGranted(Said("refusal.control_not_granted"))
    if _charger_steers(vehicle, now=now):
        raise ChargerSteers(Said("refusal.charger_steers"))
    access = connections.get_access(vehicle.connection.pk, gateway, now=now)
    budget.take_call(vehicle, CallPurpose.CONTROL, now=now)
    try:
        act(access)
    except GatewayError as error:
        logger.info("Vehicle %s did not %s: %s", vehicle.pk, what, error.why)
        budget.note_failed_call(vehicle.pk, CallPurpose.CONTROL, error, now=now)
        raise CarRefused(Said("refusal.car_refused")) from error
    budget.note_answered_call(vehicle.pk, CallPurpose.CONTROL, now=now)
    with transaction.atomic():
        record_entry(
            actor=Actor.of_user(by), action=f"vehicle.{what}", target=vehicle, now=now, after=dict(facts)
        )


def _charger_steers(vehicle: Vehicle, *, now: datetime) -> bool:
    return any(judge(vehicle, now) for judge in _judges)
