"""The whole-horizon plan on a tree of totals: most energy, and fair to the last watt-hour."""

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.compiled import kernel_array
from scheduling.solver.flow_kernels import build_spans, fair_sweep, finish, flow_bound
from scheduling.solver.horizon import Horizon
from scheduling.solver.limits import Tree
from scheduling.solver.site import NO_LIMIT

CUT_SHARES = (0.0, 1e-6, 1e-3)


class TreePlan:
    """Energies per (block, car) item in W x periods, improved in place by `sweep` and `finish`.

    need: what each car still wants; width: its need scaled by fairness weight and priority (a wide car yields more).
    """

    def __init__(self, tree: Tree, horizon: Horizon, need: Floats, width: Floats) -> None:
        self.horizon = horizon
        n_nodes, n_cars, n_items = tree.parent.size, need.size, horizon.item_car.size
        spots = horizon.n_blocks * n_nodes
        self.n_nodes = n_nodes
        self.need = need
        self._parent = kernel_array(tree.parent)
        self._node_end = kernel_array(tree.node_end)
        self._node_of = kernel_array(tree.node_of)
        self.cap = kernel_array(_block_caps(tree.cap, horizon).T.reshape(-1))
        self._begin, self._end = kernel_array(horizon.begin), kernel_array(horizon.end)
        self._start, self._offset = kernel_array(horizon.start), kernel_array(horizon.offset)
        self._item_car, self._car_item = kernel_array(horizon.item_car), kernel_array(horizon.car_item)
        self._block_of = kernel_array(horizon.block_of)
        self.top = kernel_array(horizon.top)
        self.width = kernel_array(width)
        self.deficit = kernel_array(need)
        self.power = kernel_array(np.zeros(n_items))
        self._first = kernel_array(np.zeros(spots, dtype=np.int64))
        self._last = kernel_array(np.zeros(spots, dtype=np.int64))
        build_spans(
            horizon.n_blocks,
            n_nodes,
            self._start,
            self._item_car,
            self._node_of,
            self._node_end,
            self._first,
            self._last,
        )
        self._forget_slack(spots)
        self._level = kernel_array(np.zeros(spots))
        self._scratch = [kernel_array(np.zeros(n_items)) for _ in range(3)]
        self._load = kernel_array(np.zeros(spots))
        self._marks = [kernel_array(np.zeros(n_cars, dtype=np.int64)) for _ in range(5)]
        self._seen_spot = kernel_array(np.zeros(spots, dtype=np.int64))

    def _forget_slack(self, spots: int) -> None:
        """A circuit that could carry all cars below it at their most needs no level."""
        most = np.concatenate([[0.0], np.cumsum(self.horizon.top)])
        below = most[np.asarray(self._last, dtype=np.int64)] - most[np.asarray(self._first, dtype=np.int64)]
        cap = np.asarray(self.cap)
        self.cap = kernel_array(np.where(below <= cap, NO_LIMIT, cap).reshape(spots))

    def sweep(self, *, backward: bool = True) -> float:
        """One round of fair fills; backward ones leave to later what can wait. Returns the largest change."""
        return fair_sweep(
            self.n_nodes, 0, self.horizon.n_blocks, backward, self._start, self._first, self._last, self.cap,
            self._item_car, self.top, self.width, self.deficit, self.power, self._level, *self._scratch,
        )  # fmt: skip

    def finish(self, rounds: int = 1000) -> float:
        """Augment until the total is the maximum flow (within a millionth of a watt-hour a car); returns the gain."""
        came_from, gained, lost, seen, queue = self._marks
        grain = 1e-9 * float(self.need.max(initial=1.0)) + 1e-9
        return finish(
            self.n_nodes, 0, self.horizon.n_blocks, self._begin, self._end, self._offset, self._car_item,
            self._item_car, self._block_of, self._first, self._last, self._parent, self._node_end, self._node_of,
            self.cap, self.top, self.power, self.deficit, self._load, came_from, gained, lost, seen, self._seen_spot,
            queue, grain, rounds,
        )  # fmt: skip

    def finish_one(self, car: int) -> None:
        """Give one car all it can still get without taking from what the others end with."""
        kept = list(self.deficit)
        for other in range(len(kept)):
            if other != car:
                self.deficit[other] = 0.0
        self.finish()
        for other, deficit in enumerate(kept):
            if other != car:
                self.deficit[other] = deficit

    def bound(self) -> float:
        """The most any plan can deliver, by the cut that the last `finish` left."""
        return self._cut(np.asarray(self._marks[3]))

    def quick_bound(self) -> float:
        """An upper bound without searching: the best of the cuts around the cars that are short by some share."""
        short = np.asarray(self.deficit) / np.maximum(np.asarray(self.width), 1e-12)
        return min(self._cut((short > share).astype(np.int64)) for share in CUT_SHARES)

    def _cut(self, seen: Ints) -> float:
        inside = flow_bound(
            self.n_nodes, 0, self.horizon.n_blocks, self._start, self._item_car, self._node_of, self._parent,
            self.cap, self.top, kernel_array(seen), kernel_array(np.zeros(self.n_nodes)),
        )  # fmt: skip
        return float(self.need[seen == 0].sum()) + inside


def _block_caps(cap: Floats, horizon: Horizon) -> Floats:
    caps = cap[:, horizon.cut[:-1]]
    scaled: Floats = np.where(caps < NO_LIMIT, caps * horizon.span, NO_LIMIT)
    return scaled
