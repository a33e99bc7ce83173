"""Normalises what meters say: units, phases and vendors' habits to integers of the house. Pure.

OCPP 1.6 section 7.31-7.38 for the measurands, phases and units; field case 23 for the habits. OCPP 2 has the same words.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chargers.domain.metering.samples import EXPORT_REGISTER, MILLI, REGISTER, WH_PER_KWH, context_order
from chargers.reports.charging import Sample
from evbalancer.common.units import INT32_MAX, PHASES

DEFAULT_CONTEXT = "Sample.Periodic"
SIGNED = "SignedData"
OUTLET = "Outlet"
PHASE_INDEX = {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
# A voltage between two phases says what there is to the neutral of the first.
LINE_INDEX = {"L1-L2": 0, "L2-L3": 1, "L3-L1": 2}
MAX_CHARGE_PCT = 100
# What no meter exceeds, and a column of the database can hold, in kWh too.
MOST_WH = 2**50
Phases = list[int | None]
NOTHING: Phases = [None, None, None]


class _Found:
    """What the values of one moment say, before it is put together."""

    __slots__ = (
        "charge_pct",
        "current_ma",
        "currents_ma",
        "export_wh",
        "is_kwh",
        "neutral_ma",
        "neutral_power_w",
        "offered_ma",
        "phase_power_w",
        "phase_registers_wh",
        "power_w",
        "register",
        "voltages_mv",
    )

    def __init__(self) -> None:
        self.register: float | None = None
        self.export_wh: int | None = None
        self.is_kwh = False
        self.phase_registers_wh: dict[str, float] = {}
        self.power_w: int | None = None
        self.phase_power_w: Phases = [None, None, None]
        self.currents_ma: Phases = [None, None, None]
        self.current_ma: int | None = None
        self.neutral_ma: int | None = None
        self.neutral_power_w: int | None = None
        self.voltages_mv: Phases = [None, None, None]
        self.offered_ma: int | None = None
        self.charge_pct: int | None = None

    def energy(self, value: float, phase: str | None, unit: str) -> None:
        is_kwh = unit == "kWh"
        if phase is None:
            self.register, self.is_kwh = value, is_kwh
        else:
            self.phase_registers_wh[phase[:2]] = value * (WH_PER_KWH if is_kwh else 1)

    def export(self, value: float, phase: str | None, unit: str) -> None:
        # Of a register of each phase the total would be a guess.
        if phase is None and 0 <= value <= MOST_WH:
            self.export_wh = round(value * (WH_PER_KWH if unit == "kWh" else 1))

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
        elif phase == "N":
            self.neutral_power_w = power_w

    def voltage(self, value: float, phase: str | None, unit: str) -> None:
        if phase is None or phase in PHASE_INDEX:
            self.voltages_mv[PHASE_INDEX[phase] if phase else 0] = _bounded(value * MILLI)
        elif phase in LINE_INDEX and self.voltages_mv[LINE_INDEX[phase]] is None:
            self.voltages_mv[LINE_INDEX[phase]] = _bounded(value * MILLI / math.sqrt(len(PHASES)))

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
        elif power_w is None:
            power_w = self.neutral_power_w
        register, is_kwh = self.register, self.is_kwh
        if register is None and self.phase_registers_wh:
            # A lone phase is the total, several are parts of it. Some single-phase meters name theirs N.
            by_phase = dict(self.phase_registers_wh)
            if len(by_phase) > 1:
                by_phase.pop("N", None)
            register, is_kwh = sum(by_phase.values()), False
        # Some single-phase meters name their only current N.
        unphased_ma = self.neutral_ma if self.current_ma is None else self.current_ma
        return Sample(
            measured_at,
            context[:24],
            register,
            is_kwh,
            power_w,
            _three(self.currents_ma) if has_phases else None,
            None if has_phases else unphased_ma,
            _three(self.voltages_mv) if self.voltages_mv != NOTHING else None,
            self.offered_ma,
            self.charge_pct,
            None if self.phase_power_w == NOTHING else _three(self.phase_power_w),
            self.export_wh,
        )


TABLE = {
    REGISTER: _Found.energy,
    EXPORT_REGISTER: _Found.export,
    "Current.Import": _Found.current,
    "Power.Active.Import": _Found.power,
    "Voltage": _Found.voltage,
    "Current.Offered": _Found.offer,
    "SoC": _Found.charge,
}


Read = Callable[[_Found, float, str | None, str], None]
Item = Mapping[str, Any]


def _told_unit(item: Item) -> str:
    unit: str = item.get("unit", "")
    return unit


def read_alike(
    values: Sequence[Item],
    *,
    measured_at: datetime | None,
    table: Mapping[str, Read] = TABLE,
    unit_of: Callable[[Item], str | None] = _told_unit,
) -> Sample | None:
    """The sample of values that are numbers at the outlet and of one context, as nearly all are, in one pass and without copies.

    None for any others, and where `unit_of` is None: they take the long way, which comes to the same for these.
    """
    found = _Found()
    alike, context = None, ""
    for item in values:
        told = item.get("context", "")
        if alike is None:
            alike = told
        if told != alike or "format" in item or item.get("location", OUTLET) != OUTLET:
            return None
        unit, value = unit_of(item), _number(item.get("value"))
        if unit is None or value is None:
            return None
        read = table.get(item.get("measurand", REGISTER))
        if read is not None:
            context = told or DEFAULT_CONTEXT
            read(found, value, item.get("phase"), unit)
    return found.sample(measured_at=measured_at, context=context)


def of_moment(values: Sequence[Mapping[str, Any]], *, measured_at: datetime | None) -> tuple[Sample, ...]:
    """The samples of one moment, one for each kind of context: the register at the start is another than the running one."""
    if (sample := read_alike(values, measured_at=measured_at)) is not None:
        return (sample,)
    # What is signed is kept elsewhere. A moment that says nothing else is still a sign of life.
    contexts = {item.get("context", "") for item in values if item.get("format") != SIGNED}
    if len(contexts) <= 1:
        return (normalise_values(values, measured_at=measured_at),)
    orders = sorted({context_order(context) for context in contexts})
    return tuple(
        normalise_values(
            [item for item in values if context_order(item.get("context", "")) == order],
            measured_at=measured_at,
        )
        for order in orders
    )


def normalise_values(values: Sequence[Mapping[str, Any]], *, measured_at: datetime | None) -> Sample:
    """One sample from the sampled values of one moment, each a mapping with OCPP 1.6's names.

    What is unreadable or of no use to us is left out: a meter's bad word must not cost the good ones beside it.
    """
    found = _Found()
    context = ""
    # The last of two with the same name counts, and what flows at the outlet is what the car gets.
    if elsewhere := [item for item in values if item.get("location", OUTLET) != OUTLET]:
        values = [*elsewhere, *(item for item in values if item.get("location", OUTLET) == OUTLET)]
    for item in values:
        read = TABLE.get(item.get("measurand", REGISTER))
        value = _number(item.get("value"))
        if read is None or value is None or item.get("format") == SIGNED:
            continue
        context = context or item.get("context", DEFAULT_CONTEXT)
        read(found, value, item.get("phase"), item.get("unit", ""))
    return found.sample(measured_at=measured_at, context=context)


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
