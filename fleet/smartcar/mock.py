"""A provider without a network: the same cars give the same answers at the same time, for ever.

Cars charge at night and drive by day. A car whose id ends with `-gone` never answers, one with `-liar` says 100 %.
"""

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlencode

from fleet.enums import ChargeState, PlugState
from fleet.smartcar.gateway import CarInfo, CarState, ConsentGoneError, GatewayError, Tokens

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


class MockGateway:
    def connect_url(self, state: str, *, make: str = "") -> str:
        return f"{CONSENT_PATH}?{urlencode({'state': state, 'make': make})}"

    def exchange_code(self, code: str, *, now: datetime) -> Tokens:
        if not code.startswith("mock-code."):
            raise GatewayError("The token endpoint answered 400", permanent=True)
        return _pair(code.removeprefix("mock-code."), now=now)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        if not refresh_token.startswith("mock-refresh."):
            raise ConsentGoneError("invalid_grant")
        return _pair(refresh_token.split(".")[1], now=now)

    def user_id(self, access_token: str) -> str:
        return _owner(access_token)

    def scopes(self, access_token: str) -> list[str]:
        return ["read_vehicle_info", "read_battery", "read_charge", "read_odometer"]

    def cars(self, access_token: str) -> list[CarInfo]:
        owner = _owner(access_token)
        make, model, _, _ = CATALOGUE[_number(owner) % len(CATALOGUE)]
        return [CarInfo(f"mock-{owner}", make, model, 2021 + _number(owner) % 5)]

    def state(self, access_token: str, smartcar_id: str, *, now: datetime) -> CarState:
        if smartcar_id.endswith("-gone"):
            raise GatewayError("Smartcar: VEHICLE_STATE")
        owner = smartcar_id.removeprefix("mock-")
        _, _, battery_wh, range_km = CATALOGUE[_number(owner) % len(CATALOGUE)]
        hour = (now.hour + now.minute / 60 + _number(owner) % 3) % 24
        night_h = (hour - CHARGES_FROM) % 24
        plugged = night_h < (CHARGES_UNTIL - CHARGES_FROM) % 24
        charge_pct = int(min(100, 35 + night_h * 8)) if plugged else int(95 - (hour - CHARGES_UNTIL) * 4.5)
        if smartcar_id.endswith("-liar"):
            charge_pct = 100
        full = charge_pct >= 100
        return CarState(
            measured_at=now - timedelta(minutes=_number(owner) % 10),
            charge_pct=charge_pct,
            range_km=range_km * charge_pct // 100,
            battery_wh=battery_wh,
            odometer_km=10_000 + _number(owner) % 50_000 + now.toordinal() % 1000 * 30,
            plug_state=PlugState.PLUGGED if plugged else PlugState.UNPLUGGED,
            charge_state=ChargeState.NOT_CHARGING
            if not plugged
            else ChargeState.FULL
            if full
            else ChargeState.CHARGING,
        )

    def disconnect(self, access_token: str, smartcar_id: str) -> None:
        _owner(access_token)


def _pair(owner: str, *, now: datetime) -> Tokens:
    stamp = int(now.timestamp())
    return Tokens(
        access_token=f"mock-access.{owner}.{stamp}",
        refresh_token=f"mock-refresh.{owner}.{stamp}",
        access_expires_at=now + ACCESS_LASTS,
        refresh_expires_at=now + REFRESH_LASTS,
    )


def _owner(access_token: str) -> str:
    if not access_token.startswith("mock-access."):
        raise GatewayError("Smartcar: AUTHENTICATION", permanent=True)
    return access_token.split(".")[1]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
