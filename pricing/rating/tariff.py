"""A tariff in the words of OCPI 2.2.1 and 2.3.0 (mod_tariffs): ordered elements of price components and restrictions.

Prices are decimals in the tariff's currency: per kWh for ENERGY, per hour for TIME and PARKING_TIME, once for FLAT.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

DAY_S: Final = 86_400
PERCENT: Final = 100
ONCE: Final = Fraction(1)


class Dimension(StrEnum):
    """TariffDimensionType."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"


class ReservationKind(StrEnum):
    """ReservationRestrictionType."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class TaxIncluded(StrEnum):
    """Whether the tariff's prices contain the tax (2.3.0). Before 2.3.0 they never did: NO."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """step_size: the session's amount is rounded up to a multiple of so many Wh or seconds; 0 rounds nothing."""

    dimension: Dimension
    price: Decimal
    vat_pct: Decimal | None = None
    step_size: int = 1
    exact_price: Fraction = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exact_price", Fraction(self.price))

    def tax_factors(self, tax_included: TaxIncluded) -> tuple[Fraction, Fraction] | None:
        """What a price is multiplied by before and after taxes; None where there is no tax."""
        if tax_included is TaxIncluded.NOT_APPLICABLE or self.vat_pct is None:
            return None
        factor = 1 + Fraction(self.vat_pct) / PERCENT
        return (1 / factor, ONCE) if tax_included is TaxIncluded.YES else (ONCE, factor)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All that is set must match. Lower bounds are included, upper bounds excluded, as OCPI says.

    start_s and end_s are seconds of the location's day; an end at or before the start lies on the next day. Currents
    are sums over all phases.
    """

    start_s: int = 0
    end_s: int = DAY_S
    start_date: date | None = None
    end_date: date | None = None
    weekdays: frozenset[int] = frozenset()
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_duration_s: int | None = None
    max_duration_s: int | None = None
    reservation: ReservationKind | None = None

    @property
    def is_all_day(self) -> bool:
        return (self.end_s - self.start_s) % DAY_S == 0

    @property
    def is_local(self) -> bool:
        """Whether it depends on the clock or the calendar of the location."""
        return bool(self.weekdays) or not self.is_all_day or (self.start_date or self.end_date) is not None

    @property
    def is_weekly(self) -> bool:
        """Whether it depends on the second of the week alone."""
        return replace(self, start_s=0, end_s=DAY_S, weekdays=frozenset()) == Restrictions()

    @property
    def asks_for_power(self) -> bool:
        return self.min_power_kw is not None or self.max_power_kw is not None

    @property
    def asks_for_current(self) -> bool:
        return self.min_current_a is not None or self.max_current_a is not None


@dataclass(frozen=True, slots=True)
class Element:
    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = Restrictions()

    def component(self, dimension: Dimension) -> PriceComponent | None:
        """The first component of this dimension."""
        return next((each for each in self.components if each.dimension == dimension), None)

    @property
    def is_for_parking(self) -> bool:
        """Whether its flat fee is a fixed price of parking: it prices parking and nothing else that is metered."""
        metered = {each.dimension for each in self.components} - {Dimension.FLAT}
        return metered == {Dimension.PARKING_TIME}


@dataclass(frozen=True, slots=True)
class PriceLimit:
    """The least or the most that a charging session costs, before and after taxes. Both hold."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    id: str
    currency: str
    elements: tuple[Element, ...]
    tax_included: TaxIncluded = TaxIncluded.NO
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    # Days that count as Sundays, and whose they are: an extension of ours.
    holidays: frozenset[date] = frozenset()
    holiday_region: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it has to know the location's time zone."""
        return any(element.restrictions.is_local for element in self.elements)

    def holds_at(self, moment: datetime) -> bool:
        begun = self.starts_at is None or self.starts_at <= moment
        return begun and (self.ends_at is None or moment < self.ends_at)
