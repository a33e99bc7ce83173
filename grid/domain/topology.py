"""The tree of a cluster: its circuits in order, the path from each to the root, and what must hold of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext

from evbalancer.common.db.prepared import One, prepared
from grid.models import Circuit, Cluster


@dataclass(frozen=True, slots=True)
class Tree:
    """Circuits by id, and for each the ids from itself up to the root."""

    circuits: Mapping[UUID, Circuit]
    paths: Mapping[UUID, tuple[UUID, ...]]

    @property
    def root(self) -> Circuit:
        return next(circuit for circuit in self.circuits.values() if circuit.parent_id is None)


def read_tree(cluster: Cluster) -> Tree:
    """The cluster's circuits that are in use. Raises ValidationError for a tree that can't be one."""
    return tree_of(_circuits_in_use(cluster_id=cluster.pk))


@prepared
def _circuits_in_use(cluster_id: One) -> QuerySet[Circuit]:
    return Circuit.objects.filter(cluster=cluster_id, retired_at=None).select_related("load_curve")


def tree_of(circuits: Iterable[Circuit]) -> Tree:
    by_id = {circuit.pk: circuit for circuit in circuits}
    return Tree(by_id, {pk: _path_up(by_id, pk) for pk in by_id})


def check_circuit(circuit: Circuit) -> None:
    """Raise ValidationError when `circuit`, as it is about to be saved, would not fit into its cluster's tree, or has a meter
    without the maximum that counts whenever it is silent.
    """
    if circuit.has_meter and not any(circuit.base_load_max_ma):
        raise ValidationError(
            {
                "base_load_max_l1_ma": gettext(
                    "Enter the maximum of the metered load: it counts while the meter is silent."
                )
            }
        )
    others = Circuit.objects.filter(cluster_id=circuit.cluster_id, retired_at=None).exclude(pk=circuit.pk)
    by_id = {other.pk: other for other in others}
    by_id[circuit.pk] = circuit
    if circuit.community_id != circuit.cluster.community_id:
        raise ValidationError(
            {"community": gettext("The circuit and its cluster belong to different communities.")}
        )
    if circuit.parent_id is None:
        if any(other.parent_id is None for other in others):
            raise ValidationError(
                {"parent": gettext("The cluster already has a root; every other circuit hangs below it.")}
            )
        return
    if circuit.parent_id not in by_id:
        raise ValidationError({"parent": gettext("The parent is not a circuit in use of the same cluster.")})
    _path_up(by_id, circuit.pk)


def find_oversized(tree: Tree) -> list[tuple[Circuit, Circuit]]:
    """Circuits that allow more than the one above them on a phase, with that one. Right now and then, and often a slip."""
    pairs = [
        (circuit, tree.circuits[circuit.parent_id]) for circuit in tree.circuits.values() if circuit.parent_id
    ]
    return [
        (circuit, above)
        for circuit, above in pairs
        if any(own > most for own, most in zip(circuit.limit_ma, above.limit_ma, strict=True))
    ]


def _path_up(by_id: Mapping[UUID, Circuit], pk: UUID) -> tuple[UUID, ...]:
    path: list[UUID] = []
    at: UUID | None = pk
    while at is not None:
        if at in path:
            raise ValidationError({"parent": gettext("%(by)s would hang on itself.") % {"by": by_id[pk]}})
        path.append(at)
        at = by_id[at].parent_id
        if at is not None and at not in by_id:
            raise ValidationError(
                {"parent": gettext("The parent of %(by)s is not in use.") % {"by": by_id[path[-1]]}}
            )
    return tuple(path)
