"""From a meter's register to the charging periods that a tariff prices, cut where the tariff looks.

Between two readings energy is taken to flow evenly. The register at a cut is a whole Wh, so that the periods add up to the
session's energy to the Wh.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from pricing.rating.edges import local_edges
from pricing.rating.session import UNKNOWN, Level, Period, Session
from pricing.rating.slices import Bounds

MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000
SECOND_US = 1_000_000
WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """The meter at a moment: a register in Wh that never falls."""

    at: datetime
    energy_wh: int


class Register:
    """The readings of a session, and what they say about the moments between them."""

    __slots__ = ("_energies_wh", "_flowing_us", "_times_us", "start")

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Raises ValueError for fewer than two samples, or ones that go back in time or energy."""
        if len(samples) < 2:
            raise ValueError("Two samples or more make an energy")
        # Two times of one zone would be subtracted by the wall clock; in UTC an hour is an hour.
        moments = [sample.at if sample.at.tzinfo is UTC else sample.at.astimezone(UTC) for sample in samples]
        self.start = start = moments[0]
        self._times_us = [(moment - start) // MICROSECOND for moment in moments]
        self._energies_wh = [sample.energy_wh for sample in samples]
        if self._times_us != sorted(self._times_us) or self._energies_wh != sorted(self._energies_wh):
            raise ValueError("Samples go forward in time and energy")
        self._flowing_us: list[int] | None = None

    @property
    def end(self) -> datetime:
        return self._moment(self._times_us[-1])

    def used_wh(self, at: datetime) -> int:
        """The energy that had flowed by a moment, to the nearest Wh."""
        at_us = (at - self.start) // MICROSECOND
        if at_us <= 0:
            return 0
        if at_us >= self._times_us[-1]:
            return self._energies_wh[-1] - self._energies_wh[0]
        return self._energy_wh(at_us) - self._energies_wh[0]

    def session(self, bounds: Bounds, zone: ZoneInfo, *, is_sated: bool) -> Session:
        """The periods at whose ends a tariff's prices may change. `is_sated`: the car itself took no more at the end.

        Charging time is when the meter rose. Parking time is the time after that of a car that was sated: a car that the
        balancer kept waiting is not parked (OCPI: "not requesting power").
        """
        cuts = [0, *self._cuts(bounds, zone), self._times_us[-1]]
        full_us = self._full_us() if bounds.is_timed and is_sated else self._times_us[-1]
        energies_wh = [self._energies_wh[0], *map(self._energy_wh, cuts[1:-1]), self._energies_wh[-1]]
        periods = tuple(
            self._period(start, end, after - before, bounds, full_us)
            for (start, end), (before, after) in zip(
                pairwise([(cut, self._moment(cut)) for cut in cuts]), pairwise(energies_wh), strict=True
            )
        )
        return Session(periods, self.start, cut_for=bounds)

    def _period(
        self,
        begun: tuple[int, datetime],
        ended: tuple[int, datetime],
        energy_wh: int,
        bounds: Bounds,
        full_us: int,
    ) -> Period:
        (start_us, start), (end_us, end) = begun, ended
        energy_kwh = _kwh(energy_wh)
        if not (bounds.is_timed or bounds.asks_for_power):
            return Period(start, end, energy_kwh)
        power = UNKNOWN
        if end_us > start_us:
            power = Level(average=energy_kwh * HOUR_US / (end_us - start_us))
        charging_us = self._flowed_us(end_us) - self._flowed_us(start_us)
        parking_us = max(0, end_us - max(start_us, full_us))
        hours = Fraction(charging_us, HOUR_US), Fraction(parking_us, HOUR_US)
        return Period(start, end, energy_kwh, *hours, power_kw=power)

    def _cuts(self, bounds: Bounds, zone: ZoneInfo) -> list[int]:
        last_us = self._times_us[-1]
        edges = local_edges(self.start, self.end, zone=zone, times_s=bounds.times_s)
        cuts = {(edge - self.start) // MICROSECOND for edge in edges}
        cuts.update(bound_s * SECOND_US for bound_s in bounds.durations_s)
        cuts.update(self._passes_us(bound) for bound in bounds.kwh)
        if bounds.asks_for_power:
            cuts.update(self._times_us)
        return sorted(cut for cut in cuts if 0 < cut < last_us)

    def _energy_wh(self, at_us: int) -> int:
        """The register at a moment, to the nearest Wh."""
        index = max(1, bisect_left(self._times_us, at_us)) - 1
        before_us, after_us = self._times_us[index : index + 2]
        before_wh, after_wh = self._energies_wh[index : index + 2]
        length_us = after_us - before_us
        flowed_wh, rest = divmod((after_wh - before_wh) * (at_us - before_us), length_us)
        # Half a Wh goes to the even one, as it did before.
        return before_wh + flowed_wh + (2 * rest > length_us or (2 * rest == length_us and flowed_wh & 1))

    def _passes_us(self, bound_kwh: Fraction) -> int:
        """When the session's energy reaches a bound, rounded up; 0 where it never does, or from the beginning."""
        bound_wh = self._energies_wh[0] + bound_kwh * WH_PER_KWH
        index = bisect_left(self._energies_wh, bound_wh)
        if index in {0, len(self._energies_wh)}:
            return 0
        before_us, after_us = self._times_us[index - 1 : index + 1]
        before_wh, after_wh = self._energies_wh[index - 1 : index + 1]
        share = Fraction(bound_wh - before_wh) / (after_wh - before_wh)
        return before_us - int(-share * (after_us - before_us) // 1)

    def _full_us(self) -> int:
        """From when on nothing flowed any more."""
        return self._times_us[bisect_left(self._energies_wh, self._energies_wh[-1])]

    def _flowed_us(self, at_us: int) -> int:
        """For how long energy flowed up to a moment."""
        if self._flowing_us is None:
            self._flowing_us = list(self._flows())
        index = bisect_right(self._times_us, at_us) - 1
        flowed_us = self._flowing_us[index]
        if index + 1 < len(self._times_us) and self._energies_wh[index + 1] > self._energies_wh[index]:
            flowed_us += at_us - self._times_us[index]
        return flowed_us

    def _flows(self) -> Iterable[int]:
        flowed_us = 0
        yield flowed_us
        for (before_us, after_us), (before_wh, after_wh) in zip(
            pairwise(self._times_us), pairwise(self._energies_wh), strict=True
        ):
            flowed_us += after_us - before_us if after_wh > before_wh else 0
            yield flowed_us

    def _moment(self, at_us: int) -> datetime:
        return self.start + timedelta(microseconds=at_us)


@lru_cache(maxsize=16_384)
def _kwh(energy_wh: int) -> Fraction:
    return Fraction(energy_wh, WH_PER_KWH)
