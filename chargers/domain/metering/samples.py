"""Samples of a transaction: which of them count, and which energy a register can mean. Pure.

OCPP 1.6 section 7.31 for the contexts; field case 23 for the habits of meters. `chargers.ocpp.sampled` makes the samples.
"""

import math
from collections.abc import Iterable

from chargers.reports.charging import Sample

# The measurand whose values a register has, in the house's words, which are OCPP 1.6's.
REGISTER = "Energy.Active.Import.Register"
EXPORT_REGISTER = "Energy.Active.Export.Register"
BEGIN, END = "Transaction.Begin", "Transaction.End"
# In this order they are taken: a moment may tell where the register began beside where it stands.
ORDERS = {BEGIN: 0, "Interruption.Begin": 1, "Interruption.End": 2, "Other": 3, END: 5}
RUNNING_ORDER = 4
PRESENT_ORDERS = (3, RUNNING_ORDER)
MILLI = 1000
WH_PER_KWH = 1000
# A clock that is off, a start that arrived late, a charge point that somebody plays by hand: so long a register may have run
# before we knew of it.
UNTOLD_S = 1800
# Registers that count in whole units of this many Wh can each be almost one unit off.
RESOLUTIONS_WH = (1000, 100, 10)
# Between two values a register may rise by so much at once, because it counts in steps.
SLACK_WH = 100
# Nameplates are rounded, and chargers exceed theirs by a little.
NAMEPLATE_TOLERANCE = 1.25
MOST_WH = 2**62


def context_order(context: str) -> int:
    """In which order samples of one moment are taken."""
    return ORDERS.get(context, RUNNING_ORDER)


def is_running(context: str) -> bool:
    """Whether the values tell how it stands at their moment: those of a start, an interruption or another cause do not."""
    return context_order(context) >= RUNNING_ORDER


def is_present(context: str) -> bool:
    """Whether the values tell what flows at their moment. That another cause made a meter speak changes nothing of it."""
    return context_order(context) in PRESENT_ORDERS


def register_wh(found: Iterable[Sample], context: str, *, or_any: bool = True) -> int | None:
    """The register at a moment of that context; else, where any will do, the newest running one for an end and the oldest
    for a start. The order in which they came never matters."""
    known = [sample for sample in found if sample.register is not None and sample.register >= 0]
    chosen = [sample for sample in known if sample.context == context]
    if not chosen and or_any:
        other = END if context == BEGIN else BEGIN
        chosen = [sample for sample in known if is_running(sample.context) and sample.context != other]
    registers = [_moment_and_wh(sample) for sample in chosen]
    if not registers:
        return None
    _, energy_wh = max(registers) if context == END else min(registers)
    return energy_wh


def _moment_and_wh(sample: Sample) -> tuple[float, int]:
    at = sample.measured_at
    energy_wh = (sample.register or 0) * (WH_PER_KWH if sample.register_is_kwh else 1)
    return (0.0 if at is None else at.timestamp(), round(min(energy_wh, MOST_WH)))


def most_possible_wh(elapsed_s: float, *, max_power_w: int, registers_wh: Iterable[int] = ()) -> int:
    """The most by which these registers can differ after that time, by the nameplate."""
    flowed_wh = max_power_w * NAMEPLATE_TOLERANCE * (max(0.0, elapsed_s) + UNTOLD_S) / 3600
    return round(flowed_wh) + _resolution_wh(registers_wh)


def absolute_wh(register: float, *, is_kwh: bool, start_wh: int) -> float:
    """The session's energy by a register that is absolute and in the right unit, as the specification has it."""
    return (register * WH_PER_KWH if is_kwh else register) - start_wh


def is_likely(
    energy_wh: float, *, metered_wh: int, elapsed_s: float, total_s: float, max_power_w: int
) -> bool:
    """Whether the connector can have given so much since the last value, and since the start `total_s` ago."""
    most = most_possible_wh(total_s, max_power_w=max_power_w)
    return metered_wh <= energy_wh <= min(_likely_wh(metered_wh, elapsed_s, max_power_w), most)


def _likely_wh(metered_wh: int, elapsed_s: float, max_power_w: int) -> float:
    """So far the energy can have risen since the last value."""
    return metered_wh + max_power_w * NAMEPLATE_TOLERANCE * max(0.0, elapsed_s) / 3600 + SLACK_WH


def session_energy_wh(
    register: float,
    *,
    is_kwh: bool,
    start_wh: int,
    metered_wh: int,
    elapsed_s: float,
    max_power_w: int,
    total_wh: int,
) -> int | None:
    """Energy since the transaction's start, or None when no reading of the register makes sense.

    A register may be absolute or begin at the transaction, and be kWh whatever its unit says. The first reading that
    neither goes back nor runs faster than the connector can is taken; absolute Wh, as the specification has it, may also
    have run for some time before we knew of it. `elapsed_s` since the last value, `total_wh` the most since the start.
    """
    absolute = absolute_wh(register, is_kwh=is_kwh, start_wh=start_wh)
    if is_kwh:
        register *= WH_PER_KWH
    total_wh = max(total_wh, metered_wh)
    likely_wh = min(_likely_wh(metered_wh, elapsed_s, max_power_w), total_wh)
    if metered_wh <= absolute <= likely_wh:
        return round(absolute)
    others = (register,) if is_kwh else (register * MILLI - start_wh, register, register * MILLI)
    for energy_wh in others:
        if metered_wh <= energy_wh <= likely_wh and register < start_wh:
            return round(energy_wh)
    return round(absolute) if metered_wh <= absolute <= total_wh else None


def _resolution_wh(registers_wh: Iterable[int]) -> int:
    told = tuple(registers_wh)
    if not told:
        return 0
    common_wh = math.gcd(*told)
    for unit_wh in RESOLUTIONS_WH:
        if common_wh % unit_wh == 0:
            return unit_wh
    return 0
