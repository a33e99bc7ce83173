"""Charging profiles in OCPP 1.6's words (sections 3.13 and 7.8)."""

from datetime import datetime
from typing import Any

from chargers.ocpp import profile_ids
from evbalancer.common.units import ma_to_a

TX_STACK_LEVEL = 1
FALLBACK_STACK_LEVEL = 0


def fallback_level(stack_level: int, *, is_each: bool) -> int:
    """That of one connector replaces that of all on the same level (section 3.13.4), so both are on one."""
    return stack_level


def tx_profile(
    *,
    connector_number: int,
    transaction_id: int,
    limit_ma: int,
    phases: int | None,
    start_at: datetime,
    end_at: datetime | None = None,
    stack_level: int = TX_STACK_LEVEL,
    volts: int | None = None,
) -> dict[str, Any]:
    """A limit for one transaction. Without the transaction's id some chargers keep it for every later car.

    It ends at a moment of the calendar, however late it arrives (section 7.9: startSchedule and duration).
    """
    schedule = _schedule(limit_ma, phases, start_at=start_at)
    if volts is not None:
        _to_watts(schedule, volts)
    if end_at is not None:
        schedule["duration"] = int((end_at - start_at.replace(microsecond=0)).total_seconds())
    return {
        "chargingProfileId": profile_ids.transaction_id(connector_number),
        "transactionId": transaction_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }


def fallback_profile(
    *,
    connector_number: int,
    limit_ma: int,
    start_at: datetime,
    wait_s: int = 0,
    stack_level: int = FALLBACK_STACK_LEVEL,
    volts: int | None = None,
) -> dict[str, Any]:
    """What every transaction begins with until its own limit is confirmed, and returns to when that ends.

    With `wait_s` it is 0 A for so long after the transaction began, and the limit only then. `volts` makes it watts of
    one phase: the least that a charger could take them for.
    """
    schedule = _schedule(limit_ma, None, start_at=start_at)
    if wait_s:
        del schedule["startSchedule"]
        (period,) = schedule["chargingSchedulePeriod"]
        schedule["chargingSchedulePeriod"] = [{**period, "limit": 0}, {**period, "startPeriod": wait_s}]
    if volts is not None:
        _to_watts(schedule, volts)
    return {
        "chargingProfileId": profile_ids.fallback_id(connector_number),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative" if wait_s else "Absolute",
        "chargingSchedule": schedule,
    }


def station_profile(
    *, limit_ma: int, start_at: datetime, stack_level: int = 0, watts: int | None = None
) -> dict[str, Any]:
    """The most that all connectors may take together (section 3.13.1: on connector 0, and never Relative)."""
    schedule = _schedule(limit_ma, None, start_at=start_at)
    if watts is not None:
        schedule |= {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    return {
        "chargingProfileId": profile_ids.station_id(),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }


def first_profile(
    *, connector_number: int, limit_ma: int, duration_s: int | None, stack_level: int = TX_STACK_LEVEL
) -> dict[str, Any]:
    """The limit that comes with a remote start, for a transaction that has no id yet (section 5.11)."""
    period = {"startPeriod": 0, "limit": ma_to_a(limit_ma)}
    schedule: dict[str, Any] = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    if duration_s is not None:
        schedule["duration"] = duration_s
    return {
        "chargingProfileId": profile_ids.transaction_id(connector_number),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
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


def _to_watts(schedule: dict[str, Any], volts: int) -> None:
    """Of all the phases that are named; else of one, the least that a charger could take them for (section 7.14)."""
    schedule["chargingRateUnit"] = "W"
    for period in schedule["chargingSchedulePeriod"]:
        period["limit"] = int(period["limit"] * volts * period.get("numberPhases", 1))
