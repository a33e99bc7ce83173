"""What the local Smartcar knows: accounts, cars, consents and tokens; and what a test told it to answer next."""

import hashlib
import hmac
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

GRACE_S = 60
V3_APPLICATION = "application-"
ALL_SCOPES = [
    "read_vehicle_info",
    "read_battery",
    "read_charge",
    "read_odometer",
    "read_location",
    "control_charge",
]


@dataclass
class Canned:
    """An answer told beforehand; `body` goes out as it is when it is bytes. `cut` breaks the connection half way."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: bool = False


def refused(status: int, kind: str, code: str | None = None, **headers: str) -> Canned:
    """An error as Smartcar words it. Underscores in names of headers become hyphens."""
    body = {
        "statusCode": status,
        "type": kind,
        "code": code,
        "description": "No.",
        "docURL": None,
        "requestId": "r",
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status, body | {"resolution": None, "detail": None}, named)


# Every way in which a limit was seen to be told.
LIMITS: dict[str, Canned] = {
    "car, seconds": refused(429, "RATE_LIMIT", "VEHICLE", Retry_After="120"),
    "car, date": refused(429, "RATE_LIMIT", "VEHICLE", Retry_After="Mon, 02 Nov 2099 18:00:00 GMT"),
    "car, lower case": refused(429, "RATE_LIMIT", "VEHICLE", **{"retry-after": "120"}),
    "car, nothing": refused(429, "RATE_LIMIT", "VEHICLE"),
    "maker": refused(429, "UPSTREAM", "RATE_LIMIT"),
    "application": refused(429, "RATE_LIMIT", "SMARTCAR_API"),
    "application, seconds": refused(429, "RATE_LIMIT", "SMARTCAR_API", Retry_After="600"),
    "a page": Canned(429, b"<h1>Slow down</h1>", {"Content-Type": "text/html", "Retry-After": "600"}),
    "no body": Canned(429, b"", {"Retry-After": "600"}),
    "billing, car": refused(430, "BILLING", "VEHICLE_REQUEST_LIMIT"),
    "billing, account": refused(430, "BILLING", "ACCOUNT_SUSPENDED"),
}


@dataclass
class Car:
    id: str
    owner: str
    make: str = "TESLA"
    model: str = "Model 3"
    year: int = 2021
    percent: float = 0.5
    range_km: float = 210.0
    capacity_kwh: float = 60.0
    plugged: bool = True
    state: str = "CHARGING"
    limit: float = 0.9
    odometer_km: float = 12_345.6
    latitude: float = 52.52
    longitude: float = 13.405
    data_age: str = ""


@dataclass
class Call:
    method: str
    path: str
    token: str
    form: dict[str, str]
    at: float
    user: str = ""


class World:
    """State behind the server. `canned[path]` answers are used up one by one, before the usual behaviour."""

    def __init__(self) -> None:
        self.cars: dict[str, Car] = {}
        self.calls: list[Call] = []
        self.canned: dict[str, deque[Canned]] = defaultdict(deque)
        self.codes: dict[str, str] = {}
        self.access: dict[str, str] = {}
        self.refreshes: dict[str, str] = {}
        self.spent: dict[str, float] = {}
        self.application_tokens: set[str] = set()
        self.granted: dict[str, list[str]] = {}
        self.disconnected: list[str] = []
        self.access_lasts_s = 7200
        # Set by a test: V3's filter of connections by user does nothing.
        self.is_unfiltered = False
        self._count = 0
        self.lock = Lock()

    def add_car(self, owner: str, **changes: Any) -> Car:
        car = Car(id=f"car-{owner}-{len(self.cars)}", owner=owner, **changes)
        self.cars[car.id] = car
        return car

    def cars_of(self, owner: str | None) -> list[Car]:
        return [car for car in self.cars.values() if car.owner == owner and car.id not in self.disconnected]

    def consent(self, owner: str, scopes: list[str] | None = None) -> str:
        """A code as Connect would bring back."""
        code = f"code-{owner}-{len(self.codes)}-{len(self.calls)}"
        self.codes[code] = owner
        self.granted[owner] = ALL_SCOPES[:4] + ALL_SCOPES[5:] if scopes is None else scopes
        return code

    def brought(self, owner: str, scopes: list[str] | None = None, *, application: str) -> dict[str, str]:
        """What Connect brings back: to an application of V3 whose cars they are, else a code that tells it."""
        code = self.consent(owner, scopes)
        if not application.startswith(V3_APPLICATION):
            return {"code": code}
        del self.codes[code]
        return {"user_id": owner}

    def posts_to(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path and call.method == "POST"]

    def token(self, form: dict[str, str]) -> Canned:
        with self.lock:
            if form.get("grant_type") == "client_credentials":
                return self._application_token()
            owner = self._owner(form)
            if owner is None:
                return Canned(400, {"error": "invalid_grant"})
            self._count += 1
            access, refresh = f"access-{owner}-{self._count}", f"refresh-{owner}-{self._count}"
            self.access[access], self.refreshes[refresh] = owner, owner
            pair = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
            return Canned(200, pair | {"expires_in": self.access_lasts_s})

    def _application_token(self) -> Canned:
        self._count += 1
        token = f"application-{self._count}"
        self.application_tokens.add(token)
        return Canned(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def _owner(self, form: dict[str, str]) -> str | None:
        if form.get("grant_type") == "authorization_code":
            return self.codes.pop(form.get("code", ""), None)
        refresh = form.get("refresh_token", "")
        spent_at = self.spent.get(refresh)
        if spent_at is not None and time.monotonic() - spent_at > GRACE_S:
            return None
        if refresh in self.refreshes:
            self.spent.setdefault(refresh, time.monotonic())
        return self.refreshes.get(refresh)

    def event(self, car: Car, event_id: str, *, at_ms: int, **values: Any) -> dict[str, Any]:
        """A webhook's body. `values` by signal code with underscores for hyphens."""
        told = [
            {
                "code": code.replace("_", "-"),
                "body": {"value": value},
                "status": {"value": "SUCCESS"},
                "meta": {"oemUpdatedAt": at_ms, "retrievedAt": at_ms},
            }
            for code, value in values.items()
        ]
        vehicle = {"id": car.id, "make": car.make, "model": car.model, "year": car.year}
        data = {"user": {"id": car.owner}, "vehicle": vehicle, "signals": told}
        return {
            "eventId": event_id,
            "eventType": "VEHICLE_STATE",
            "data": data,
            "meta": {"version": "4.0", "deliveredAt": at_ms},
        }


def signature(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
