"""Smartcar through the real SDK for data calls, and through its token endpoint by ourselves.

`Vehicle.request()` is never called: its mutable default headers can send one user's token for another (C1).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import smartcar
from django.utils.dateparse import parse_datetime
from smartcar import config
from smartcar.exception import SmartcarException

from fleet.enums import ChargeState, PlugState
from fleet.smartcar import oauth
from fleet.smartcar.bounded import bounded
from fleet.smartcar.gateway import CarInfo, CarState, GatewayError, Tokens
from fleet.smartcar.retry import parse

T = TypeVar("T")
SCOPES = [
    "required:read_vehicle_info",
    "required:read_battery",
    "required:read_charge",
    "read_odometer",
    "control_charge",
]
STATE_PATHS = ["/battery", "/battery/capacity", "/charge", "/odometer"]
PERMANENT = {"AUTHENTICATION", "PERMISSION", "COMPATIBILITY", "CONNECTED_SERVICES_ACCOUNT"}
CHARGE_STATES = {
    "CHARGING": ChargeState.CHARGING,
    "FULLY_CHARGED": ChargeState.FULL,
    "NOT_CHARGING": ChargeState.NOT_CHARGING,
}


class LiveGateway:
    def __init__(self, *, client_id: str, client_secret: str, redirect_uri: str, mode: str) -> None:
        self._client = (client_id, client_secret)
        self._redirect_uri = redirect_uri
        self._auth = smartcar.AuthClient(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            mode=mode,
        )

    def connect_url(self, state: str, *, make: str = "") -> str:
        options: dict[str, Any] = {"state": state, "single_select": {"enabled": True}}
        if make:
            options["make_bypass"] = make
        return str(self._auth.get_auth_url(SCOPES, options))

    def exchange_code(self, code: str, *, now: datetime) -> Tokens:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri}
        return self._post(form, now=now)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        return self._post({"grant_type": "refresh_token", "refresh_token": refresh_token}, now=now)

    def user_id(self, access_token: str) -> str:
        return str(_call(lambda: smartcar.get_user(access_token).id))

    def scopes(self, access_token: str) -> list[str]:
        """Of the first car; every car of a consent has the same."""
        ids = _call(lambda: smartcar.get_vehicles(access_token).vehicles)
        if not ids:
            return []
        granted = _call(lambda: smartcar.Vehicle(ids[0], access_token).permissions().permissions)
        return [str(name) for name in granted]

    def cars(self, access_token: str) -> list[CarInfo]:
        ids = _call(lambda: smartcar.get_vehicles(access_token).vehicles)
        return [_call(partial(_attributes, str(smartcar_id), access_token)) for smartcar_id in ids]

    def state(self, access_token: str, smartcar_id: str, *, now: datetime) -> CarState:
        """One batch call; what the car or the consent refuses is left out of the answer."""
        batch = _call(lambda: smartcar.Vehicle(smartcar_id, access_token).batch(STATE_PATHS))
        battery, charge = _part(batch, "battery"), _part(batch, "charge")
        capacity, odometer = _part(batch, "battery_capacity"), _part(batch, "odometer")
        if battery is None and charge is None:
            raise GatewayError("The car told nothing")
        return CarState(
            measured_at=min(_measured_at(part, now=now) for part in (battery, charge) if part is not None),
            charge_pct=_whole(getattr(battery, "percent_remaining", None), 100, most=100),
            range_km=_whole(getattr(battery, "range", None), 1),
            battery_wh=_whole(getattr(capacity, "capacity", None), 1000),
            odometer_km=_whole(getattr(odometer, "distance", None), 1),
            plug_state=_plug_state(charge),
            charge_state=CHARGE_STATES.get(getattr(charge, "state", ""), ChargeState.UNKNOWN),
        )

    def disconnect(self, access_token: str, smartcar_id: str) -> None:
        _call(lambda: smartcar.Vehicle(smartcar_id, access_token).disconnect())

    def _post(self, form: dict[str, str], *, now: datetime) -> Tokens:
        return bounded(lambda: oauth.post(config.AUTH_ORIGIN, form, client=self._client, now=now))


def _call(call: Callable[[], T]) -> T:
    """The SDK's answer within our time, its failures in our words."""
    try:
        return bounded(call)
    except SmartcarException as error:
        kind = str(getattr(error, "type", "") or "")
        status = getattr(error, "status_code", None)
        wait = parse(getattr(error, "retry_after", None), now=datetime.now(UTC))
        raise GatewayError(
            f"Smartcar: {kind or status}", permanent=kind in PERMANENT, retry_after=wait
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # The SDK raises these on a 200 whose body is not what it expects.
        raise GatewayError(f"Smartcar answered something else: {type(error).__name__}") from error


def _attributes(smartcar_id: str, access_token: str) -> CarInfo:
    found = smartcar.Vehicle(smartcar_id, access_token).attributes()
    year = str(found.year or "")
    return CarInfo(
        smartcar_id, str(found.make or ""), str(found.model or ""), int(year) if year.isdigit() else None
    )


def _part(batch: Any, name: str) -> Any:
    answer = getattr(batch, name, None)
    if answer is None:
        return None
    try:
        return answer()
    except (SmartcarException, KeyError, TypeError, ValueError, AttributeError):
        return None


def _measured_at(part: Any, *, now: datetime) -> datetime:
    """When the car said it: Smartcar's sc-data-age header; never in the future."""
    stamp = getattr(getattr(part, "meta", None), "data_age", None)
    moment = parse_datetime(str(stamp)) if stamp else None
    if moment is None:
        return now
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _plug_state(charge: Any) -> PlugState:
    plugged = getattr(charge, "is_plugged_in", None)
    if not isinstance(plugged, bool):
        return PlugState.UNKNOWN
    return PlugState.PLUGGED if plugged else PlugState.UNPLUGGED


def _whole(value: Any, factor: int, *, most: int = 2_000_000) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = round(value * factor)
    return number if 0 <= number <= most else None
