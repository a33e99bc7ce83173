"""One period on a tree of totals: exact weighted water-fill on top of what cars already have."""

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.flow_kernels import FillWork, FlowCars, FlowItems, FlowSpots, fair_sweep
from scheduling.solver.plans.limits import Tree
from scheduling.solver.plans.site import NO_LIMIT


def fill_tree(tree: Tree, have_w: Floats, want: Floats, width: Floats, top: Floats) -> Floats:
    """have_w plus clip(want - level * width, 0, top) with the least levels that keep every limit of period 0."""
    if not top.any():
        return have_w
    size = tree.parent.size
    used = np.bincount(tree.node_of, weights=have_w, minlength=size)
    for node in range(size - 1, 0, -1):
        if tree.parent[node] >= 0:
            used[tree.parent[node]] += used[node]
    cap = np.where(tree.cap[:, 0] < NO_LIMIT, np.maximum(tree.cap[:, 0] - used, 0.0), NO_LIMIT)
    nodes = np.arange(size)
    count = want.size
    more, none = kernel_array(np.zeros(count)), kernel_array(np.zeros(0, dtype=np.int64))
    spots = FlowSpots(
        start=kernel_array(np.array([0, count])),
        first=kernel_array(np.searchsorted(tree.node_of, nodes)),
        last=kernel_array(np.searchsorted(tree.node_of, tree.node_end)),
        cap=kernel_array(cap),
    )
    items = FlowItems(kernel_array(np.arange(count)), none, kernel_array(top), more)
    cars = FlowCars(none, none, kernel_array(width), kernel_array(want))
    work = FillWork(kernel_array(np.zeros(size)), *(kernel_array(np.zeros(count)) for _ in range(3)))
    fair_sweep(size, 0, 1, False, spots, items, cars, work)
    total: Floats = have_w + np.asarray(more)
    return total
