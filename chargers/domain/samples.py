"""Normalises what meters say: units, phases and vendors' habits to integers of the house. Pure.

OCPP 1.6 section 7.31-7.38 for the measurands, phases and units; field case 23 for the habits.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chargers.reports import Sample

REGISTER = "Energy.Active.Import.Register"
DEFAULT_CONTEXT = "Sample.Periodic"
PHASE_INDEX = {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
MILLI = 1000
INT32_MAX = 2**31 - 1
MAX_CHARGE_PCT = 100
Phases = list[int | None]
NOTHING: Phases = [None, None, None]


class _Found:
    """What the values of one moment say, before it is put together."""

    __slots__ = (
        "charge_pct",
        "current_ma",
        "currents_ma",
        "is_kwh",
        "neutral_ma",
        "offered_ma",
        "phase_power_w",
        "power_w",
        "register",
        "voltages_mv",
    )

    def __init__(self) -> None:
        self.register: float | None = None
        self.is_kwh = False
        self.power_w: int | None = None
        self.phase_power_w: Phases = [None, None, None]
        self.currents_ma: Phases = [None, None, None]
        self.current_ma: int | None = None
        self.neutral_ma: int | None = None
        self.voltages_mv: Phases = [None, None, None]
        self.offered_ma: int | None = None
        self.charge_pct: int | None = None

    def energy(self, value: float, phase: str | None, unit: str) -> None:
        if phase is None:
            self.register, self.is_kwh = value, unit == "kWh"

    def current(self, value: float, phase: str | None, unit: str) -> None:
        current_ma = _bounded(value * MILLI)
        if phase in PHASE_INDEX:
            self.currents_ma[PHASE_INDEX[phase]] = current_ma
        elif phase is None:
            self.current_ma = current_ma
        elif phase == "N":
            self.neutral_ma = current_ma

    def power(self, value: float, phase: str | None, unit: str) -> None:
        power_w = _bounded(value * (MILLI if unit == "kW" else 1))
        if phase is None:
            self.power_w = power_w
        elif phase in PHASE_INDEX:
            self.phase_power_w[PHASE_INDEX[phase]] = power_w

    def voltage(self, value: float, phase: str | None, unit: str) -> None:
        if phase is None or phase in PHASE_INDEX:
            self.voltages_mv[PHASE_INDEX[phase] if phase else 0] = _bounded(value * MILLI)

    def offer(self, value: float, phase: str | None, unit: str) -> None:
        if unit in ("", "A"):
            self.offered_ma = max(self.offered_ma or 0, _bounded(value * MILLI))

    def charge(self, value: float, phase: str | None, unit: str) -> None:
        if 0 <= value <= MAX_CHARGE_PCT:
            self.charge_pct = round(value)

    def sample(self, *, measured_at: datetime | None, context: str) -> Sample:
        has_phases = self.currents_ma != NOTHING
        power_w = self.power_w
        if power_w is None and self.phase_power_w != NOTHING:
            power_w = sum(watts or 0 for watts in self.phase_power_w)
        # Some single-phase meters name their only current N.
        unphased_ma = self.neutral_ma if self.current_ma is None else self.current_ma
        return Sample(
            measured_at,
            context[:24],
            self.register,
            self.is_kwh,
            power_w,
            _three(self.currents_ma) if has_phases else None,
            None if has_phases else unphased_ma,
            _three(self.voltages_mv) if self.voltages_mv != NOTHING else None,
            self.offered_ma,
            self.charge_pct,
        )


TABLE = {
    REGISTER: _Found.energy,
    "Current.Import": _Found.current,
    "Power.Active.Import": _Found.power,
    "Voltage": _Found.voltage,
    "Current.Offered": _Found.offer,
    "SoC": _Found.charge,
}


def normalise(values: Iterable[Mapping[str, Any]], *, measured_at: datetime | None) -> Sample:
    """One sample from the sampled values of one moment, each a mapping with OCPP 1.6's names.

    What is unreadable or of no use to us is left out: a meter's bad word must not cost the good ones beside it.
    """
    found = _Found()
    context = ""
    for item in values:
        read = TABLE.get(item.get("measurand", REGISTER))
        value = _number(item.get("value"))
        if read is None or value is None or item.get("format") == "SignedData":
            continue
        context = context or item.get("context", DEFAULT_CONTEXT)
        read(found, value, item.get("phase"), item.get("unit", ""))
    return found.sample(measured_at=measured_at, context=context)


def session_energy_wh(
    register: float, *, is_kwh: bool, start_wh: int, metered_wh: int, elapsed_s: float, max_power_w: int
) -> int | None:
    """Energy since the transaction's start, or None when no reading of the register makes sense.

    A register may be absolute or begin at the transaction, and be kWh whatever its unit says. The first reading that
    neither goes back nor runs faster than the connector can is taken; absolute Wh, as the specification has it, may also
    run faster, since nameplates are entered by people.
    """
    if is_kwh:
        register *= MILLI
    most_wh = metered_wh + max_power_w * max(0.0, elapsed_s) / 3600 * 1.25 + 100
    absolute = register - start_wh
    if metered_wh <= absolute <= most_wh:
        return round(absolute)
    others = (register,) if is_kwh else (register * MILLI - start_wh, register, register * MILLI)
    for energy_wh in others:
        if metered_wh <= energy_wh <= most_wh and register < start_wh:
            return round(energy_wh)
    fits = metered_wh <= absolute <= metered_wh + 4 * (most_wh - metered_wh) + 100_000
    return round(absolute) if fits else None


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _bounded(value: float) -> int:
    # A car that feeds back draws nothing; what no meter can mean must not break the database.
    if 0 <= value <= INT32_MAX:
        return round(value)
    return 0 if value < 0 else INT32_MAX


def _three(values: Phases) -> tuple[int | None, int | None, int | None]:
    return (values[0], values[1], values[2])
