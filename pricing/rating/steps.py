"""step_size, as mod_cdrs says: once a session for ENERGY, and once for TIME and PARKING_TIME together.

- The session's whole amount that has a price is rounded up, not the amount of the last period.
- The step is that of the component that priced the last period, and what is added is billed at its price.
- Where parking was priced, parking alone is rounded: charging time was followed by another time-based period.
- The time of a reservation is rounded apart, as the examples with reservations do.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from pricing.rating.priced import Kind, Line, PricedPeriod, exact_sum

WH_PER_KWH, S_PER_H = 1000, 3600
# A thousandth of a milliwatt hour or of a millisecond: noise of binary fractions makes no step of its own.
NOISE = Fraction(1, 1_000_000)


def apply_steps(periods: Sequence[PricedPeriod]) -> tuple[PricedPeriod, ...]:
    """The periods with what is billed instead of what was used."""
    kinds = {line.kind for period in periods for line in period.lines if line.amount}
    timed = Kind.PARKING_TIME if Kind.PARKING_TIME in kinds else Kind.TIME
    for kind, per_unit in ((Kind.ENERGY, WH_PER_KWH), (timed, S_PER_H), (Kind.RESERVATION_TIME, S_PER_H)):
        if kind in kinds:
            periods = _rounded(periods, kind, per_unit)
    return tuple(periods)


def _rounded(periods: Sequence[PricedPeriod], kind: Kind, per_unit: int) -> list[PricedPeriod]:
    """The same with what this kind's total lacks to its next step, added to its last line."""
    lines = [line for period in periods for line in period.lines if line.kind == kind and line.amount]
    total = exact_sum(line.amount for line in lines)
    last = lines[-1]
    added = round_up(total * per_unit, last.component.step_size) / per_unit - total
    return [_with_more(period, last, added) for period in periods] if added else list(periods)


def round_up(units: Fraction, step_size: int) -> Fraction:
    """Wh or seconds, up to a multiple of the step. What flowed back is not rounded."""
    if step_size <= 0 or units <= 0:
        return units
    steps = -((NOISE - units) // step_size)
    return Fraction(max(steps, 1) * step_size)


def _with_more(period: PricedPeriod, last: Line, added: Fraction) -> PricedPeriod:
    if not any(line is last for line in period.lines):
        return period
    lines = (replace(line, billed=line.billed + added) if line is last else line for line in period.lines)
    return replace(period, lines=tuple(lines))
