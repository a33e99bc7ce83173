"""What a source says, as readings, and the quarters of an hour that they become. Knows no row and no clock.

A reading holds from its begin to its end: a quarter, half or full hour. Values of quarters are whole numbers: minor units per
MWh for prices, as tariffs have them, and g per kWh for carbon. Everything is taken, or nothing is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from itertools import pairwise
from typing import Final, Protocol

QUARTER_S: Final = 900
QUARTER: Final = timedelta(seconds=QUARTER_S)
LENGTHS: Final = (QUARTER, 2 * QUARTER, 4 * QUARTER)
# Two months of quarters, and the night whose clocks go back.
MOST_QUARTERS: Final = 62 * 96 + 4
# A day-ahead market bounds its price at some euros per kWh; what lies beyond is another unit or a slip.
LEAST_PER_KWH, MOST_PER_KWH = Decimal(-1), Decimal(5)
# Roughly what a euro is, where it is many: only to tell slips from prices.
PER_EURO: Final = {
    "CZK": 25, "DKK": 8, "HUF": 400, "INR": 100, "ISK": 150, "JPY": 170, "NOK": 12, "PLN": 5, "RON": 5, "SEK": 12,
}  # fmt: skip
MOST_G_PER_KWH: Final = Decimal(2_000)


class SignalRefused(Exception):  # noqa: N818 (named for what happened)
    """A sentence for whoever sent it, with the row at fault. Nothing was taken."""


class Unit(Enum):
    """A source's unit, and the whole numbers that make one of it here."""

    PER_MWH = "per_mwh"
    PER_KWH = "per_kwh"
    G_PER_KWH = "g_per_kwh"

    @property
    def scale(self) -> int:
        return {Unit.PER_MWH: 100, Unit.PER_KWH: 100_000, Unit.G_PER_KWH: 1}[self]

    @property
    def is_price(self) -> bool:
        return self is not Unit.G_PER_KWH


@dataclass(frozen=True, slots=True)
class Reading:
    """A value from `begin` to `end`. where: the row or entry that says so, for the refusal."""

    begin: datetime
    end: datetime
    value: Decimal
    where: str


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that one file, push or answer says. currency: empty where the source names none."""

    readings: tuple[Reading, ...]
    unit: Unit
    currency: str = ""
    published_at: datetime | None = None


class Source(Protocol):
    """Where a signal comes from: a file, a push, or a provider that is asked."""

    def read(self) -> Told:
        """Raises SignalRefused for what can't be read, SourceError of a provider that doesn't answer."""
        ...


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each quarter of an hour from `begins_at` on, without a gap."""

    begins_at: datetime
    values: tuple[int, ...]

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + len(self.values) * QUARTER


def series_of(told: Told, *, currency: str = "") -> Series:
    """The quarters that the readings cover. `currency` judges which price is absurd.

    Raises SignalRefused for a reading that begins off the quarter, lasts otherwise than 15, 30 or 60 minutes, is there twice, or
    is absurd, and for a gap.
    """
    if not told.readings:
        raise SignalRefused("There is no value in it.")
    least, most = _bounds(told.unit, currency)
    ordered = sorted(told.readings, key=lambda reading: reading.begin)
    values: list[int] = []
    before: Reading | None = None
    for reading in ordered:
        _check_time(reading, before)
        if not reading.value.is_finite() or not least <= reading.value <= most:
            raise SignalRefused(
                f"{reading.where}: {_shown(reading.value)} is absurd; from {least} to {most} {_UNIT_WORDS[told.unit]} is taken."
            )
        scaled = (reading.value * told.unit.scale).to_integral_value(ROUND_HALF_EVEN)
        values += [int(scaled)] * ((reading.end - reading.begin) // QUARTER)
        before = reading
        if len(values) > MOST_QUARTERS:
            raise SignalRefused(f"At most {MOST_QUARTERS // 96} days at once.")
    return Series(ordered[0].begin.astimezone(UTC), tuple(values))


_UNIT_WORDS = {Unit.PER_MWH: "per MWh", Unit.PER_KWH: "per kWh", Unit.G_PER_KWH: "g per kWh"}


def _bounds(unit: Unit, currency: str) -> tuple[Decimal, Decimal]:
    if not unit.is_price:
        return Decimal(0), MOST_G_PER_KWH
    factor = PER_EURO.get(currency, 1) * (1_000 if unit is Unit.PER_MWH else 1)
    return LEAST_PER_KWH * factor, MOST_PER_KWH * factor


def _check_time(reading: Reading, before: Reading | None) -> None:
    if int(reading.begin.timestamp()) % QUARTER_S or reading.begin.microsecond:
        raise SignalRefused(
            f"{reading.where}: {said(reading.begin)} is not the begin of a quarter of an hour."
        )
    if reading.end - reading.begin not in LENGTHS:
        raise SignalRefused(f"{reading.where}: a value holds for 15, 30 or 60 minutes.")
    if before is None or reading.begin == before.end:
        return
    if reading.begin < before.end:
        raise SignalRefused(
            f"{reading.where}: {said(reading.begin)} is there twice, also in {_lower(before.where)}."
        )
    raise SignalRefused(
        f"{reading.where}: there is a gap before it; nothing is said from {said(before.end)} to {said(reading.begin)}."
    )


def readings_of(begins: Iterable[tuple[datetime, Decimal, str]]) -> tuple[Reading, ...]:
    """Readings whose ends a source leaves out: each lasts as long as the closest two are apart, at most an hour.

    So a row that is missing shows as a gap. Raises SignalRefused for one value alone, whose length nobody knows.
    """
    rows = sorted(begins, key=lambda row: row[0])
    apart = [after[0] - before[0] for before, after in pairwise(rows) if after[0] > before[0]]
    if not apart:
        raise SignalRefused("How long its value holds can't be seen from one moment: there is no second one.")
    length = min(*apart, LENGTHS[-1])
    return tuple(Reading(begin, begin + length, value, where) for begin, value, where in rows)


def said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _shown(value: Decimal) -> str:
    text = f"{value:f}" if value.is_finite() and abs(value.adjusted()) < 20 else str(value)
    return text if len(text) <= 20 else f"{text[:19]}…"


def _lower(where: str) -> str:
    return where[:1].lower() + where[1:]
