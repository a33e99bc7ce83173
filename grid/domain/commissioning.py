"""Whether a tree would hold if every charger fell back at once: its connectors claim their fallbacks, and these must fit.

Apps above register what they would draw on their own; a change of the tree or of a fallback is refused when it does not fit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import DomainError
from evbalancer.common.units import PHASES, PhaseMilliamps
from evbalancer.common.words.amounts import amps
from grid.domain.readings import highest_load_ma
from grid.domain.topology import Tree, read_tree, tree_of
from grid.models import Circuit, Cluster, LoadCurve


@dataclass(frozen=True, slots=True)
class Claim:
    """The draw of one connector on its circuit when nobody can reach it."""

    circuit_id: UUID
    load_ma: PhaseMilliamps


@dataclass(frozen=True, slots=True)
class Need:
    """The need of the fallbacks below a circuit on a phase, and the room that building and margin leave for them."""

    circuit: Circuit
    phase: int
    fallbacks_ma: int
    room_ma: int

    @property
    def missing_ma(self) -> int:
        """Without fallbacks nothing is missing: there it is for the building alone to fit."""
        return max(0, self.fallbacks_ma - self.room_ma) if self.fallbacks_ma else 0


@dataclass(frozen=True, slots=True)
class Shortfall:
    circuit: Circuit
    phase: int
    missing_ma: int

    def __str__(self) -> str:
        said = gettext(
            "%(circuit)s, L%(phase)s: the fallbacks below it, the building's maximum and the margin need %(missing)s more than the limit."
        )
        return said % {
            "circuit": self.circuit,
            "phase": self.phase + 1,
            "missing": amps(self.missing_ma),
        }


class MisfitError(ValidationError):
    """With the row to be saved the fallbacks would need more than a circuit's permanent limit."""

    def __init__(self, short: Iterable[Shortfall]) -> None:
        self.short = list(short)
        super().__init__([ValidationError(str(each), code="fallbacks") for each in self.short])


class FallbacksDoNotFit(DomainError):  # noqa: N818 (named for what happened)
    """The same for programs, with the missing amperes of each circuit and phase."""

    code: ClassVar[str] = "fallbacks_do_not_fit"
    title: ClassVar[str] = "The fallbacks would not fit"
    status: ClassVar[int] = 400

    def __init__(self, misfit: MisfitError) -> None:
        missing = [
            {"circuit_id": str(each.circuit.pk), "phase": each.phase + 1, "missing_ma": each.missing_ma}
            for each in misfit.short
        ]
        super().__init__(" ".join(misfit.messages), missing=missing)


Claimant = Callable[[Cluster], Iterable[Claim]]
_claimants: list[Claimant] = []


def register_claimant(claimant: Claimant) -> Claimant:
    """Register who knows of loads that no server controls; used in an app's `receivers` module."""
    if claimant not in _claimants:
        _claimants.append(claimant)
    return claimant


def sum_needs(tree: Tree, claimed: Iterable[Claim], *, margin_ma: int) -> list[Need]:
    """Of every circuit and phase, by the permanent limits and the buildings' maxima."""
    fallen: dict[UUID, PhaseMilliamps] = dict.fromkeys(tree.circuits, PhaseMilliamps(0, 0, 0))
    building = dict(fallen)
    for claim in claimed:
        for pk in tree.paths.get(claim.circuit_id, ()):
            fallen[pk] = fallen[pk].plus(claim.load_ma)
    for pk, circuit in tree.circuits.items():
        for above in tree.paths[pk]:
            building[above] = building[above].plus(highest_load_ma(circuit))
    return [
        Need(circuit, phase, fallen[pk][phase], circuit.limit_ma[phase] - building[pk][phase] - margin_ma)
        for pk, circuit in tree.circuits.items()
        for phase in PHASES
    ]


def find_shortfalls(tree: Tree, claimed: Iterable[Claim], *, margin_ma: int) -> list[Shortfall]:
    """Circuits and phases on which fallbacks, building and margin need more than the permanent limit."""
    return [
        Shortfall(need.circuit, need.phase, need.missing_ma)
        for need in sum_needs(tree, claimed, margin_ma=margin_ma)
        if need.missing_ma
    ]


def claims_of(cluster: Cluster) -> list[Claim]:
    """The claims of everything in the cluster when nobody can reach it."""
    return [claim for claimant in _claimants for claim in claimant(cluster)]


def shortfalls_of(cluster: Cluster) -> list[Shortfall]:
    """As the cluster is stored now."""
    return find_shortfalls(read_tree(cluster), claims_of(cluster), margin_ma=cluster.margin_ma)


def check_circuits(cluster: Cluster, *, changed: Circuit) -> None:
    """Raise MisfitError when the fallbacks would not fit the tree with `changed` as it is about to be saved."""
    if changed.retired_at is not None:
        return
    lock_cluster(cluster.pk)
    others = Circuit.objects.filter(cluster=cluster, retired_at=None).exclude(pk=changed.pk)
    others = others.select_related("load_curve")
    check_fit(tree_of([*others, changed]), claims_of(cluster), cluster=cluster, before=shortfalls_of(cluster))


def check_curve(curve: LoadCurve) -> None:
    """Raise MisfitError when they would not fit beside the building as `curve`, which is about to be saved, expects it."""
    cluster = curve.circuit.cluster
    lock_cluster(cluster.pk)
    shape = read_tree(cluster)
    if curve.circuit_id in shape.circuits:
        shape.circuits[curve.circuit_id].load_curve = curve
        check_fit(shape, claims_of(cluster), cluster=cluster, before=shortfalls_of(cluster))


def check_margin(cluster: Cluster) -> None:
    """Raise MisfitError when they would not fit beside the margin with which `cluster` is about to be saved."""
    lock_cluster(cluster.pk)
    stored = Cluster.objects.get(pk=cluster.pk)
    check_fit(read_tree(stored), claims_of(stored), cluster=cluster, before=shortfalls_of(stored))


def check_fit(
    shape: Tree, claimed: Iterable[Claim], *, cluster: Cluster, before: Iterable[Shortfall] = ()
) -> None:
    """Raise MisfitError for each circuit and phase that lacks more amperes than it did before the change."""
    was = {(each.circuit.pk, each.phase): each.missing_ma for each in before}
    short = [
        each
        for each in find_shortfalls(shape, claimed, margin_ma=cluster.margin_ma)
        if each.missing_ma > was.get((each.circuit.pk, each.phase), 0)
    ]
    if short:
        raise MisfitError(short)
