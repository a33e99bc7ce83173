"""Smartcar's V3 behind the same Protocol: one application token for an hour, and the user's id beside it in each call.

The SDK (6.19.1) sends no `sc-user-id` and knows no V3 commands, so these few calls are made directly. Connect brings back the
user's id instead of a code, in an address that a browser could change: such a consent is not proven, and every answer about
connections is read for that user alone. https://smartcar.com/docs/connect/handle-the-response,
https://smartcar.com/docs/api-reference/authorization/overview
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import requests
from smartcar import config

from fleet.enums import ReadingSource
from fleet.smartcar import oauth, signals
from fleet.smartcar.bounded import bounded
from fleet.smartcar.connect import Connect
from fleet.smartcar.gateway import Access, CarInfo, CarState, Consent, ConsentGoneError, GatewayError, Tokens
from fleet.smartcar.numbers import is_id, label, year_of
from fleet.smartcar.refusals import refusal
from fleet.smartcar.transport import CONNECT_S, READ_S

APPLICATION = "application"
EARLY = timedelta(minutes=5)
MANY_YEARS = timedelta(days=3650)
MOST_CARS = 50


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    until: datetime


class V3Gateway:
    """`client_id` and `client_secret` are the credentials for calls; Connect knows the application by its own id."""

    source = ReadingSource.SMARTCAR

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        application_id: str,
        redirect_uri: str,
        mode: str,
        scopes: Sequence[str],
        token_url: str,
    ) -> None:
        self._client = (client_id, client_secret)
        self._connect = Connect(
            application=application_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            mode=mode,
            scopes=scopes,
        )
        self._token_url = token_url
        self._held: _Held | None = None
        self._lock = Lock()

    def connect_url(self, state: str, *, make: str = "", with_location: bool = False) -> str:
        return self._connect.url(state, make=make, with_location=with_location)

    def redeem(self, brought: Mapping[str, str], *, now: datetime) -> Consent:
        """The user's id as Connect says it. There is no code to exchange; Smartcar must know connections of that user."""
        user_id = brought.get("user_id", "")
        if not is_id(user_id):
            raise ConsentGoneError("no user id")
        tokens = self.refresh(APPLICATION, now=now)
        if not self._connections(Access(tokens.access_token, user_id)):
            raise ConsentGoneError("no connection")
        return Consent(tokens, user_id, is_proven=False)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """The application's token; of many threads one asks. A connection keeps the word `application` as its second half."""
        with self._lock:
            if self._held is None or self._held.until <= now + EARLY:
                self._held = self._fetch(now=now)
            held = self._held
        return Tokens(held.token, APPLICATION, held.until, now + MANY_YEARS)

    def scopes(self, access: Access) -> list[str]:
        """Each connection names the granted scopes; a car with fewer says so in its answers."""
        found: dict[str, None] = {}
        for connection in self._connections(access):
            found |= dict.fromkeys(str(name) for name in _attributes(connection).get("permissions") or ())
        return list(found)

    def cars(self, access: Access) -> list[CarInfo]:
        """They come with the connections, which cost no car a call."""
        found = {
            car.smartcar_id: car for car in map(_car, self._connections(access)) if is_id(car.smartcar_id)
        }
        return list(found.values())

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState:
        body = self._ask("GET", f"/vehicles/{smartcar_id}/signals", access)
        state = signals.read(_rows(body), now=now)
        if state is None:
            raise GatewayError("The car told nothing")
        return state

    def start_charge(self, access: Access, smartcar_id: str) -> None:
        self._command(access, smartcar_id, "start")

    def stop_charge(self, access: Access, smartcar_id: str) -> None:
        self._command(access, smartcar_id, "stop")

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None:
        self._command(access, smartcar_id, "set-limit", {"data": {"attributes": {"percent": pct}}})

    def disconnect(self, access: Access, smartcar_id: str) -> None:
        for connection in self._connections(access):
            if _related(connection, "vehicle") == smartcar_id:
                self._ask("DELETE", f"/connections/{connection['id']}", access)

    def _fetch(self, *, now: datetime) -> _Held:
        form = {"grant_type": "client_credentials"}
        token, until = bounded(
            lambda: oauth.application_token(self._token_url, form, client=self._client, now=now)
        )
        return _Held(token, until)

    def _connections(self, access: Access) -> list[dict[str, Any]]:
        """Of that user alone, whatever the filter let through: the application's token opens everybody's."""
        body = self._ask(
            "GET", f"/connections?filter[userId]={access.user_id}&page[size]={MOST_CARS}", access
        )
        rows = [row for row in _rows(body) if isinstance(row, dict)]
        return [row for row in rows if _related(row, "user") == access.user_id]

    def _command(
        self, access: Access, smartcar_id: str, command: str, body: dict[str, Any] | None = None
    ) -> None:
        """A command that is under way is answered 202, and one that failed in the end says so in its body."""
        told = self._ask("POST", f"/vehicles/{smartcar_id}/commands/charge/{command}", access, body)
        status = _attributes(told.get("data")).get("status")
        if isinstance(status, dict) and status.get("value") == "ERROR":
            kind, code = _named(status.get("error"))
            raise refusal(None, kind or "VEHICLE_STATE", code, {}, now=datetime.now(UTC))

    def _ask(
        self, method: str, path: str, access: Access, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return bounded(lambda: _ask(method, f"{config.VEHICLE_API_ORIGIN}/v3{path}", access, body))


def _ask(method: str, url: str, access: Access, body: dict[str, Any] | None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {access.token}", "sc-user-id": access.user_id}
    try:
        response = requests.request(
            method, url, headers=headers, json=body, timeout=(CONNECT_S, READ_S), allow_redirects=False
        )
    except requests.RequestException as error:
        raise GatewayError(f"Smartcar did not answer: {type(error).__name__}") from error
    told: Any = None
    with contextlib.suppress(ValueError):
        told = response.json()
    if response.status_code // 100 == 2:
        if not isinstance(told, dict) and method == "GET":
            raise GatewayError("Smartcar answered something else: no object")
        return told if isinstance(told, dict) else {}
    kind, code = _named(_first_error(told))
    raise refusal(response.status_code, kind, code, response.headers, now=datetime.now(UTC))


def _first_error(told: Any) -> Any:
    """V3 lists its errors; the limits still come as one object, as in V2."""
    listed = told.get("errors") if isinstance(told, dict) else None
    return listed[0] if isinstance(listed, list) and listed else told


def _named(error: Any) -> tuple[str, str]:
    said = error if isinstance(error, dict) else {}
    return str(said.get("type") or ""), str(said.get("code") or "")


def _rows(body: dict[str, Any]) -> list[Any]:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise GatewayError("Smartcar answered something else: no list")
    return rows


def _attributes(resource: Any) -> dict[str, Any]:
    told = resource.get("attributes") if isinstance(resource, dict) else None
    return told if isinstance(told, dict) else {}


def _related(resource: dict[str, Any], name: str) -> str:
    """The id behind a relationship, as JSON:API nests it."""
    found: Any = resource.get("relationships")
    for key in (name, "data", "id"):
        found = found.get(key) if isinstance(found, dict) else None
    return str(found or "")


def _car(connection: dict[str, Any]) -> CarInfo:
    told = _attributes(connection).get("vehicle")
    car = told if isinstance(told, dict) else {}
    return CarInfo(
        _related(connection, "vehicle"),
        label(car.get("make")),
        label(car.get("model")),
        year_of(car.get("year")),
    )
