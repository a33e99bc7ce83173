"""What a session costs, line by line, in exact fractions; rounded where it is written."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from pricing.rating.session import ZERO
from pricing.rating.tariff import PriceComponent, TaxIncluded

# OCPI (types, number): four decimals unless mentioned otherwise.
DECIMALS: Final = 4
PERCENT: Final = 100


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

    def __add__(self, other: "Cost") -> "Cost":
        excl_vat = self.excl_vat + other.excl_vat
        if self.is_untaxed and other.is_untaxed:
            return Cost(excl_vat, excl_vat)
        return Cost(excl_vat, self.incl_vat + other.incl_vat)

    @property
    def is_untaxed(self) -> bool:
        """Known without arithmetic: fractions are slow."""
        return self.excl_vat is self.incl_vat

    def rounded(self, decimals: int) -> "Money":
        excl_vat = round_half_up(self.excl_vat, decimals)
        return Money(excl_vat, excl_vat if self.is_untaxed else round_half_up(self.incl_vat, decimals))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as it is written, rounded."""

    excl_vat: Decimal = Decimal(0)
    incl_vat: Decimal = Decimal(0)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.excl_vat + other.excl_vat, self.incl_vat + other.incl_vat)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.excl_vat - other.excl_vat, self.incl_vat - other.incl_vat)


@dataclass(frozen=True, slots=True)
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
        if tax_included is TaxIncluded.NOT_APPLICABLE or self.component.vat_pct is None:
            return Cost(money, money)
        factor = 1 + Fraction(self.component.vat_pct) / PERCENT
        if tax_included is TaxIncluded.YES:
            return Cost(money / factor, money)
        return Cost(money, money * factor)


@dataclass(frozen=True, slots=True)
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
        return sum((line.billed if billed else line.amount for line in lines), ZERO)


def round_half_up(value: Fraction, decimals: int = DECIMALS) -> Decimal:
    """To the nearest, and half a unit away from zero."""
    numerator, denominator = value.as_integer_ratio()
    rounded = (abs(numerator) * 10**decimals * 2 + denominator) // (2 * denominator)
    return Decimal(rounded if numerator >= 0 else -rounded).scaleb(-decimals)
