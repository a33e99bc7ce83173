"""Limits on what is taken from the grid: surplus of the building's own widens these, and no others (docs/adr/0040).

`room_ma` is that surplus and what of the building's rise is kept free for conductors alone.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from evbalancer.common.units import PhaseMilliamps
from grid.domain.limits import aimed_limits_ma
from grid.domain.topology import Tree
from grid.enums import LimitSource
from grid.models import TemporaryLimit

ON_IMPORT = frozenset({LimitSource.GRID_OPERATOR, LimitSource.DEMAND_RESPONSE})


def widened_ma(limit: TemporaryLimit, tree: Tree, room_ma: PhaseMilliamps) -> PhaseMilliamps:
    """The load that the circuit may carry under this limit while the building feeds in that much."""
    is_connection = tree.circuits[limit.circuit_id].parent_id is None
    return limit.limit_ma.plus(room_ma) if is_connection and limit.source in ON_IMPORT else limit.limit_ma


def near_limits_ma(
    tree: Tree, limits: Iterable[TemporaryLimit], room_ma: PhaseMilliamps
) -> Mapping[UUID, PhaseMilliamps]:
    """The limit that the balancer may use now: the lowest of the permanent and every open one, import widened by surplus."""
    near = dict(aimed_limits_ma(tree.circuits.values(), ()))
    for limit in limits:
        if limit.circuit_id in near:
            widened = widened_ma(limit, tree, room_ma)
            near[limit.circuit_id] = PhaseMilliamps(*map(min, near[limit.circuit_id], widened))
    return near
