"""The driver's cars at the end of the driver's account."""

from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from drivers.models import Driver
from fleet.enums import ChargeState, ConnectionState, PlugState
from fleet.models import SmartcarConnection, Vehicle, VehicleReading

NOTHING_TOLD: Final[dict[str, Any]] = {
    "charge_pct": None,
    "charge_at": None,
    "charge_source": "",
    "range_km": None,
    "odometer_km": None,
    "charge_limit_pct": None,
    "plug_state": PlugState.UNKNOWN,
    "plug_at": None,
    "plugged_since": None,
    "charge_state": ChargeState.UNKNOWN,
    "charging_at": None,
    "facts_at": {},
    "shares_location": False,
    "is_here": None,
    "here_at": None,
}


def erase_cars(driver: Driver, *, now: datetime) -> None:
    """Forget the names of the driver's cars and their reports; sessions keep the rows. In the caller's transaction.

    A consent that the provider has not ended yet is forgotten later: until then the provider needs its user's id.
    """
    VehicleReading.objects.filter(vehicle__driver=driver).delete()
    Vehicle.objects.filter(driver=driver).update(
        name="Car", connection=None, smartcar_id="", retired_at=now, **NOTHING_TOLD
    )
    consents = SmartcarConnection.objects.filter(driver=driver)
    for consent in consents.exclude(state=ConnectionState.DISCONNECTING):
        forget_consent(consent)


def forget_consent(consent: SmartcarConnection) -> None:
    """Forget whose cars they were and what was allowed."""
    SmartcarConnection.objects.filter(pk=consent.pk).update(
        smartcar_user_id=uuid4().hex, scopes=[], offered=[]
    )
