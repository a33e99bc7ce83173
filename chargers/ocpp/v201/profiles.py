"""Charging profiles in OCPP 2.0.1's words (part 2, use cases K01 to K09).

A station refuses a default for one EVSE beside one for all on the same stack level (K01.FR.52 and 53), so that those of one EVSE
are a level higher.
"""

from datetime import datetime

from chargers.ocpp import profile_ids
from chargers.ocpp.protocol import Payload
from evbalancer.common.units import ma_to_a

TX_STACK_LEVEL = 1


def fallback_level(stack_level: int, *, is_each: bool) -> int:
    return 2 * stack_level + is_each


def tx_profile(
    *,
    evse_id: int,
    transaction_uid: str,
    limit_ma: int,
    phases: int | None,
    start_at: datetime,
    end_at: datetime | None = None,
    stack_level: int = TX_STACK_LEVEL,
    volts: int | None = None,
) -> Payload:
    """A limit for one transaction (K01.FR.03). It ends at a moment of the calendar, however late it arrives."""
    schedule = _schedule([(0, limit_ma)], phases=phases, start_at=start_at, volts=volts)
    if end_at is not None:
        schedule["duration"] = int((end_at - start_at.replace(microsecond=0)).total_seconds())
    return {
        "id": profile_ids.transaction_id(evse_id),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": transaction_uid,
        "chargingSchedule": [schedule],
    }


def fallback_profile(
    *,
    evse_id: int,
    limit_ma: int,
    start_at: datetime,
    wait_s: int,
    stack_level: int,
    levels_up: int = 0,
    volts: int | None = None,
) -> Payload:
    """What every transaction begins with until its own limit is confirmed, and returns to when that ends.

    With `wait_s` it is 0 A for so long after the transaction began, and the limit only then. `volts` makes it watts of
    one phase: the least that a station could take them for. EVSE 0 is all of them.
    """
    periods = [(0, 0), (wait_s, limit_ma)] if wait_s else [(0, limit_ma)]
    return {
        "id": profile_ids.fallback_id(evse_id),
        "stackLevel": fallback_level(stack_level, is_each=bool(evse_id)) + levels_up,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative" if wait_s else "Absolute",
        "chargingSchedule": [_schedule(periods, start_at=None if wait_s else start_at, volts=volts)],
    }


def station_profile(
    *, limit_ma: int, start_at: datetime, stack_level: int = 0, watts: int | None = None
) -> Payload:
    """The most that all EVSEs may take together (K01.FR.38: on EVSE 0, and never Relative)."""
    schedule = _schedule([(0, limit_ma)], start_at=start_at)
    if watts is not None:
        schedule |= {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    return {
        "id": profile_ids.station_id(),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "ChargingStationMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }


def first_profile(
    *, evse_id: int, limit_ma: int, duration_s: int | None, stack_level: int = TX_STACK_LEVEL
) -> Payload:
    """The limit that comes with a remote start, for a transaction that has no id yet (F01.FR.08)."""
    schedule = _schedule([(0, limit_ma)])
    if duration_s is not None:
        schedule["duration"] = duration_s
    return {
        "id": profile_ids.transaction_id(evse_id),
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }


def _schedule(
    periods: list[tuple[int, int]],
    *,
    phases: int | None = None,
    start_at: datetime | None = None,
    volts: int | None = None,
) -> Payload:
    extra = {} if phases is None else {"numberPhases": phases}
    schedule: Payload = {
        "id": 1,
        "chargingRateUnit": "A" if volts is None else "W",
        "chargingSchedulePeriod": [
            {"startPeriod": start_s, "limit": _limit(limit_ma, volts, phases or 1), **extra}
            for start_s, limit_ma in periods
        ],
    }
    if start_at is not None:
        schedule["startSchedule"] = start_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return schedule


def _limit(limit_ma: int, volts: int | None, phases: int) -> float:
    amperes = ma_to_a(limit_ma)
    return amperes if volts is None else int(amperes * volts * phases)
