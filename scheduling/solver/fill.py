"""One period on a tree of totals: exact weighted water-fill on top of what cars already have."""

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.compiled import kernel_array
from scheduling.solver.flow_kernels import fair_sweep
from scheduling.solver.limits import Tree
from scheduling.solver.site import NO_LIMIT


def fill_tree(tree: Tree, have_w: Floats, want: Floats, width: Floats, top: Floats) -> Floats:
    """have_w plus clip(want - level * width, 0, top) with the least levels that keep every limit of period 0."""
    size = tree.parent.size
    used = np.bincount(tree.node_of, weights=have_w, minlength=size)
    for node in range(size - 1, 0, -1):
        if tree.parent[node] >= 0:
            used[tree.parent[node]] += used[node]
    cap = np.where(tree.cap[:, 0] < NO_LIMIT, np.maximum(tree.cap[:, 0] - used, 0.0), NO_LIMIT)
    nodes = np.arange(size)
    count = want.size
    more = kernel_array(np.zeros(count))
    fair_sweep(
        size, 0, 1, False, kernel_array(np.array([0, count])),
        kernel_array(np.searchsorted(tree.node_of, nodes)), kernel_array(np.searchsorted(tree.node_of, tree.node_end)),
        kernel_array(cap), kernel_array(np.arange(count)), kernel_array(top), kernel_array(width), kernel_array(want),
        more, kernel_array(np.zeros(size)), *(kernel_array(np.zeros(count)) for _ in range(3)),
    )  # fmt: skip
    total: Floats = have_w + np.asarray(more)
    return total
