from __future__ import annotations

from typing import Any

from chargers.simulator.clock import parse_time
from chargers.simulator.profiles import Period, Profile, Purpose, Schedule

PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION_MAX,
    "ChargingStationMaxProfile": Purpose.STATION_MAX,
    "ChargingStationExternalConstraints": Purpose.EXTERNAL,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}


def profile_of(data: dict[str, Any]) -> Profile:
    """A charging profile of 1.6 or 2.0.1, keys in snake case as the ocpp package hands them over.

    Raises ValueError for a time that cannot be read.
    """
    schedule = data["charging_schedule"]
    if isinstance(schedule, list):  # 2.0.1 has up to three for ISO 15118; a car without it gets the first
        schedule = schedule[0]
    transaction = data.get("transaction_id")
    return Profile(
        id=data["charging_profile_id"] if "charging_profile_id" in data else data["id"],
        stack_level=data["stack_level"],
        purpose=PURPOSES[data["charging_profile_purpose"]],
        kind=data["charging_profile_kind"],
        schedule=_schedule_of(schedule),
        recurrency=data.get("recurrency_kind"),
        valid_from=_time_of(data.get("valid_from")),
        valid_to=_time_of(data.get("valid_to")),
        transaction_key=None if transaction is None else str(transaction),
    )


def _schedule_of(data: dict[str, Any]) -> Schedule:
    return Schedule(
        unit=data["charging_rate_unit"],
        periods=tuple(
            Period(start_s=p["start_period"], limit=p["limit"], phases=p.get("number_phases"))
            for p in data["charging_schedule_period"]
        ),
        duration_s=data.get("duration"),
        start=_time_of(data.get("start_schedule")),
    )


def _time_of(text: str | None) -> float | None:
    return None if text is None else parse_time(text)


def schedule_periods(
    periods: list[tuple[float, int]], *, unit: str, watts_per_amp: float
) -> list[dict[str, Any]]:
    """A composite schedule as chargingSchedulePeriod in snake case, one decimal as the schema wants."""
    factor = 1.0 if unit == "A" else watts_per_amp
    return [
        {"start_period": round(offset_s), "limit": round(limit_ma / 1000 * factor, 1)}
        for offset_s, limit_ma in periods
    ]
