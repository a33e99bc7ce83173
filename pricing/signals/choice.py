"""The source of each kind of provider, and the areas that each knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pricing.enums import SignalKind
from pricing.signals import providers
from pricing.signals.entsoe import URL as ENTSOE
from pricing.signals.entsoe import EntsoeSource
from pricing.signals.series import Source
from pricing.signals.zones import ZONES


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider is asked, with which token, and where if not at its usual address."""

    area: str
    token: str
    url: str
    begin: datetime
    end: datetime


def _entsoe(asked: Question) -> Source:
    return EntsoeSource(asked.area, asked.token, asked.begin, asked.end, asked.url or ENTSOE)


def _awattar(asked: Question) -> Source:
    return providers.AwattarSource(asked.url or providers.AWATTAR[asked.area], asked.begin, asked.end)


def _tibber(asked: Question) -> Source:
    return providers.TibberSource(asked.token, asked.area, asked.url or providers.TIBBER)


def _octopus(asked: Question) -> Source:
    return providers.OctopusSource(asked.area, asked.begin, asked.end, asked.url or providers.OCTOPUS)


SOURCES: Final[dict[str, Callable[[Question], Source]]] = {
    SignalKind.ENTSOE: _entsoe,
    SignalKind.AWATTAR: _awattar,
    SignalKind.TIBBER: _tibber,
    SignalKind.OCTOPUS: _octopus,
}
NEEDS_TOKEN: Final = frozenset({SignalKind.ENTSOE, SignalKind.TIBBER})


def find_fault(kind: str, area: str) -> str | None:
    """Why a provider of this kind can't be asked for that area; None where it can."""
    if kind == SignalKind.ENTSOE and area not in ZONES:
        return f"{area or 'Nothing'} is not a known bidding zone. Known are {', '.join(ZONES)}."
    if kind == SignalKind.AWATTAR and area not in providers.AWATTAR:
        return f"aWATTar knows the areas {' and '.join(providers.AWATTAR)}."
    if kind == SignalKind.OCTOPUS:
        product, _, tariff = area.partition("/")
        if not product or not tariff or "/" in tariff:
            return "Product and tariff, for example AGILE-24-10-01/E-1R-AGILE-24-10-01-C."
    return None
