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
    fair_sweep,
    finish,
    flow_bound,
)
from scheduling.solver.plans.horizon import Blocks, Horizon, Stages
from scheduling.solver.plans.limits import Tree
from scheduling.solver.plans.site import NO_LIMIT

CUT_SHARES = (0.0, 1e-6, 1e-3)
# Nothing finer is told apart: of the largest need, and in W x periods.
FINEST_SHARE, FINEST = 1e-9, 1e-9
ALL_ROUNDS = 1_000
HAIR = 1e-12


class TreePlan:
    """Energies per (block, car) item in W x periods, improved in place by `sweep` and `finish`.

    cap[v, b]: the most of circuit v in block b, in W x periods; need: what each car still wants; width: its need scaled by
    fairness weight and priority (a wide car yields more).
    """

    def __init__(self, tree: Tree, blocks: Blocks, cap: Floats, need: Floats, width: Floats) -> None:
        self.blocks = blocks
        self.n_nodes, self.need = tree.parent.size, need
        self._parent, self._node_of = tree.parent, tree.node_of
        n_cars, n_items, spots = need.size, blocks.item_car.size, blocks.n_blocks * self.n_nodes
        self.width, self.deficit = kernel_array(width), kernel_array(need)
        self.power = kernel_array(np.zeros(n_items))
        self._tree = FlowTree(*(kernel_array(each) for each in (tree.parent, tree.node_end, tree.node_of)))
        self._items = FlowItems(
            car=kernel_array(blocks.item_car),
            period=kernel_array(blocks.block_of),
            top=kernel_array(blocks.top),
            power=self.power,
        )
        self._cars = FlowCars(
            offset=kernel_array(blocks.offset),
            item=kernel_array(blocks.car_item),
            width=self.width,
            deficit=self.deficit,
        )
        self._first, self._last = _spans(tree, blocks)
        self._spots = FlowSpots(
            start=kernel_array(blocks.start),
            first=kernel_array(self._first.reshape(-1)),
            last=kernel_array(self._last.reshape(-1)),
            cap=kernel_array(self._binding(cap.T).reshape(-1)),
        )
        self._fill = FillWork(
            kernel_array(np.zeros(spots)), *(kernel_array(np.zeros(n_items)) for _ in range(3))
        )
        self._paths = PathWork(
            kernel_array(np.zeros(spots)),
            kernel_array(np.zeros(spots, dtype=np.int64)),
            *(kernel_array(np.zeros(n_cars, dtype=np.int64)) for _ in range(5)),
        )

    def _binding(self, cap: Floats) -> Floats:
        """A circuit that could carry all cars below it at their most needs no level. By block and circuit."""
        binding: Floats = np.where(_below(self.blocks, self._first, self._last) <= cap, NO_LIMIT, cap)
        return binding

    def sweep(self, *, backward: bool = True, blocks: tuple[int, int] | None = None) -> float:
        """One round of fair fills of these blocks; backward ones leave to later what can wait. Returns the largest change."""
        begin, end = blocks or (0, self.blocks.n_blocks)
        return fair_sweep(
            self.n_nodes, begin, end, backward, self._spots, self._items, self._cars, self._fill
        )

    def finish(
        self, rounds: int = ALL_ROUNDS, *, opened: int | None = None, grain: float | None = None
    ) -> float:
        """Augment until the total is the maximum flow in the first `opened` blocks; returns the gain.

        grain: what a car may be short of that, by default a millionth of a watt-hour.
        """
        if opened is None:
            opened = self.blocks.n_blocks
        if grain is None:
            grain = FINEST_SHARE * float(self.need.max(initial=1.0)) + FINEST
        return finish(
            self.n_nodes, opened, grain, rounds, self._tree, self._spots, self._items, self._cars, self._paths
        )

    def planned(self) -> float:
        """The energy of all cars together."""
        return float(self.need.sum()) - float(np.asarray(self.deficit).sum())

    def is_bound(self) -> bool:
        """Whether a circuit could be full."""
        return min(self._spots.cap, default=NO_LIMIT) < NO_LIMIT

    def open_root(self, cap: Floats) -> None:
        """Give the only root other limits, by block."""
        self._spots.cap[:: self.n_nodes] = kernel_array(cap)

    def bound(self) -> float:
        """The most any plan can deliver, by the cut that the last `finish` left."""
        return self._cut(np.asarray(self._paths.seen_car))

    def quick_bound(self) -> float:
        """An upper bound without searching: the best of the cuts around the cars that are short by some share."""
        short = np.asarray(self.deficit) / np.maximum(np.asarray(self.width), 1e-12)
        return min(self._cut((short > share).astype(np.int64)) for share in CUT_SHARES)

    def cut_below_root(self) -> tuple[float, Floats]:
        """The cut that the last `finish` left: the needs outside of it, and by block the most that reaches the only root."""
        seen = np.asarray(self._paths.seen_car) == 1
        cars, shape = self.blocks.item_car, (self.blocks.n_blocks, self.n_nodes)
        top = np.where(seen[cars], self.blocks.top, 0.0)
        spot = self.blocks.block_of * self.n_nodes + self._node_of[cars]
        load = np.bincount(spot, top, shape[0] * shape[1]).reshape(shape)
        cap = np.asarray(self._spots.cap).reshape(shape)
        for node in range(self.n_nodes - 1, 0, -1):
            load[:, self._parent[node]] += np.minimum(load[:, node], cap[:, node])
        return float(self.need[~seen].sum()), load[:, 0].astype(float)

    def _cut(self, seen: Ints) -> float:
        load = kernel_array(np.zeros(self.n_nodes))
        inside = flow_bound(self._tree, self._spots, self._items, kernel_array(seen), load)
        return float(self.need[seen == 0].sum()) + inside


def _spans(tree: Tree, blocks: Blocks) -> tuple[Ints, Ints]:
    """First item and one past the last below each circuit, by block and circuit."""
    size = tree.parent.size
    spot = blocks.block_of * size + tree.node_of[blocks.item_car]
    count = np.bincount(spot, minlength=blocks.n_blocks * size).reshape(blocks.n_blocks, size)
    before = np.concatenate(
        [np.zeros((blocks.n_blocks, 1), dtype=np.int64), np.cumsum(count, axis=1)], axis=1
    )
    before += blocks.start[:-1, None]
    return before[:, :-1], before[:, tree.node_end]


def _below(blocks: Blocks, first: Ints, last: Ints) -> Floats:
    """The most of all cars below each circuit, by block and circuit."""
    most = np.concatenate([[0.0], np.cumsum(blocks.top)])
    below: Floats = most[last] - most[first]
    return below


def caps_of(cap: Floats, horizon: Horizon) -> Floats:
    """The limits of the blocks of one; within each, all periods have the same."""
    caps = cap[:, horizon.cut[:-1]]
    scaled: Floats = np.where(caps < NO_LIMIT, caps * horizon.span, NO_LIMIT)
    return scaled


def summed_caps(tree: Tree, stages: Stages) -> Floats:
    """The limits of the blocks as the sum of what each of their periods can carry for the cars that are there."""
    below = (_below(stages, *_spans(tree, stages)) / stages.span[:, None]).T
    carried = np.minimum(tree.cap, below[:, stages.block_at])
    caps = np.zeros((stages.n_blocks, tree.parent.size))
    np.add.at(caps, stages.block_at, carried.T)
    # A hair more: sums of the same numbers in another order are not the same.
    summed: Floats = caps.T * (1 + HAIR)
    return summed
