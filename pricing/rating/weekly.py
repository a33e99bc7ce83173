"""A week's table of prices as a tariff: the first window that contains a moment prices it, else the base price does."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pricing.rating.tariff import DAY_S, Dimension, Element, PriceComponent, Restrictions, Tariff

EVERY_DAY: Final = 0b1111111
DAY_MIN: Final = 1440
# Minor units per MWh in a currency's unit per kWh.
PER_KWH: Final = 100_000


@dataclass(frozen=True, slots=True)
class Window:
    """weekdays: bit 0 is Monday. Minutes after local midnight, the end excluded (at most 1440)."""

    weekdays: int
    start_min: int
    end_min: int
    price_per_mwh_minor: int


def weekly_tariff(currency: str, base_per_mwh_minor: int, windows: Iterable[Window]) -> Tariff:
    """One element a window, in their order, and the base price last."""
    elements = [Element((_energy(each.price_per_mwh_minor),), _restrictions(each)) for each in windows]
    return Tariff("", currency, (*elements, Element((_energy(base_per_mwh_minor),))))


def _energy(per_mwh_minor: int) -> PriceComponent:
    return PriceComponent(Dimension.ENERGY, Decimal(per_mwh_minor) / PER_KWH)


def _restrictions(window: Window) -> Restrictions:
    is_daily = window.weekdays & EVERY_DAY == EVERY_DAY
    days = frozenset() if is_daily else frozenset(day for day in range(7) if window.weekdays >> day & 1)
    end_s = DAY_S if window.end_min == DAY_MIN else window.end_min * 60
    return Restrictions(start_s=window.start_min * 60, end_s=end_s, weekdays=days)


def overlap_of(windows: Iterable[Window]) -> tuple[Window, Window] | None:
    """Two windows that name a price for the same minute, if there are any."""
    seen: list[Window] = []
    for window in windows:
        for other in seen:
            is_same_day = window.weekdays & other.weekdays
            if is_same_day and window.start_min < other.end_min and other.start_min < window.end_min:
                return other, window
        seen.append(window)
    return None
