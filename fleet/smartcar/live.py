"""Smartcar's V2 through the real SDK for data calls, and through its token endpoint by ourselves.

`Vehicle.request()` is never called: its mutable default headers can send one user's token for another (C1).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import smartcar
from requests.structures import CaseInsensitiveDict
from smartcar import config, helpers
from smartcar.exception import SmartcarException

from fleet.enums import ChargeState, ReadingSource
from fleet.smartcar import oauth
from fleet.smartcar.bounded import bounded
from fleet.smartcar.connect import Connect
from fleet.smartcar.gateway import (
    Access,
    CarInfo,
    CarState,
    Consent,
    ConsentGoneError,
    GatewayError,
    Position,
    Tokens,
)
from fleet.smartcar.numbers import degrees, is_id, label, moment, plug_state, whole, year_of
from fleet.smartcar.refusals import refusal
from fleet.smartcar.transport import Heard, transport

T = TypeVar("T")
STATE_PATHS = ("/battery", "/battery/capacity", "/charge", "/charge/limit", "/odometer")
PAGE = 50
CHARGE_STATES = {
    "CHARGING": ChargeState.CHARGING,
    "FULLY_CHARGED": ChargeState.FULL,
    "NOT_CHARGING": ChargeState.NOT_CHARGING,
}

helpers.requests = transport


class LiveGateway:
    source = ReadingSource.SMARTCAR

    def __init__(
        self, *, client_id: str, client_secret: str, redirect_uri: str, mode: str, scopes: Sequence[str]
    ) -> None:
        self._client = (client_id, client_secret)
        self._redirect_uri = redirect_uri
        self._connect = Connect(
            application=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            mode=mode,
            scopes=scopes,
        )

    def connect_url(self, state: str, *, make: str = "", with_location: bool = False) -> str:
        return self._connect.url(state, make=make, with_location=with_location)

    def redeem(self, brought: Mapping[str, str], *, now: datetime) -> Consent:
        """A code, which the token endpoint takes once; its token says whose it is."""
        if not brought.get("code"):
            raise ConsentGoneError("no code")
        tokens = self.exchange_code(brought["code"], now=now)
        return Consent(tokens, self.user_id(Access(tokens.access_token)), is_proven=True)

    def exchange_code(self, code: str, *, now: datetime) -> Tokens:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri}
        return self._post(form, now=now)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        return self._post({"grant_type": "refresh_token", "refresh_token": refresh_token}, now=now)

    def user_id(self, access: Access) -> str:
        return str(_call(lambda: smartcar.get_user(access.token).id))

    def scopes(self, access: Access) -> list[str]:
        """Of the first car; every car of a consent has the same."""
        ids = _ids(access)
        if not ids:
            return []
        granted = _call(lambda: smartcar.Vehicle(ids[0], access.token).permissions().permissions)
        return [str(name) for name in granted]

    def cars(self, access: Access) -> list[CarInfo]:
        return [_call(partial(_attributes, str(smartcar_id), access.token)) for smartcar_id in _ids(access)]

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState:
        """One batch call; facts that the car or the consent refuses are left out of the answer."""
        paths = [*STATE_PATHS, "/location"] if with_location else list(STATE_PATHS)
        car = smartcar.Vehicle(smartcar_id, access.token)
        batch, heard = _call(lambda: (car.batch(paths), transport.heard()))
        battery, charge = _part(batch, "battery"), _part(batch, "charge")
        if battery is None and charge is None:
            raise _why_nothing(heard, now=now)
        limit, place = _part(batch, "get_charge_limit"), _part(batch, "location")
        odometer = _part(batch, "odometer")
        return CarState(
            measured_at=_measured_at(charge if battery is None else battery, now=now),
            plug_at=_measured_at(battery if charge is None else charge, now=now),
            charge_pct=whole(getattr(battery, "percent_remaining", None), 100, most=100),
            range_km=whole(getattr(battery, "range", None), 1),
            battery_wh=whole(getattr(_part(batch, "battery_capacity"), "capacity", None), 1000),
            odometer_km=whole(getattr(odometer, "distance", None), 1),
            charge_limit_pct=whole(getattr(limit, "limit", None), 100, most=100),
            plug_state=plug_state(getattr(charge, "is_plugged_in", None)),
            charge_state=CHARGE_STATES.get(getattr(charge, "state", ""), ChargeState.UNKNOWN),
            position=_position(place),
            times={
                fact: _measured_at(part, now=now)
                for fact, part in (
                    ("charge_pct", battery),
                    ("range_km", battery),
                    ("plug_state", charge),
                    ("charge_state", charge),
                    ("odometer_km", odometer),
                    ("charge_limit_pct", limit),
                    ("position", place),
                )
                if part is not None
            },
        )

    def start_charge(self, access: Access, smartcar_id: str) -> None:
        _call(lambda: smartcar.Vehicle(smartcar_id, access.token).start_charge())

    def stop_charge(self, access: Access, smartcar_id: str) -> None:
        _call(lambda: smartcar.Vehicle(smartcar_id, access.token).stop_charge())

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None:
        _call(lambda: smartcar.Vehicle(smartcar_id, access.token).set_charge_limit(pct / 100))

    def disconnect(self, access: Access, smartcar_id: str) -> None:
        _call(lambda: smartcar.Vehicle(smartcar_id, access.token).disconnect())

    def _post(self, form: dict[str, str], *, now: datetime) -> Tokens:
        return bounded(lambda: oauth.post(config.AUTH_ORIGIN, form, client=self._client, now=now))


def _call(call: Callable[[], T]) -> T:
    """The SDK's answer within our time, its failures in our words."""
    return bounded(lambda: _translated(call))


def _translated(call: Callable[[], T]) -> T:
    transport.forget()
    try:
        return call()
    except SmartcarException as error:
        raise _refused(error) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # The SDK raises these on a 200 whose body is not what it expects.
        raise GatewayError(f"Smartcar answered something else: {type(error).__name__}") from error


def _refused(error: SmartcarException) -> GatewayError:
    heard = transport.heard()
    kind, code = str(getattr(error, "type", "") or ""), str(getattr(error, "code", "") or "")
    return refusal(heard.status, kind, code, heard.headers, now=datetime.now(UTC))


def _ids(access: Access) -> list[str]:
    found = _call(lambda: smartcar.get_vehicles(access.token, {"limit": PAGE, "offset": 0}).vehicles)
    if not isinstance(found, list):
        raise GatewayError("Smartcar answered something else: no list of cars")
    return [smartcar_id for smartcar_id in map(str, found) if is_id(smartcar_id)]


def _attributes(smartcar_id: str, token: str) -> CarInfo:
    found = smartcar.Vehicle(smartcar_id, token).attributes()
    return CarInfo(smartcar_id, label(found.make), label(found.model), year_of(found.year))


def _part(batch: Any, name: str) -> Any:
    answer = getattr(batch, name, None)
    if answer is None:
        return None
    try:
        return answer()
    except (SmartcarException, KeyError, TypeError, ValueError, AttributeError):
        return None


def _why_nothing(heard: Heard, *, now: datetime) -> GatewayError:
    """A batch answers 200 even when every part of it was refused; the parts say why, and how long to wait."""
    for part in json.loads(heard.body)["responses"]:
        body = part.get("body")
        if part.get("path") in ("/battery", "/charge") and isinstance(body, dict):
            status = part.get("code")
            headers = CaseInsensitiveDict(part.get("headers") or {})
            kind, code = str(body.get("type") or ""), str(body.get("code") or "")
            return refusal(status if isinstance(status, int) else None, kind, code, headers, now=now)
    return GatewayError("The car told nothing")


def _measured_at(part: Any, *, now: datetime) -> datetime:
    """When the car said it: Smartcar's sc-data-age header; never in the future."""
    stamp = getattr(getattr(part, "meta", None), "data_age", None)
    return moment((str(stamp),) if stamp else (), now=now) or now


def _position(place: Any) -> Position | None:
    latitude, longitude = (
        degrees(getattr(place, "latitude", None), 90),
        degrees(getattr(place, "longitude", None), 180),
    )
    return None if latitude is None or longitude is None else Position(latitude, longitude)
