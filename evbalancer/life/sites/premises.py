from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from chargers.models import ChargePoint, Connector
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.plant.wiring import Amps3
from drivers.models import Driver, User
from evbalancer.life.sites.neighbour import Neighbour
from grid.models import Circuit, Cluster


class Use(StrEnum):
    """Who comes there, and when."""

    HOME = "home"
    WORK = "work"
    STREET = "street"
    WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class Member:
    """A driver of the community. `space` is the identity of the charge point of one's own; empty: any that is free."""

    driver: Driver
    card: str
    user: User | None = None
    space: str = ""


@dataclass(frozen=True, slots=True)
class Premises:
    """A cluster as it is wired, and as the product knows it. Circuits go by their names."""

    cluster: Cluster
    use: Use
    circuits: Mapping[str, UUID]
    # What each circuit carries at most, per phase, and what it hangs on.
    limits_ma: Mapping[str, Amps3]
    parents: Mapping[str, str | None]
    specs: tuple[ChargePointSpec, ...]
    members: tuple[Member, ...]
    manager: User
    neighbour: Neighbour
    # By identity, the habits that a charge point has for good: names of `chargers.simulator.faults.KINDS`.
    habits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # By circuit, the key with which its building's meter speaks.
    meter_keys: Mapping[str, str] = field(default_factory=dict)
    # So many cars have their minimums wherever they stand, as long as nothing is cut.
    few: int = 4

    def is_tight(self, circuit: str) -> bool:
        """Whether the charge points that hang right on it could take more than it carries."""
        most_ma = sum(spec.nameplate_ma for spec in self.specs if spec.circuit == circuit)
        return most_ma > min(self.limits_ma[circuit])

    def path_of(self, circuit: str | None) -> list[str]:
        """The circuit and all that it hangs on, upwards; nothing of none."""
        path: list[str] = []
        above = circuit or None
        while above is not None:
            path.append(above)
            above = self.parents[above]
        return path


@dataclass(frozen=True, slots=True)
class Grid:
    """The tree of a cluster by the names of its circuits."""

    circuits: dict[str, UUID]
    limits_ma: dict[str, Amps3]
    parents: dict[str, str | None]


def grid_of(cluster: Cluster) -> Grid:
    """The wiring, from the rows that describe it: at the beginning they are true."""
    rows = list(Circuit.objects.filter(cluster=cluster))
    names = {row.pk: row.name for row in rows}
    return Grid(
        circuits={row.name: row.pk for row in rows},
        limits_ma={row.name: (row.limit_l1_ma, row.limit_l2_ma, row.limit_l3_ma) for row in rows},
        parents={row.name: names[row.parent_id] if row.parent_id else None for row in rows},
    )


def tear_down(identity: str) -> None:
    """The charge point was never there."""
    Connector.objects.filter(charge_point__identity=identity).delete()
    ChargePoint.objects.filter(identity=identity).delete()
