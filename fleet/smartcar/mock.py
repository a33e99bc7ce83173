"""A provider without a network: the same cars give the same answers at the same time, for ever.

Cars charge at night and drive by day. A car whose id ends with `-gone` never answers, one with `-liar` says 100 %, one with
`-flaky` loses its connection every other hour, one with `-away` spends the night elsewhere.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from fleet.enums import ChargeState, PlugState, ReadingSource
from fleet.smartcar.gateway import (
    Access,
    CarInfo,
    CarState,
    Cause,
    Consent,
    ConsentGoneError,
    GatewayError,
    Position,
    Tokens,
)

ACCESS_LASTS = timedelta(hours=2)
REFRESH_LASTS = timedelta(days=60)
CONSENT_PATH = "/auth/smartcar/mock"
CATALOGUE = (
    ("Volkswagen", "ID.3", 58_000, 420),
    ("Hyundai", "IONIQ 5", 77_400, 480),
    ("Renault", "Zoe", 52_000, 390),
    ("Tesla", "Model 3", 60_000, 490),
)
CHARGES_FROM, CHARGES_UNTIL = 19, 6
HOME, ELSEWHERE = Position(52.5200, 13.4050), Position(48.1372, 11.5756)


class MockGateway:
    source = ReadingSource.MOCK

    def connect_url(self, state: str, *, make: str = "", with_location: bool = False) -> str:
        return f"{CONSENT_PATH}?{urlencode({'state': state, 'make': make})}"

    def redeem(self, brought: Mapping[str, str], *, now: datetime) -> Consent:
        code = brought.get("code", "")
        if not code.startswith("mock-code."):
            raise ConsentGoneError("invalid_grant")
        owner = code.removeprefix("mock-code.")
        return Consent(_pair(owner, now=now), owner, is_proven=True)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        if not refresh_token.startswith("mock-refresh."):
            raise ConsentGoneError("invalid_grant")
        return _pair(refresh_token.split(".")[1], now=now)

    def scopes(self, access: Access) -> list[str]:
        return ["read_vehicle_info", "read_battery", "read_charge", "read_odometer", "control_charge"]

    def cars(self, access: Access) -> list[CarInfo]:
        owner = _owner(access)
        make, model, _, _ = CATALOGUE[_number(owner) % len(CATALOGUE)]
        return [CarInfo(f"mock-{owner}", make, model, 2021 + _number(owner) % 5)]

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState:
        if smartcar_id.endswith("-gone") or (smartcar_id.endswith("-flaky") and now.hour % 2):
            raise GatewayError("Smartcar: VEHICLE_STATE", cause=Cause.ASLEEP)
        number = _number(smartcar_id.removeprefix("mock-"))
        _, _, battery_wh, range_km = CATALOGUE[number % len(CATALOGUE)]
        night_h = _hours_of_the_night(number, now)
        charge_pct, plugged = _charge(smartcar_id, night_h)
        is_home = plugged and not smartcar_id.endswith("-away")
        return CarState(
            measured_at=now - timedelta(minutes=number % 10),
            charge_pct=charge_pct,
            range_km=range_km * charge_pct // 100,
            battery_wh=battery_wh,
            odometer_km=10_000 + number % 50_000 + now.toordinal() % 1000 * 30,
            plug_state=PlugState.PLUGGED if plugged else PlugState.UNPLUGGED,
            charge_state=_charge_state(charge_pct, plugged=plugged),
            position=(HOME if is_home else ELSEWHERE) if with_location else None,
        )

    def start_charge(self, access: Access, smartcar_id: str) -> None:
        _obeys(access, smartcar_id)

    def stop_charge(self, access: Access, smartcar_id: str) -> None:
        _obeys(access, smartcar_id)

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None:
        _obeys(access, smartcar_id)

    def disconnect(self, access: Access, smartcar_id: str) -> None:
        _owner(access)


def _hours_of_the_night(number: int, now: datetime) -> float:
    hour = (now.hour + now.minute / 60 + number % 3) % 24
    return float((hour - CHARGES_FROM) % 24)


def _charge(smartcar_id: str, night_h: float) -> tuple[int, bool]:
    """Charge in per cent and whether it is plugged in, so many hours after the evening began."""
    night_lasts_h = (CHARGES_UNTIL - CHARGES_FROM) % 24
    plugged = night_h < night_lasts_h
    charge_pct = (
        int(min(100, 35 + night_h * 8)) if plugged else max(0, int(95 - (night_h - night_lasts_h) * 4.5))
    )
    return (100 if smartcar_id.endswith("-liar") else charge_pct), plugged


def _charge_state(charge_pct: int, *, plugged: bool) -> ChargeState:
    if not plugged:
        return ChargeState.NOT_CHARGING
    return ChargeState.FULL if charge_pct >= 100 else ChargeState.CHARGING


def _obeys(access: Access, smartcar_id: str) -> None:
    _owner(access)
    if smartcar_id.endswith("-gone"):
        raise GatewayError("Smartcar: VEHICLE_STATE", cause=Cause.ASLEEP)


def _pair(owner: str, *, now: datetime) -> Tokens:
    stamp = int(now.timestamp())
    return Tokens(
        access_token=f"mock-access.{owner}.{stamp}",
        refresh_token=f"mock-refresh.{owner}.{stamp}",
        access_expires_at=now + ACCESS_LASTS,
        refresh_expires_at=now + REFRESH_LASTS,
    )


def _owner(access: Access) -> str:
    if not access.token.startswith("mock-access."):
        raise GatewayError("Smartcar: AUTHENTICATION", cause=Cause.TOKEN)
    return access.token.split(".")[1]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
