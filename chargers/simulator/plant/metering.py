from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chargers.simulator.plant.connector import Reading

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "SoC",
)


@dataclass(slots=True)
class MeterQuirks:
    """The ways a meter's report differs from the truth."""

    kwh_labelled_wh: bool = False
    session_relative: bool = False
    register_offset_wh: float = 0.0
    current_on_n: bool = False
    without_current: bool = False
    register_by_phase: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampled value before a protocol version dresses it."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None
    digits: int = 1


def register_wh(reading: Reading, quirks: MeterQuirks) -> float:
    """The energy register as this meter reports it."""
    value_wh = reading.register_wh + quirks.register_offset_wh
    if quirks.session_relative and reading.transaction_wh is not None:
        value_wh = reading.transaction_wh
    return value_wh / 1000 if quirks.kwh_labelled_wh else value_wh


def samples(reading: Reading, measurands: Iterable[str], quirks: MeterQuirks) -> list[Sample]:
    """The sampled values for the measurands asked for, in that order; unknown ones are left out."""
    found: list[Sample] = []
    for measurand in measurands:
        found.extend(_measure(measurand, reading, quirks))
    return found


def _measure(measurand: str, reading: Reading, quirks: MeterQuirks) -> list[Sample]:  # noqa: PLR0911
    match measurand:
        case "Energy.Active.Import.Register" if quirks.register_by_phase:
            each_wh = register_wh(reading, quirks) / reading.phases
            return [Sample(measurand, each_wh, "Wh", f"L{i}") for i in range(1, reading.phases + 1)]
        case "Energy.Active.Import.Register":
            digits = 3 if quirks.kwh_labelled_wh else 0
            return [Sample(measurand, register_wh(reading, quirks), "Wh", digits=digits)]
        case "Power.Active.Import":
            return [Sample(measurand, reading.power_w, "W")]
        case "Current.Import" if quirks.without_current:
            return []
        case "Current.Import" if quirks.current_on_n:
            return [Sample(measurand, reading.terminal_ma[0] / 1000, "A", "N")]
        case "Current.Import":
            currents = reading.terminal_ma[: reading.phases]
            return [Sample(measurand, ma / 1000, "A", f"L{i}") for i, ma in enumerate(currents, 1)]
        case "Current.Offered":
            return [Sample(measurand, reading.offered_ma / 1000, "A")]
        case "Voltage":
            return [
                Sample(measurand, reading.voltage_v, "V", f"L{i}-N") for i in range(1, reading.phases + 1)
            ]
        case "SoC" if reading.soc_pct is not None:
            return [Sample(measurand, reading.soc_pct, "Percent")]
    return []


def v16_sampled_value(sample: Sample, context: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "value": f"{sample.value:.{sample.digits}f}",
        "context": context,
        "measurand": sample.measurand,
        "unit": sample.unit,
    }
    if sample.phase is not None:
        shown["phase"] = sample.phase
    return shown
