"""What a composite schedule says, in the house's words beside the charge point's own."""

from chargers.ocpp.protocol import Payload

MILLI = 1000


def with_granted(answer: Payload) -> Payload:
    """The answer with `granted`: periods in seconds from now on, each with mA per phase or watts of all phases.

    Without it where it says nothing that can be counted on: in another unit, or with a period whose limit is left out
    (which OCPP 2.1 allows).
    """
    schedule = answer.get("chargingSchedule") or {}
    unit, periods = schedule.get("chargingRateUnit"), schedule.get("chargingSchedulePeriod") or ()
    if unit not in ("A", "W") or any("limit" not in period for period in periods):
        return answer
    return {**answer, "granted": [_period(period, unit) for period in periods]}


def _period(period: Payload, unit: str) -> Payload:
    start_s, limit = float(period["startPeriod"]), float(period["limit"])
    if unit == "A":
        return {"start_s": start_s, "limit_ma": round(limit * MILLI)}
    return {"start_s": start_s, "limit_w": limit, "phases": period.get("numberPhases")}
