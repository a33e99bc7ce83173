"""Rates a session by a tariff, to the letter of OCPI 2.2.1 and 2.3.0 (mod_tariffs, mod_cdrs).

For each dimension the first element that has it and that matches prices it. Nothing is rounded before the end: the
total of each part is rounded half up (to four decimals in OCPI), and the total cost is the sum of the parts as told, within
min_price and max_price. docs/adr/0098 says where the text leaves a choice, and what was chosen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from operator import attrgetter
from zoneinfo import ZoneInfo

from pricing.rating.limits import apply_limits
from pricing.rating.priced import DECIMALS, ExactSum, Kind, Line, Money, Part, PricedPeriod, Rated, money_of
from pricing.rating.session import ZERO, Period, Session
from pricing.rating.slices import Bounds, Slice, cut, matches
from pricing.rating.steps import apply_steps
from pricing.rating.tariff import (
    ONCE,
    Dimension,
    PriceComponent,
    ReservationKind,
    Restrictions,
    Tariff,
    TaxIncluded,
)

Priced = tuple[int, PriceComponent, Restrictions]
Found = tuple[int, PriceComponent]
Ratio = tuple[int, int]
_Rate = tuple[Ratio, Ratio, bool]

RESERVED, EXPIRED = ReservationKind.RESERVATION, ReservationKind.RESERVATION_EXPIRES
NOTHING = Money()
# Seconds of the week whose price a rater remembers.
MOST_KNOWN = 10_000
# What a meter or a clock tells of a period.
METERED = (
    (Kind.ENERGY, Dimension.ENERGY, Part.ENERGY, attrgetter("energy_kwh")),
    (Kind.TIME, Dimension.TIME, Part.TIME, attrgetter("charging_h")),
    (Kind.PARKING_TIME, Dimension.PARKING_TIME, Part.PARKING, attrgetter("parking_h")),
)
FEES = frozenset({Kind.FLAT, Kind.RESERVATION_FLAT})


def rate(tariff: Tariff, session: Session, *, zone: ZoneInfo, decimals: int = DECIMALS) -> Rated:
    """What a session costs by a tariff at a place in this time zone; each part's total has so many decimals."""
    return Rater(tariff, zone, decimals).rate(session)


class Rater:
    """A tariff at a place, prepared for many sessions."""

    __slots__ = ("_known", "_rates", "bounds", "decimals", "is_weekly", "metered", "priced", "tariff", "zone")

    def __init__(self, tariff: Tariff, zone: ZoneInfo, decimals: int = DECIMALS) -> None:
        self.tariff, self.zone, self.decimals = tariff, zone, decimals
        self.bounds = Bounds.of(tariff)
        self.is_weekly = all(element.restrictions.is_weekly for element in tariff.elements)
        self._known: dict[Dimension, dict[int, Found | None]] = {dimension: {} for dimension in Dimension}
        self._rates = _Rates(tariff.tax_included)
        self.priced: dict[Dimension, list[Priced]] = {dimension: [] for dimension in Dimension}
        for index, element in enumerate(tariff.elements):
            for dimension in Dimension:
                component = element.component(dimension)
                if component is not None:
                    self.priced[dimension].append((index, component, element.restrictions))
        self.metered = [each for each in METERED if self.priced[each[1]]]

    def rate(self, session: Session) -> Rated:
        is_expired = session.is_expired_reservation
        pricing = _Pricing(self, is_expired)
        priced = [pricing.price(part) for part in cut(session, self.bounds, self.zone)]
        periods = apply_steps(_joined(priced))
        costs, totals = _told(periods, self._rates, self.decimals)
        total = sum(totals.values(), Money())
        if not is_expired:
            total = apply_limits(self.tariff, total, self.decimals)
        return Rated(periods, costs, totals, total)

    def price_per_kwh(self, moment: datetime) -> Fraction:
        """The price with taxes of energy that flows at a moment, at the start of a session and at no known power."""
        now = Period(moment, moment)
        local = moment.astimezone(self.zone)
        part = Slice(now, 0, local, self.bounds.weekday(local), ZERO, ZERO, ZERO)
        found = self.first(Dimension.ENERGY, part)
        if found is None:
            return ZERO
        line = Line(Kind.ENERGY, Part.ENERGY, *found, amount=ONCE, billed=ONCE)
        return line.cost(self.tariff.tax_included).incl_vat

    def first(
        self, dimension: Dimension, part: Slice, use: ReservationKind | None = None
    ) -> tuple[int, PriceComponent] | None:
        """The component that prices a dimension in a slice, and the index of its element."""
        if not self.is_weekly or use is not None:
            return self._search(dimension, part, use)
        local, known = part.local, self._known[dimension]
        second = ((part.weekday * 24 + local.hour) * 60 + local.minute) * 60 + local.second
        if second not in known:
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[second] = self._search(dimension, part, use)
        return known[second]

    def _search(
        self, dimension: Dimension, part: Slice, use: ReservationKind | None
    ) -> tuple[int, PriceComponent] | None:
        for index, component, restrictions in self.priced[dimension]:
            if restrictions.reservation == use and matches(restrictions, part):
                return index, component
        return None


@dataclass(slots=True)
class _Pricing:
    """Finds the prices of one slice after another, and remembers which fees were taken."""

    rater: Rater
    is_expired: bool
    taken: set[ReservationKind | None] = field(default_factory=set)

    def price(self, part: Slice) -> PricedPeriod:
        period = part.period
        return PricedPeriod(part.index, period.start, period.end, tuple(self._lines(part)))

    def _lines(self, part: Slice) -> Iterator[Line]:
        period = part.period
        # Most have none: what is the same object needs no arithmetic.
        if period.reservation_h is not ZERO and period.reservation_h:
            yield from self._reservation(part)
            if not period.is_used:
                return
        if self.rater.priced[Dimension.FLAT]:
            yield from self._fee(part, None, Kind.FLAT)
        for kind, dimension, whole, amount_of in self.rater.metered:
            amount = amount_of(period)
            found = self.rater.first(dimension, part) if amount is not ZERO and amount else None
            if found:
                yield Line(kind, whole, *found, amount, amount)

    def _reservation(self, part: Slice) -> Iterator[Line]:
        yield from self._fee(part, RESERVED, Kind.RESERVATION_FLAT)
        found = None
        if self.is_expired:
            yield from self._fee(part, EXPIRED, Kind.RESERVATION_FLAT)
            found = self.rater.first(Dimension.TIME, part, EXPIRED)
        found = found or self.rater.first(Dimension.TIME, part, RESERVED)
        if found:
            amount = part.period.reservation_h
            yield Line(Kind.RESERVATION_TIME, Part.RESERVATION, *found, amount, amount)

    def _fee(self, part: Slice, use: ReservationKind | None, kind: Kind) -> Iterator[Line]:
        """The flat fee that is the first to be active, once."""
        found = None if use in self.taken else self.rater.first(Dimension.FLAT, part, use)
        if found:
            self.taken.add(use)
            yield Line(kind, self._part_of(found[0], use), *found, ONCE, ONCE)

    def _part_of(self, element: int, use: ReservationKind | None) -> Part:
        if use is not None:
            return Part.RESERVATION
        return Part.PARKING if self.rater.tariff.elements[element].is_for_parking else Part.FIXED


def _joined(periods: Iterable[PricedPeriod]) -> list[PricedPeriod]:
    """Neighbours within one charging period at the same prices become one."""
    joined: list[PricedPeriod] = []
    for period in periods:
        last = joined[-1] if joined else None
        if last and last.index == period.index and _prices(last, FEES) == _prices(period):
            joined[-1] = replace(last, end=period.end, lines=_added(last.lines, period.lines))
        else:
            joined.append(period)
    return joined


def _prices(period: PricedPeriod, but: frozenset[Kind] = frozenset()) -> list[tuple[Kind, int]]:
    return [(line.kind, line.element) for line in period.lines if line.kind not in but]


def _added(lines: tuple[Line, ...], more: tuple[Line, ...]) -> tuple[Line, ...]:
    amounts = {line.kind: line.amount for line in more}
    return tuple(
        replace(line, amount=(total := line.amount + amounts.get(line.kind, ZERO)), billed=total)
        for line in lines
    )


class _Part:
    """The running total of a part, before and after taxes, exact and as it is written."""

    __slots__ = ("excl_units", "excl_vat", "incl_units", "incl_vat")

    def __init__(self) -> None:
        self.excl_vat = ExactSum()
        # The same sum while no line was taxed.
        self.incl_vat = self.excl_vat
        self.excl_units = self.incl_units = 0

    def add(self, line: Line, rates: "_Rates", decimals: int) -> Money:
        """What a line adds to the part's rounded total."""
        numerator, denominator = line.billed.as_integer_ratio()
        (excl, excl_of), (incl, incl_of), is_taxed = rates.of(line.component)
        if is_taxed and self.incl_vat is self.excl_vat:
            self.incl_vat = ExactSum()
            self.incl_vat.add(self.excl_vat.numerator, self.excl_vat.denominator)
        self.excl_vat.add(numerator * excl, denominator * excl_of)
        excl_before, incl_before = self.excl_units, self.incl_units
        self.excl_units = self.incl_units = self.excl_vat.units(decimals)
        if self.incl_vat is not self.excl_vat:
            self.incl_vat.add(numerator * incl, denominator * incl_of)
            self.incl_units = self.incl_vat.units(decimals)
        return money_of(self.excl_units - excl_before, self.incl_units - incl_before, decimals)

    def told(self, decimals: int) -> Money:
        return money_of(self.excl_units, self.incl_units, decimals)


class _Rates:
    """The exact price of each component before and after taxes, as numerator and denominator."""

    __slots__ = ("_known", "_tax_included")

    def __init__(self, tax_included: TaxIncluded) -> None:
        self._tax_included = tax_included
        self._known: dict[int, _Rate] = {}

    def of(self, component: PriceComponent) -> "_Rate":
        """A component is known by its place in memory, which the tariff holds while it is rated."""
        found = self._known.get(id(component))
        if found is None:
            factors = component.tax_factors(self._tax_included)
            excl_vat, incl_vat = factors or (ONCE, ONCE)
            price = component.exact_price
            found = (
                (price * excl_vat).as_integer_ratio(),
                (price * incl_vat).as_integer_ratio(),
                factors is not None,
            )
            self._known[id(component)] = found
        return found


def _told(
    periods: Iterable[PricedPeriod], rates: _Rates, decimals: int
) -> tuple[tuple[tuple[Money, ...], ...], dict[Part, Money]]:
    """The cost of each line and of each part. A line is written as what it adds to its part's rounded total."""
    parts: dict[Part, _Part] = {}
    costs = []
    for period in periods:
        told = []
        for line in period.lines:
            part = parts.get(line.part)
            if part is None:
                part = parts[line.part] = _Part()
            told.append(part.add(line, rates, decimals))
        costs.append(tuple(told))
    return tuple(costs), {part: parts[part].told(decimals) if part in parts else NOTHING for part in Part}
