"""NotifyEVChargingNeeds and NotifyEVChargingSchedule (2.0.1 and 2.1, K15 to K17): what the car asks for, and the schedule that it chose."""

from datetime import datetime
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp.protocol import Payload
from chargers.ocpp.v201.steps import limit_steps
from chargers.reports.base import Report, Source
from chargers.reports.needs import CarNeeds, NeedsOutcome, NeedsReport, ScheduleOutcome, ScheduleReport

MILLI = 1000
AC, DC, BOTH_WAYS = "acChargingParameters", "dcChargingParameters", "v2xChargingParameters"


def read_needs(payload: Payload, source: Source, received_at: datetime) -> Report:
    return NeedsReport(
        source=source,
        received_at=received_at,
        connector_number=payload["evseId"],
        needs=_needs(payload["chargingNeeds"]),
    )


def answer_needs(outcome: NeedsOutcome, received_at: datetime) -> Payload:
    return {"status": outcome.value}


def read_schedule(payload: Payload, source: Source, received_at: datetime) -> Report:
    schedule = payload["chargingSchedule"]
    begins_at = parse_time(payload["timeBase"]) or received_at
    return ScheduleReport(
        source=source,
        received_at=received_at,
        connector_number=payload["evseId"],
        steps=tuple(limit_steps(schedule, begins_at)),
    )


def answer_schedule(outcome: ScheduleOutcome, received_at: datetime) -> Payload:
    return {"status": outcome.value}


def _needs(told: Payload) -> CarNeeds:
    """Currents of DC are those of the cable and not of the grid, so that its power counts."""
    ac, dc, both = (told.get(name) or {} for name in (AC, DC, BOTH_WAYS))
    departs_at = parse_time(told.get("departureTime"))
    power_w = dc.get("evMaxPower") or (dc.get("evMaxCurrent", 0) * dc.get("evMaxVoltage", 0)) or None
    is_dc = str(told["requestedEnergyTransfer"]).startswith("DC")
    return CarNeeds(
        mode=told["requestedEnergyTransfer"],
        energy_wh=_whole(ac.get("energyAmount", dc.get("energyAmount", both.get("evTargetEnergyRequest")))),
        min_ma=None if is_dc else _milli(ac.get("evMinCurrent", both.get("minChargeCurrent"))),
        max_ma=None if is_dc else _milli(ac.get("evMaxCurrent", both.get("maxChargeCurrent"))),
        max_w=_whole(power_w if power_w is not None else both.get("maxChargePower")),
        charge_pct=dc.get("stateOfCharge"),
        departs_at=None if departs_at is None else departs_at.isoformat(),
    )


def _whole(value: Any) -> int | None:
    """0 and less say nothing."""
    return round(value) if value is not None and value > 0 else None


def _milli(value: Any) -> int | None:
    return _whole(None if value is None else value * MILLI)
