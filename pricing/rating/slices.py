"""Cuts a session where a restriction begins or ceases to match, so that each slice has one price a dimension.

OCPI leaves the cutting to whoever writes the charging periods (mod_cdrs, ChargingPeriod). A period that was not cut where
it should have been is cut here: its energy and its time are taken to flow evenly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from pricing.rating.edges import local_edges
from pricing.rating.session import ZERO, Level, Period, Session
from pricing.rating.tariff import Dimension, Restrictions, Tariff

MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
ONE = Fraction(1)
SUNDAY = 6


@dataclass(slots=True)
class Slice:
    """A part of a period in which nothing that a restriction looks at changes, and what holds at its start.

    weekday: 0 is Monday; a public holiday is a 6 where the tariff counts it as a Sunday.
    """

    period: Period
    index: int
    local: datetime
    weekday: int
    energy_before_kwh: Fraction
    session_s: Fraction
    reserved_s: Fraction


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the restrictions of a tariff ask about: times of the local day, kWh, and seconds since the session's start.

    What nobody asks about is not computed.
    """

    times_s: tuple[int, ...]
    kwh: tuple[Fraction, ...]
    durations_s: tuple[int, ...]
    asks_for_power: bool
    is_timed: bool
    holidays: frozenset[date] = frozenset()

    @classmethod
    def of(cls, tariff: Tariff) -> "Bounds":
        all_of = [element.restrictions for element in tariff.elements]
        times = {
            at_s % 86_400 for each in all_of if not each.is_all_day for at_s in (each.start_s, each.end_s)
        }
        if any(each.weekdays or each.start_date or each.end_date for each in all_of):
            times.add(0)
        kwh = _told(bound for each in all_of for bound in (each.min_kwh, each.max_kwh))
        durations = {bound for each in all_of for bound in (each.min_duration_s, each.max_duration_s)}
        dimensions = {component.dimension for element in tariff.elements for component in element.components}
        return cls(
            tuple(sorted(times)),
            kwh,
            tuple(sorted(bound for bound in durations if bound)),
            asks_for_power=any(each.asks_for_power for each in all_of),
            is_timed=not dimensions.isdisjoint({Dimension.TIME, Dimension.PARKING_TIME}),
            holidays=tariff.holidays,
        )

    def weekday(self, local: datetime) -> int:
        return SUNDAY if self.holidays and local.date() in self.holidays else local.weekday()


def _told(bounds: Iterable[Decimal | None]) -> tuple[Fraction, ...]:
    return tuple(sorted({Fraction(bound) for bound in bounds if bound is not None}))


def cut(session: Session, bounds: Bounds, zone: ZoneInfo) -> Iterator[Slice]:
    """The slices of a session in order. What they hold adds up to what the periods hold, exactly."""
    used_kwh = ZERO
    is_cut = session.cut_for is bounds
    if is_cut and not bounds.kwh and not bounds.durations_s:
        for index, period in enumerate(session.periods):
            local = period.start.astimezone(zone)
            yield Slice(period, index, local, bounds.weekday(local), ZERO, ZERO, ZERO)
        return
    for index, period in enumerate(session.periods):
        shares = [] if is_cut else _shares(period, session, bounds, zone, used_kwh)
        for start, part in _parts(period, shares):
            local = part.start.astimezone(zone)
            yield Slice(
                part,
                index,
                local,
                bounds.weekday(local),
                used_kwh + period.energy_kwh * start if bounds.kwh else ZERO,
                _seconds(period, start, session.start) if bounds.durations_s else ZERO,
                _seconds(period, start, session.reserved_at or session.start) if bounds.durations_s else ZERO,
            )
        if bounds.kwh:
            used_kwh += period.energy_kwh


def _parts(period: Period, shares: list[Fraction]) -> Iterator[tuple[Fraction, Period]]:
    """Where each part of a period starts, as a share of it, and the part."""
    if not shares:
        yield ZERO, period
    for start, end in pairwise([ZERO, *shares, ONE] if shares else []):
        yield start, _share_of(period, start, end)


def _shares(
    period: Period, session: Session, bounds: Bounds, zone: ZoneInfo, used_kwh: Fraction
) -> list[Fraction]:
    """Where the period is cut, as shares of it between 0 and 1."""
    shares: set[Fraction] = set()
    if period.start < period.end:
        length_us = (period.end - period.start) // MICROSECOND
        for edge in local_edges(period.start, period.end, zone=zone, times_s=bounds.times_s):
            shares.add(Fraction((edge - period.start) // MICROSECOND, length_us))
        for began_at in {session.start, session.reserved_at or session.start} if bounds.durations_s else ():
            since_us = (began_at - period.start) // MICROSECOND
            shares.update(
                Fraction(since_us + bound_s * SECOND_US, length_us) for bound_s in bounds.durations_s
            )
    if bounds.kwh and period.energy_kwh:
        shares.update((bound - used_kwh) / period.energy_kwh for bound in bounds.kwh)
    return sorted(share for share in shares if 0 < share < 1)


def _share_of(period: Period, start: Fraction, end: Fraction) -> Period:
    share = end - start
    return replace(
        period,
        start=_moment(period, start),
        end=_moment(period, end),
        energy_kwh=period.energy_kwh * share,
        charging_h=period.charging_h * share,
        parking_h=period.parking_h * share,
        reservation_h=period.reservation_h * share,
    )


def _moment(period: Period, share: Fraction) -> datetime:
    """Rounded down to the microsecond, which never passes a full second back."""
    length_us = (period.end - period.start) // MICROSECOND
    return period.start + timedelta(microseconds=int(share * length_us))


def _seconds(period: Period, share: Fraction, since: datetime) -> Fraction:
    length_us = (period.end - period.start) // MICROSECOND
    return Fraction((period.start - since) // MICROSECOND, SECOND_US) + share * Fraction(length_us, SECOND_US)


def matches(restrictions: Restrictions, part: Slice) -> bool:
    """Whether a slice fulfils all restrictions but `reservation`, which says what the element is for."""
    return (
        _is_in_time(restrictions, part.local, part.weekday)
        and _is_within(part.energy_before_kwh, restrictions.min_kwh, restrictions.max_kwh)
        and _is_level(part.period.current_a, restrictions.min_current_a, restrictions.max_current_a)
        and _is_level(part.period.power_kw, restrictions.min_power_kw, restrictions.max_power_kw)
        and _lasts(restrictions, part)
    )


def _is_in_time(restrictions: Restrictions, local: datetime, weekday: int) -> bool:
    if restrictions.weekdays and weekday not in restrictions.weekdays:
        return False
    today = local.date()
    if restrictions.start_date is not None and today < restrictions.start_date:
        return False
    if restrictions.end_date is not None and today >= restrictions.end_date:
        return False
    if restrictions.is_all_day:
        return True
    at_s = local.hour * 3600 + local.minute * 60 + local.second
    if restrictions.start_s < restrictions.end_s:
        return restrictions.start_s <= at_s < restrictions.end_s
    return at_s >= restrictions.start_s or at_s < restrictions.end_s


def _is_within(value: Fraction, least: Decimal | int | None, below: Decimal | int | None) -> bool:
    return (least is None or value >= Fraction(least)) and (below is None or value < Fraction(below))


def _is_level(level: Level, least: Decimal | None, below: Decimal | None) -> bool:
    reached = least is None or level.reaches(Fraction(least))
    return reached and (below is None or level.stays_below(Fraction(below)))


def _lasts(restrictions: Restrictions, part: Slice) -> bool:
    lasted_s = part.session_s if restrictions.reservation is None else part.reserved_s
    return _is_within(lasted_s, restrictions.min_duration_s, restrictions.max_duration_s)
