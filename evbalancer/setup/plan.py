"""A site as somebody describes it, in a file or step by step in the assistant: nothing of it is stored yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_lazy

from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.enums import CircuitKind, MeterView
from pricing.domain.templates import Template

VOLTAGE_V: Final = 230
MARGIN_MA: Final = 1_000
NAMEPLATE_MA: Final = 32_000
LEAST_MA: Final = 6_000
# What the words for a meter mean: whether there is one, and what it sees.
METERS: Final[Mapping[str, MeterView | None]] = {
    "none": None,
    "building": MeterView.BUILDING,
    "everything": MeterView.EVERYTHING,
}
METER_NAMES: Final = {
    "none": gettext_lazy("No meter: the highest load below counts at all times"),
    "building": gettext_lazy("A meter that sees the building alone"),
    "everything": gettext_lazy("A meter at the grid connection that sees the building and the cars"),
}
# A fallback for all connectors: each gets its own least current.
LEAST: Final = "least"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: a table of a file with the lines of its keys, or a row of a list."""

    words: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        """Of the key, or of the table that lacks it; 0 where there are no lines."""
        return self.lines.get(key) or self.lines.get("", 0)

    def of(self, key: str) -> str:
        line = self.line_of(key)
        where = ", ".join(part for part in (self.words, key) if part)
        return f"line {line}, {where}" if line else where


@dataclass(frozen=True, slots=True)
class CommunityPlan:
    name: str
    time_zone: str = "Europe/Berlin"
    currency: str = "EUR"
    language: str = ""
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class BuildingPlan:
    """The load behind a circuit that is not ours. `highest_ma` counts without a meter, and while one is silent.

    `meter` is None where nothing is said of it: a circuit that is there keeps the one that it has.
    """

    meter: str | None = "none"
    highest_ma: PhaseMilliamps = ZERO_MA


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """The grid connection: a cluster and the root of its tree."""

    name: str
    limit_ma: PhaseMilliamps
    voltage_v: int = VOLTAGE_V
    margin_ma: int = MARGIN_MA
    building: BuildingPlan = BuildingPlan()
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class CircuitPlan:
    name: str
    limit_ma: PhaseMilliamps
    # The name of the circuit above; the grid connection if empty.
    below: str = ""
    kind: str = CircuitKind.PANEL
    building: BuildingPlan = BuildingPlan()
    # Somebody has said that it may well allow more than the circuit above it.
    exceeds_above: bool = False
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class ChargerPlan:
    """One connector of a charge point."""

    identity: str
    name: str = ""
    connector: int = 1
    # The name of its circuit; the grid connection if empty.
    circuit: str = ""
    phase_rotation: str = ""
    max_current_ma: int = NAMEPLATE_MA
    min_current_ma: int = LEAST_MA
    # As it is, and 0 A at first, if None.
    fallback_ma: int | None = None
    # Who may charge there, a rule a line; as it is if None.
    access: str | None = None
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class FallbackPlan:
    """For all connectors that have none of their own in the plan: milliamperes, or LEAST."""

    all: int | str
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class TariffPlan:
    name: str
    template: Template
    # Per kWh in the community's currency, as it was written.
    price: object = None
    night_price: object = None
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class PersonPlan:
    name: str
    email: str = ""
    flat: str = ""
    space: str = ""
    card: str = ""
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class ManagerPlan:
    user_name: str
    name: str = ""
    email: str = ""
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class SitePlan:
    community: CommunityPlan
    connection: ConnectionPlan | None = None
    circuits: tuple[CircuitPlan, ...] = ()
    chargers: tuple[ChargerPlan, ...] = ()
    fallbacks: FallbackPlan | None = None
    tariff: TariffPlan | None = None
    people: tuple[PersonPlan, ...] = ()
    managers: tuple[ManagerPlan, ...] = ()


def limits_of(*, phases: int, amperes_ma: int) -> PhaseMilliamps:
    """Of a connection with one phase, which is L1, or with three."""
    return PhaseMilliamps.on((0,) if phases == 1 else (0, 1, 2), amperes_ma)


def kva_to_ma(power_kva: float, *, phases: int, voltage_v: int) -> int:
    """Per phase, rounded down."""
    return int(power_kva * 1_000_000) // (phases * voltage_v)
