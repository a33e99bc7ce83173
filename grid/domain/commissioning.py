"""Whether a tree would hold if every charger fell back at once: what hangs on it claims its fallbacks, and they must fit.

Apps above register what they would draw on their own; a change of the tree or of a fallback is refused when it does not fit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError

from evbalancer.common.units import PhaseMilliamps
from grid.domain.topology import Tree, tree_of
from grid.models import Circuit, Cluster


@dataclass(frozen=True, slots=True)
class Claim:
    """What one connector draws on its circuit when nobody can reach it."""

    circuit_id: UUID
    load_ma: PhaseMilliamps


@dataclass(frozen=True, slots=True)
class Shortfall:
    circuit: Circuit
    phase: int
    missing_ma: int

    def __str__(self) -> str:
        return (
            f"{self.circuit}, L{self.phase + 1}: the fallbacks below it, the building's maximum and the margin "
            f"need {self.missing_ma / 1000:g} A more than the limit."
        )


Claimant = Callable[[Cluster], Iterable[Claim]]
_claimants: list[Claimant] = []


def claims(claimant: Claimant) -> Claimant:
    """Register who knows of loads that no server controls; used in an app's `receivers` module."""
    if claimant not in _claimants:
        _claimants.append(claimant)
    return claimant


def shortfalls(tree: Tree, claimed: Iterable[Claim], *, margin_ma: int) -> list[Shortfall]:
    """Circuits and phases on which fallbacks, building and margin need more than the permanent limit.

    A circuit without fallbacks below it has none: there it is for the building alone to fit.
    """
    fallen: dict[UUID, PhaseMilliamps] = dict.fromkeys(tree.circuits, PhaseMilliamps(0, 0, 0))
    building = dict(fallen)
    for claim in claimed:
        for pk in tree.paths.get(claim.circuit_id, ()):
            fallen[pk] = fallen[pk].plus(claim.load_ma)
    for pk, circuit in tree.circuits.items():
        for above in tree.paths[pk]:
            building[above] = building[above].plus(circuit.base_load_max_ma)
    return [
        Shortfall(circuit, phase, missing_ma)
        for pk, circuit in tree.circuits.items()
        for phase in range(3)
        if fallen[pk][phase] > 0
        and (missing_ma := fallen[pk][phase] + building[pk][phase] + margin_ma - circuit.limit_ma[phase]) > 0
    ]


def check_circuits(cluster: Cluster, *, changed: Circuit) -> None:
    """Raise ValidationError when the fallbacks would not fit the tree with `changed` as it is about to be saved."""
    if changed.retired_at is not None:
        return
    others = Circuit.objects.filter(cluster=cluster, retired_at=None).exclude(pk=changed.pk)
    check(
        tree_of([*others, changed]),
        [c for claimant in _claimants for c in claimant(cluster)],
        cluster=cluster,
    )


def check(tree: Tree, claimed: Iterable[Claim], *, cluster: Cluster) -> None:
    """Raise ValidationError with a sentence for each circuit and phase that lacks amperes."""
    short = shortfalls(tree, claimed, margin_ma=cluster.margin_ma)
    if short:
        raise ValidationError([ValidationError(str(each), code="fallbacks") for each in short])
