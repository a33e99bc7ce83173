"""Smartcar's V3 behind the same Protocol: one application token for an hour, and the user's id beside it in each call.

The SDK (6.19.1) sends no `sc-user-id` and knows no V3 commands, so these few calls are made directly. The code that Connect
brings back is still exchanged once: it, and not an address that a browser could change, says whose cars these are.
https://smartcar.com/docs/api-reference/authorization/overview
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import requests
from smartcar import config

from fleet.smartcar import oauth, signals
from fleet.smartcar.bounded import bounded
from fleet.smartcar.gateway import Access, CarInfo, CarState, GatewayError, Tokens
from fleet.smartcar.live import LiveGateway
from fleet.smartcar.refusals import refusal
from fleet.smartcar.transport import CONNECT_S, READ_S

APPLICATION = "application"
EARLY = timedelta(minutes=5)
MANY_YEARS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    until: datetime


class V3Gateway(LiveGateway):
    """Connect is the same as V2's. `refresh` gives the application's token to every connection that asks."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        mode: str,
        scopes: Sequence[str],
        token_url: str,
    ) -> None:
        super().__init__(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            mode=mode,
            scopes=scopes,
        )
        self._token_url = token_url
        self._held: _Held | None = None
        self._lock = Lock()

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """The application's token; of many threads one asks. A connection keeps the word `application` as its second half."""
        with self._lock:
            if self._held is None or self._held.until <= now + EARLY:
                self._held = self._fetch(now=now)
            held = self._held
        return Tokens(held.token, APPLICATION, held.until, now + MANY_YEARS)

    def lasting(self, tokens: Tokens, *, now: datetime) -> Tokens:
        """Once the code has told whose it is, the user's own pair is let go for the application's token."""
        return self.refresh(APPLICATION, now=now)

    def scopes(self, access: Access) -> list[str]:
        """V3 tells permissions with each connection."""
        found: dict[str, None] = {}
        for connection in self._connections(access):
            granted = connection.get("permissions") or connection.get("attributes", {}).get("permissions")
            found |= dict.fromkeys(str(name) for name in granted or ())
        return list(found)

    def cars(self, access: Access) -> list[CarInfo]:
        return [self._car(access, smartcar_id) for smartcar_id in self._car_ids(access)]

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState:
        body = self._ask("GET", f"/vehicles/{smartcar_id}/signals", access)
        state = signals.read(_rows(body), now=now)
        if state is None:
            raise GatewayError("The car told nothing")
        return state

    def start_charge(self, access: Access, smartcar_id: str) -> None:
        self._ask("POST", f"/vehicles/{smartcar_id}/commands/charge/start", access)

    def stop_charge(self, access: Access, smartcar_id: str) -> None:
        self._ask("POST", f"/vehicles/{smartcar_id}/commands/charge/stop", access)

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None:
        body = {"data": {"attributes": {"percent": pct}}}
        self._ask("POST", f"/vehicles/{smartcar_id}/commands/charge/set-limit", access, body)

    def disconnect(self, access: Access, smartcar_id: str) -> None:
        for connection in self._connections(access):
            if _car_id(connection) == smartcar_id:
                self._ask("DELETE", f"/connections/{connection['id']}", access)

    def _fetch(self, *, now: datetime) -> _Held:
        form = {"grant_type": "client_credentials"}
        token, until = bounded(
            lambda: oauth.application_token(self._token_url, form, client=self._client, now=now)
        )
        return _Held(token, until)

    def _connections(self, access: Access) -> list[dict[str, Any]]:
        body = self._ask("GET", f"/connections?filter[userId]={access.user_id}", access)
        return [row for row in _rows(body) if isinstance(row, dict)]

    def _car_ids(self, access: Access) -> list[str]:
        found = [_car_id(connection) for connection in self._connections(access)]
        return list(dict.fromkeys(smartcar_id for smartcar_id in found if smartcar_id))

    def _car(self, access: Access, smartcar_id: str) -> CarInfo:
        body = self._ask("GET", f"/vehicles/{smartcar_id}", access)
        data = body.get("data")
        told = data.get("attributes", data) if isinstance(data, dict) else body
        year = told.get("year")
        return CarInfo(
            smartcar_id,
            str(told.get("make") or ""),
            str(told.get("model") or ""),
            year if isinstance(year, int) else None,
        )

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
    said = told if isinstance(told, dict) else {}
    kind, code = str(said.get("type") or ""), str(said.get("code") or "")
    raise refusal(response.status_code, kind, code, response.headers, now=datetime.now(UTC))


def _rows(body: dict[str, Any]) -> list[Any]:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise GatewayError("Smartcar answered something else: no list")
    return rows


def _car_id(connection: dict[str, Any]) -> str:
    told = connection.get("attributes", connection)
    return str(told.get("vehicleId") or "") if isinstance(told, dict) else ""
