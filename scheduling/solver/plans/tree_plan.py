"""The whole-horizon plan on a tree of totals: most energy, and fair to the last watt-hour."""

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.flow_kernels import (
    FillWork,
    FlowCars,
    FlowItems,
    FlowSpots,
    FlowTree,
    PathWork,
    build_spans,
    fair_sweep,
    finish,
    flow_bound,
)
from scheduling.solver.plans.horizon import Horizon
from scheduling.solver.plans.limits import Tree
from scheduling.solver.plans.site import NO_LIMIT

CUT_SHARES = (0.0, 1e-6, 1e-3)


class TreePlan:
    """Energies per (block, car) item in W x periods, improved in place by `sweep` and `finish`.

    need: what each car still wants; width: its need scaled by fairness weight and priority (a wide car yields more).
    """

    def __init__(self, tree: Tree, horizon: Horizon, need: Floats, width: Floats) -> None:
        self.horizon = horizon
        self.n_nodes, self.need = tree.parent.size, need
        n_cars, n_items, spots = need.size, horizon.item_car.size, horizon.n_blocks * self.n_nodes
        self.width, self.deficit = kernel_array(width), kernel_array(need)
        self.power = kernel_array(np.zeros(n_items))
        self._tree = FlowTree(*(kernel_array(each) for each in (tree.parent, tree.node_end, tree.node_of)))
        self._items = FlowItems(
            car=kernel_array(horizon.item_car),
            period=kernel_array(horizon.block_of),
            top=kernel_array(horizon.top),
            power=self.power,
        )
        self._cars = FlowCars(
            begin=kernel_array(horizon.begin),
            end=kernel_array(horizon.end),
            offset=kernel_array(horizon.offset),
            item=kernel_array(horizon.car_item),
            width=self.width,
            deficit=self.deficit,
        )
        self._spots = self._spread(_block_caps(tree.cap, horizon).T.reshape(-1))
        self.cap = self._spots.cap
        self._fill = FillWork(
            kernel_array(np.zeros(spots)), *(kernel_array(np.zeros(n_items)) for _ in range(3))
        )
        self._paths = PathWork(
            kernel_array(np.zeros(spots)),
            kernel_array(np.zeros(spots, dtype=np.int64)),
            *(kernel_array(np.zeros(n_cars, dtype=np.int64)) for _ in range(5)),
        )

    def _spread(self, cap: Floats) -> FlowSpots:
        """The spots with their items. A circuit that could carry all cars below it at their most needs no level."""
        first, last = (kernel_array(np.zeros(cap.size, dtype=np.int64)) for _ in range(2))
        spots = FlowSpots(kernel_array(self.horizon.start), first, last, kernel_array(cap))
        count = kernel_array(np.zeros(self.n_nodes + 1, dtype=np.int64))
        build_spans(self.n_nodes, self._tree, spots, self._items.car, count)
        most = np.concatenate([[0.0], np.cumsum(self.horizon.top)])
        below = most[np.asarray(last, dtype=np.int64)] - most[np.asarray(first, dtype=np.int64)]
        return spots._replace(cap=kernel_array(np.where(below <= cap, NO_LIMIT, cap)))

    def sweep(self, *, backward: bool = True) -> float:
        """One round of fair fills; backward ones leave to later what can wait. Returns the largest change."""
        return fair_sweep(self.n_nodes, backward, self._spots, self._items, self._cars, self._fill)

    def finish(self, rounds: int = 1000) -> float:
        """Augment until the total is the maximum flow (within a millionth of a watt-hour a car); returns the gain."""
        grain = 1e-9 * float(self.need.max(initial=1.0)) + 1e-9
        return finish(
            self.n_nodes, grain, rounds, self._tree, self._spots, self._items, self._cars, self._paths
        )

    def bound(self) -> float:
        """The most any plan can deliver, by the cut that the last `finish` left."""
        return self._cut(np.asarray(self._paths.seen_car))

    def quick_bound(self) -> float:
        """An upper bound without searching: the best of the cuts around the cars that are short by some share."""
        short = np.asarray(self.deficit) / np.maximum(np.asarray(self.width), 1e-12)
        return min(self._cut((short > share).astype(np.int64)) for share in CUT_SHARES)

    def _cut(self, seen: Ints) -> float:
        load = kernel_array(np.zeros(self.n_nodes))
        inside = flow_bound(self._tree, self._spots, self._items, kernel_array(seen), load)
        return float(self.need[seen == 0].sum()) + inside


def _block_caps(cap: Floats, horizon: Horizon) -> Floats:
    caps = cap[:, horizon.cut[:-1]]
    scaled: Floats = np.where(caps < NO_LIMIT, caps * horizon.span, NO_LIMIT)
    return scaled
