"""No provider: nothing was set up. Whatever was linked before can only be forgotten here."""

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from fleet.enums import ReadingSource
from fleet.smartcar.gateway import Access, CarInfo, CarState, Cause, Consent, GatewayError, Tokens


class AbsentGateway:
    source = ReadingSource.SMARTCAR

    def connect_url(self, state: str, *, make: str = "", with_location: bool = False) -> str:
        _refuse()

    def redeem(self, brought: Mapping[str, str], *, now: datetime) -> Consent:
        _refuse()

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        _refuse()

    def scopes(self, access: Access) -> list[str]:
        _refuse()

    def cars(self, access: Access) -> list[CarInfo]:
        _refuse()

    def state(
        self, access: Access, smartcar_id: str, *, now: datetime, with_location: bool = False
    ) -> CarState:
        _refuse()

    def start_charge(self, access: Access, smartcar_id: str) -> None:
        _refuse()

    def stop_charge(self, access: Access, smartcar_id: str) -> None:
        _refuse()

    def set_charge_limit(self, access: Access, smartcar_id: str, pct: int) -> None:
        _refuse()

    def disconnect(self, access: Access, smartcar_id: str) -> None:
        raise GatewayError("Smartcar is not set up here", permanent=True, cause=Cause.PERMISSION)


def _refuse() -> NoReturn:
    raise GatewayError("Smartcar is not set up here")
