"""The whole-horizon plan on a tree of totals: most energy, and fair to the last watt-hour."""

from typing import Any

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.compiled import kernel_array
from scheduling.solver.flow_kernels import build_spans, fair_sweep, finish, flow_bound
from scheduling.solver.horizon import Horizon
from scheduling.solver.limits import Tree
from scheduling.solver.site import NO_LIMIT

CUT_SHARES = (0.0, 1e-6, 1e-3)
SETTLING_SWEEPS = 4


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


class ProbeTree(TreePlan):
    """A settled plan with one seat for a car that only asks: its items stand behind all others, under no circuit.

    The seat is never a giver, so it needs no place among its circuit's neighbours; its node is set for each question.
    """

    def __init__(self, tree: Tree, horizon: Horizon, need: Floats, width: Floats) -> None:
        super().__init__(tree, horizon, need, width)
        for _ in range(SETTLING_SWEEPS):
            self.sweep()
        self.finish()
        n_cars, n_items, n_blocks = need.size, horizon.item_car.size, horizon.n_blocks
        blocks = np.arange(n_blocks)
        self._begin, self._end = _longer(self._begin, [0]), _longer(self._end, [0])
        self._node_of = _longer(self._node_of, [0])
        self._offset = kernel_array(horizon.offset)
        self._car_item = _longer(self._car_item, n_items + blocks)
        self._item_car = _longer(self._item_car, np.full(n_blocks, n_cars))
        self._block_of = _longer(self._block_of, blocks)
        self.top = _longer(self.top, np.zeros(n_blocks))
        self.power = _longer(self.power, np.zeros(n_blocks))
        self.deficit = kernel_array(np.zeros(n_cars + 1))
        self._marks = [kernel_array(np.zeros(n_cars + 1, dtype=np.int64)) for _ in range(5)]

    def _forget_slack(self, spots: int) -> None:
        """Who asks may load any circuit: none is left out."""

    def ask(self, node: int, begin: int, tops: Floats, wanted: float) -> float:
        """How much of `wanted` (W x periods) still fits from period `begin` on, at most tops[k] in its k-th period."""
        seat, first = self.need.size, self.horizon.item_car.size
        power = self.power.copy()
        self._begin[seat], self._end[seat], self._node_of[seat] = begin, begin + tops.size, node
        # A car's items are found at offset + period - begin: its first item is that of its first period.
        self._offset[seat] = first + begin
        for at, top in enumerate(tops):
            self.top[first + begin + at] = top
        self.deficit[seat] = wanted
        self.finish()
        got = wanted - self.deficit[seat]
        self.power = power
        self.deficit[seat] = 0.0
        return float(got)


def _longer(values: Any, more: Any) -> Any:
    return kernel_array(
        np.concatenate([np.asarray(values), np.asarray(more, dtype=np.asarray(values).dtype)])
    )
