"""What we need from a provider of car data, in our words and units. The live adapters and the mock all keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from fleet.enums import ChargeState, PlugState, ReadingSource


class Cause(StrEnum):
    """Why a call gave no answer, as far as it decides what to do next."""

    FAILED = "failed"
    ASLEEP = "asleep"
    TOKEN = "token"  # noqa: S105 (a cause, not a secret)
    PERMISSION = "permission"
    RATE_CAR = "rate_car"
    RATE_APPLICATION = "rate_application"
    BILLING_CAR = "billing_car"
    BILLING_APPLICATION = "billing_application"


class GatewayError(Exception):
    """A call that gave no answer. `permanent`: the same call will never succeed; `retry_after`: not before then."""

    def __init__(
        self,
        why: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        cause: Cause = Cause.FAILED,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.permanent = permanent
        self.retry_after = retry_after
        self.cause = cause


class ConsentGoneError(GatewayError):
    """The driver's consent is over (a true `invalid_grant`): only connecting again helps."""

    def __init__(self, why: str) -> None:
        super().__init__(why, permanent=True, cause=Cause.TOKEN)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair from the token endpoint; the refresh token is used once. Never in a log or a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """What a call about a driver's cars is made with. One application token for all needs the user's id as well."""

    token: str = field(repr=False)
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """Whose cars Connect opened to us, and what to call with from now on.

    `is_proven`: the provider says so itself. Where it is not, an address that a browser could change does.
    """

    tokens: Tokens
    user_id: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class CarInfo:
    smartcar_id: str
    make: str
    model: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a car is, in degrees. Compared with where it charges, and never stored."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CarState:
    """What the car said; None or UNKNOWN where it did not. `measured_at` is when the car reported it.

    Each fact has a time of its own: `times` by the fact's name, for plug and charging else `plug_at`, else `measured_at`.
    """

    measured_at: datetime
    charge_pct: int | None = None
    range_km: int | None = None
    battery_wh: int | None = None
    odometer_km: int | None = None
    charge_limit_pct: int | None = None
    plug_state: PlugState = PlugState.UNKNOWN
    charge_state: ChargeState = ChargeState.UNKNOWN
    plug_at: datetime | None = None
    position: Position | None = None
    times: Mapping[str, datetime] = field(default_factory=dict)

    def tells_charge_or_plug(self) -> bool:
        return (
            self.charge_pct is not None
            or self.plug_state != PlugState.UNKNOWN
            or self.charge_state != ChargeState.UNKNOWN
        )

    def told_at(self, fact: str) -> datetime:
        general = self.plug_at if fact in ("plug_state", "charge_state") else None
        return self.times.get(fact) or general or self.measured_at


class Gateway(Protocol):
    """Every call ends within 15 seconds, with an answer or a GatewayError. Times are aware UTC.

    `source` says what its word is worth: one that is made up is evidence of nothing.
    """

    source: ReadingSource

    def connect_url(self, state: str, *, make: str = "", with_location: bool = False) -> str: ...

    def redeem(self, brought: Mapping[str, str], *, now: datetime) -> Consent:
        """The consent behind what Connect brought back. Raises ConsentGoneError when there is none."""
        ...

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens: ...

    def scopes(self, access: Access) -> list[str]: ...

    def cars(self, access: Access) -> list[CarInfo]: ...

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState: ...

    def start_charge(self, access: Access, smartcar_id: str) -> None: ...

    def stop_charge(self, access: Access, smartcar_id: str) -> None: ...

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None: ...

    def disconnect(self, access: Access, smartcar_id: str) -> None: ...
