"""Charging profiles in OCPP 1.6's words (sections 3.13 and 7.8)."""

from datetime import datetime
from typing import Any

from evbalancer.common.units import ma_to_a

TX_STACK_LEVEL = 1
DEFAULT_STACK_LEVEL = 0
TX_PROFILE_ID = 1
DEFAULT_PROFILE_ID = 2


def tx_profile(
    *, transaction_id: int, limit_ma: int, phases: int | None, start_at: datetime
) -> dict[str, Any]:
    """A limit for one transaction. Without the transaction's id some chargers keep it for every later car."""
    return {
        "chargingProfileId": TX_PROFILE_ID,
        "transactionId": transaction_id,
        "stackLevel": TX_STACK_LEVEL,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": _schedule(limit_ma, phases, start_at=start_at),
    }


def default_profile(*, limit_ma: int, start_at: datetime) -> dict[str, Any]:
    """What every transaction begins with until its own limit is confirmed."""
    return {
        "chargingProfileId": DEFAULT_PROFILE_ID,
        "stackLevel": DEFAULT_STACK_LEVEL,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": _schedule(limit_ma, None, start_at=start_at),
    }


def _schedule(limit_ma: int, phases: int | None, *, start_at: datetime) -> dict[str, Any]:
    period: dict[str, Any] = {"startPeriod": 0, "limit": ma_to_a(limit_ma)}
    if phases is not None:
        period["numberPhases"] = phases
    return {
        "startSchedule": start_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
    }
