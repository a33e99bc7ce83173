"""What energy costs: pure arithmetic over a tariff's local week. Knows no row and no clock.

Prices are integer minor units (cents) per MWh, energy integer Wh, times aware. Windows are wall-clock minutes of the
community's zone, so a window from 22:00 to 06:00 is two windows, and a night with a clock change is priced by what the
clocks on the wall show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

WH_PER_MWH = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """weekdays: bit 0 is Monday. Minutes after local midnight, the end excluded (at most 1440)."""

    weekdays: int
    start_min: int
    end_min: int
    price_per_mwh_minor: int


@dataclass(frozen=True, slots=True)
class Prices:
    """A tariff: the first window that contains a moment prices it, else the base price does."""

    zone: ZoneInfo
    base_per_mwh_minor: int
    windows: tuple[Window, ...] = ()

    def at(self, moment: datetime) -> int:
        """Price in force at an aware `moment`, in minor units per MWh."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        for window in self.windows:
            if window.weekdays >> local.weekday() & 1 and window.start_min <= minute < window.end_min:
                return window.price_per_mwh_minor
        return self.base_per_mwh_minor


class Priced(Protocol):
    """What has a price at each moment."""

    def at(self, moment: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class BilledPrices:
    """The prices that a bill was made of: of the part that holds a moment, else of the nearest one."""

    parts: tuple["Part", ...]

    def at(self, moment: datetime) -> int:
        begun = [part for part in self.parts if part.start <= moment]
        return (begun or self.parts)[-1 if begun else 0].price_per_mwh_minor


@dataclass(frozen=True, slots=True)
class Sample:
    """The meter at a moment: a register in Wh that never falls."""

    at: datetime
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Part:
    """Energy between two moments at one price."""

    start: datetime
    end: datetime
    energy_wh: int
    price_per_mwh_minor: int


def split(samples: Sequence[Sample], prices: Priced) -> list[Part]:
    """Split the energy between the first and the last sample over the tariff's windows.

    Between two samples energy is taken to flow evenly. The parts' energies add up to the last register less the
    first, to the Wh. Raises ValueError for fewer than two samples, or ones that go back in time or energy.
    """
    if len(samples) < 2:
        raise ValueError("Two samples or more make an energy")
    # Two times of one zone would be subtracted by the wall clock; in UTC an hour is an hour.
    metered = [Sample(sample.at.astimezone(UTC), sample.energy_wh) for sample in samples]
    parts: list[Part] = []
    for before, after in pairwise(metered):
        if after.at < before.at or after.energy_wh < before.energy_wh:
            raise ValueError("Samples go forward in time and energy")
        for part in _between(before, after, prices):
            _append(parts, part)
    return parts


def amount_minor(parts: Sequence[Part]) -> int:
    """The sum in minor units, rounded once, half up."""
    micro = sum(part.energy_wh * part.price_per_mwh_minor for part in parts)
    return (micro + WH_PER_MWH // 2) // WH_PER_MWH


def costs_throughout(part: Part, prices: Priced) -> bool:
    """Whether these prices are the part's own in each of its minutes."""
    edges = _edges(part.start.astimezone(UTC), part.end.astimezone(UTC))
    begun = edges[:-1] or edges
    return all(prices.at(edge) == part.price_per_mwh_minor for edge in begun)


def _between(before: Sample, after: Sample, prices: Priced) -> Iterator[Part]:
    total_s = (after.at - before.at).total_seconds()
    energy_wh = after.energy_wh - before.energy_wh
    if not total_s:
        if energy_wh:
            yield Part(before.at, after.at, energy_wh, prices.at(before.at))
        return
    given_wh = 0
    for start, end in pairwise(_edges(before.at, after.at)):
        # Rounded on the running total, so that the parts add up to the whole.
        until_wh = round(energy_wh * (end - before.at).total_seconds() / total_s)
        yield Part(start, end, until_wh - given_wh, prices.at(start))
        given_wh = until_wh


def _edges(start: datetime, end: datetime) -> list[datetime]:
    """`start`, every full minute within, and `end`: windows begin at full minutes, and clocks change at such."""
    edges = [start]
    minute = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < end:
        edges.append(minute)
        minute += timedelta(minutes=1)
    return [*edges, end]


def _append(parts: list[Part], part: Part) -> None:
    """Join what follows at the same price, so that a night is one part and not 480."""
    if parts and parts[-1].price_per_mwh_minor == part.price_per_mwh_minor and parts[-1].end == part.start:
        last = parts.pop()
        part = Part(last.start, part.end, last.energy_wh + part.energy_wh, part.price_per_mwh_minor)
    parts.append(part)
