"""Energy by given prices: surcharges, and bills that name no version because their tariff was edited later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from pricing.rating.register import Register

WH_PER_MWH: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class BilledPart:
    """Energy between two moments at one price."""

    start: datetime
    end: datetime
    energy_wh: int
    price_per_mwh_minor: int


def split_as_billed(register: Register, billed: Sequence[BilledPart]) -> list[BilledPart]:
    """The energy of a register by the prices of a bill: each holds until the next part began, the last to the end."""
    if not billed:
        return []
    later = [part.start for part in billed[1:]]
    edges = [register.start, *(min(max(at, register.start), register.end) for at in later), register.end]
    energies_wh = [0, *map(register.used_wh, edges[1:-1]), register.used_wh(register.end)]
    return [
        BilledPart(start, end, after - before, part.price_per_mwh_minor)
        for part, (start, end), (before, after) in zip(
            billed, pairwise(edges), pairwise(energies_wh), strict=True
        )
    ]


def amount_minor(parts: Sequence[BilledPart]) -> int:
    """The sum in minor units, rounded once, half up."""
    micro = sum(part.energy_wh * part.price_per_mwh_minor for part in parts)
    return (micro + WH_PER_MWH // 2) // WH_PER_MWH
