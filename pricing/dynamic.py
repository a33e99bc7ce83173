"""What a kWh costs where the price follows the market: a pure formula, the same answer for the same inputs (docs/adr/0101).

For each quarter of an hour

    sum      = market + grid fee + levies + scarcity + carbon
    scarcity = most x (from - headroom) / from   while headroom < from, else 0
    carbon   = intensity x price of a tonne
    price    = sum + tax on it, within floor and ceiling

in whole minor units per MWh. headroom is the share of the connection that the forecast leaves free. A market price that is
not known is the fallback price; what else is not known adds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

GRAMS_PER_TONNE: Final = 1_000_000
KWH_PER_MWH: Final = 1_000
PART_NAMES: Final = ("market", "grid", "levies", "scarcity", "carbon", "tax", "limit")


@dataclass(frozen=True, slots=True)
class Terms:
    """A policy's numbers: minor units per MWh, except where the name says otherwise."""

    fallback: int
    grid: int
    levies: int
    tax_permille: int
    scarcity_most: int
    scarcity_from_pct: int
    carbon_per_tonne: int
    floor: int
    ceiling: int

    @property
    def stored(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Inputs:
    """One entry a quarter, None where nothing is known: minor units per MWh, g per kWh, per cent of the connection."""

    market: tuple[int | None, ...]
    carbon_g_per_kwh: tuple[int | None, ...]
    headroom_pct: tuple[int | None, ...]

    @property
    def stored(self) -> dict[str, list[int | None]]:
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Sequence[Any]]) -> Self:
        return cls(**{name: tuple(values) for name, values in stored.items()})


@dataclass(frozen=True, slots=True)
class Step:
    """A quarter's price and its parts, which add up to it. limit: what floor or ceiling added or took away."""

    market: int
    grid: int
    levies: int
    scarcity: int
    carbon: int
    tax: int
    limit: int
    is_fallback: bool

    @property
    def total(self) -> int:
        return self.market + self.grid + self.levies + self.scarcity + self.carbon + self.tax + self.limit


def price_steps(terms: Terms, inputs: Inputs) -> list[Step]:
    """The price of each quarter, in parts. The series of `inputs` are equally long."""
    series = zip(inputs.market, inputs.carbon_g_per_kwh, inputs.headroom_pct, strict=True)
    return [_step(terms, *quarter) for quarter in series]


def _step(terms: Terms, market: int | None, carbon: int | None, headroom_pct: int | None) -> Step:
    energy = terms.fallback if market is None else market
    scarcity = _scarcity(terms, headroom_pct)
    # g per kWh x minor units per tonne: a kWh's grams are a MWh's kilograms.
    emitted = _round((carbon or 0) * terms.carbon_per_tonne * KWH_PER_MWH, GRAMS_PER_TONNE)
    net = energy + terms.grid + terms.levies + scarcity + emitted
    tax = _round(net * terms.tax_permille, 1_000)
    bounded = min(max(net + tax, terms.floor), terms.ceiling)
    return Step(
        market=energy,
        grid=terms.grid,
        levies=terms.levies,
        scarcity=scarcity,
        carbon=emitted,
        tax=tax,
        limit=bounded - net - tax,
        is_fallback=market is None,
    )


def _scarcity(terms: Terms, headroom_pct: int | None) -> int:
    start_pct = terms.scarcity_from_pct
    if headroom_pct is None or headroom_pct >= start_pct:
        return 0
    return _round(terms.scarcity_most * (start_pct - max(0, headroom_pct)), start_pct)


def _round(numerator: int, denominator: int) -> int:
    """Half up."""
    return (2 * numerator + denominator) // (2 * denominator)
