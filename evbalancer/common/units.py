"""Conversions between the units of the wire and the units of the house (integer mA, mV, W, Wh).

Limits round down, loads round up: an error of rounding never takes headroom that is not there.
"""

import math
from typing import NamedTuple

MILLI = 1000
PHASES = (0, 1, 2)
# The most that an integer column holds.
INT32_MAX = 2**31 - 1


class PhaseMilliamps(NamedTuple):
    """Milliamperes on L1, L2 and L3 of the grid."""

    l1: int
    l2: int
    l3: int

    def plus(self, other: "PhaseMilliamps") -> "PhaseMilliamps":
        return PhaseMilliamps(self.l1 + other.l1, self.l2 + other.l2, self.l3 + other.l3)

    def minus(self, other: "PhaseMilliamps") -> "PhaseMilliamps":
        return PhaseMilliamps(self.l1 - other.l1, self.l2 - other.l2, self.l3 - other.l3)

    def scaled_pct(self, pct: int) -> "PhaseMilliamps":
        return PhaseMilliamps(self.l1 * pct // 100, self.l2 * pct // 100, self.l3 * pct // 100)

    @classmethod
    def on(cls, phases: tuple[int, ...], current_ma: int) -> "PhaseMilliamps":
        """`current_ma` on each of the given grid phases (0 is L1), nothing on the others."""
        return cls(*(current_ma if phase in phases else 0 for phase in PHASES))


ZERO_MA = PhaseMilliamps(0, 0, 0)


def ma_to_a(current_ma: int) -> float:
    """Amperes for OCPP, floored to 0.1 A: the 1.6 schema wants multiples of 0.1."""
    return (current_ma // 100) / 10


def w_to_ma(power_w: float, *, voltage_v: int, phases: int) -> int:
    """Current per phase of a balanced load, rounded up."""
    return math.ceil(power_w * MILLI / (voltage_v * phases))


def ma_to_w(current_ma: int, *, voltage_v: int, phases: int) -> int:
    return current_ma * voltage_v * phases // MILLI


def va_to_ma(power_va: int, *, voltage_v: int) -> int:
    """Limit per phase of a three-phase rating: 100 kVA at 230 V are 144.927 A a phase."""
    return power_va * MILLI // (3 * voltage_v)
