"""What a session costs, line by line, in exact fractions; rounded where it is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final

from pricing.rating.session import ZERO
from pricing.rating.tariff import PriceComponent, TaxIncluded

# OCPI (types, number): four decimals unless mentioned otherwise.
DECIMALS: Final = 4


class Kind(StrEnum):
    """What a line is for: a dimension of OCPI, or the time or the fee of a reservation."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"
    RESERVATION_TIME = "RESERVATION_TIME"
    RESERVATION_FLAT = "RESERVATION_FLAT"


class Part(StrEnum):
    """The totals that a CDR has beside `total_cost`, which is their sum."""

    ENERGY = "energy"
    TIME = "time"
    PARKING = "parking"
    FIXED = "fixed"
    RESERVATION = "reservation"


@dataclass(frozen=True, slots=True)
class Cost:
    excl_vat: Fraction = ZERO
    incl_vat: Fraction = ZERO

    @property
    def is_untaxed(self) -> bool:
        """Known without arithmetic: fractions are slow."""
        return self.excl_vat is self.incl_vat


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as it is written, rounded."""

    excl_vat: Decimal = Decimal(0)
    incl_vat: Decimal = Decimal(0)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.excl_vat + other.excl_vat, self.incl_vat + other.incl_vat)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.excl_vat - other.excl_vat, self.incl_vat - other.incl_vat)


@dataclass(slots=True)
class Line:
    """An amount of one dimension at one price. `billed` is more than `amount` where the step_size rounded up.

    Amounts are kWh or hours, and 1 for a flat fee.
    """

    kind: Kind
    part: Part
    element: int
    component: PriceComponent
    amount: Fraction
    billed: Fraction

    def cost(self, tax_included: TaxIncluded) -> Cost:
        money = self.billed * self.component.exact_price
        factors = self.component.tax_factors(tax_included)
        if factors is None:
            return Cost(money, money)
        excl_vat, incl_vat = factors
        return Cost(money * excl_vat, money * incl_vat)


@dataclass(slots=True)
class PricedPeriod:
    """A part of a session at one set of prices. `index` is that of the charging period that it lies in."""

    index: int
    start: datetime
    end: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rated:
    """The priced periods, their totals, and the total that min_price and max_price leave.

    `costs` has the cost of each line as it is written; the costs of a part's lines add up to its total.
    """

    periods: tuple[PricedPeriod, ...]
    costs: tuple[tuple[Money, ...], ...]
    totals: dict[Part, Money]
    total: Money

    @property
    def sum_of_parts(self) -> Money:
        return sum(self.totals.values(), Money())

    @property
    def by_limit(self) -> Money:
        """What min_price added, or, below zero, what max_price took away."""
        return self.total - self.sum_of_parts

    def amount(self, *kinds: Kind, billed: bool = False) -> Fraction:
        lines = (line for period in self.periods for line in period.lines if line.kind in kinds)
        return exact_sum(line.billed if billed else line.amount for line in lines)


def round_half_up(value: Fraction, decimals: int = DECIMALS) -> Decimal:
    """To the nearest, and half a unit away from zero."""
    return Decimal(_units(*value.as_integer_ratio(), decimals)).scaleb(-decimals)


def _units(numerator: int, denominator: int, decimals: int) -> int:
    rounded: int = (abs(numerator) * 10**decimals * 2 + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


@lru_cache(maxsize=16_384)
def money_of(excl_units: int, incl_units: int, decimals: int) -> Money:
    """So many units of the last decimal, before and after taxes."""
    excl_vat = Decimal(excl_units).scaleb(-decimals)
    return Money(excl_vat, excl_vat if incl_units == excl_units else Decimal(incl_units).scaleb(-decimals))


class ExactSum:
    """A sum of fractions over one common denominator, which is several times as fast as adding fractions in lowest terms."""

    __slots__ = ("denominator", "numerator")

    def __init__(self) -> None:
        self.numerator, self.denominator = 0, 1

    def add(self, numerator: int, denominator: int) -> None:
        if denominator == self.denominator:
            self.numerator += numerator
            return
        times, rest = divmod(self.denominator, denominator)
        if rest:
            common = lcm(self.denominator, denominator)
            self.numerator *= common // self.denominator
            self.denominator = common
            times = common // denominator
        self.numerator += numerator * times

    def units(self, decimals: int) -> int:
        """Rounded half up, in units of the last decimal."""
        return _units(self.numerator, self.denominator, decimals)

    def value(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


def exact_sum(values: Iterable[Fraction]) -> Fraction:
    total = ExactSum()
    for value in values:
        total.add(*value.as_integer_ratio())
    return total.value()
