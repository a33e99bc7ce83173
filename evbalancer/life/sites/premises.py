from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.plant.wiring import Amps3
from drivers.models import User
from grid.models import Cluster


@dataclass(frozen=True, slots=True)
class Premises:
    """A cluster as it is wired, and as the product knows it. Circuits go by their names."""

    cluster: Cluster
    circuits: Mapping[str, UUID]
    # What each circuit carries at most, per phase, and what it hangs on.
    limits_ma: Mapping[str, Amps3]
    parents: Mapping[str, str | None]
    specs: tuple[ChargePointSpec, ...]
    # By a charge point's identity, the card of the resident whose space it is.
    cards: Mapping[str, str]
    manager: User
