"""The steps of a charging schedule that a station tells."""

from datetime import datetime

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp.protocol import Payload
from chargers.reports.news import LimitStep

MILLI = 1000


def limit_steps(schedule: Payload, received_at: datetime) -> list[LimitStep]:
    """Absolute steps of a schedule. One that has no start is in force now."""
    begins_s = (parse_time(schedule.get("startSchedule")) or received_at).timestamp()
    in_watts = schedule["chargingRateUnit"] == "W"
    return [
        LimitStep(begins_s + period["startPeriod"], limit_w=max(0, round(period["limit"])))
        if in_watts
        else LimitStep(begins_s + period["startPeriod"], limit_ma=max(0, round(period["limit"] * MILLI)))
        for period in schedule["chargingSchedulePeriod"]
        if "limit" in period  # which 2.1 leaves out where the car's own wish is followed
    ]
