"""What we need from a provider of car data, in our words and units. The live adapter and the mock both keep it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from fleet.enums import ChargeState, PlugState


class GatewayError(Exception):
    """A call that gave no answer. `permanent`: the same call will never succeed; `retry_after`: not before then."""

    def __init__(self, why: str, *, permanent: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.permanent = permanent
        self.retry_after = retry_after


class ConsentGoneError(GatewayError):
    """The driver's consent is over (a true `invalid_grant`): only connecting again helps."""

    def __init__(self, why: str) -> None:
        super().__init__(why, permanent=True)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair from the token endpoint; the refresh token is used once. Never in a log or a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class CarInfo:
    smartcar_id: str
    make: str
    model: str
    year: int | None


@dataclass(frozen=True, slots=True)
class CarState:
    """What the car said; None or UNKNOWN where it did not. `measured_at` is when the car reported it."""

    measured_at: datetime
    charge_pct: int | None = None
    range_km: int | None = None
    battery_wh: int | None = None
    odometer_km: int | None = None
    plug_state: PlugState = PlugState.UNKNOWN
    charge_state: ChargeState = ChargeState.UNKNOWN


class Gateway(Protocol):
    """Every call ends within 15 seconds, with an answer or a GatewayError. Times are aware UTC."""

    def connect_url(self, state: str, *, make: str = "") -> str: ...

    def exchange_code(self, code: str, *, now: datetime) -> Tokens: ...

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens: ...

    def user_id(self, access_token: str) -> str: ...

    def scopes(self, access_token: str) -> list[str]: ...

    def cars(self, access_token: str) -> list[CarInfo]: ...

    def state(self, access_token: str, smartcar_id: str, *, now: datetime) -> CarState: ...

    def disconnect(self, access_token: str, smartcar_id: str) -> None: ...
