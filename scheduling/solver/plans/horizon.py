"""Time cut into blocks of like periods, and the (block, car) items both planners work on.

Neighbouring periods with the same cars and the same limits are one block: by convexity an even split within it is
optimal, so nothing is lost, and the planners converge in a fraction of the rounds.
"""

from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.flow_kernels import build_items


@dataclass(frozen=True, slots=True)
class Horizon:
    """cut[b]..cut[b + 1] are the periods of block b; begin and end count blocks; top is an item's most, W x periods."""

    cut: Ints
    span: Floats
    begin: Ints
    end: Ints
    start: Ints
    item_car: Ints
    car_item: Ints
    offset: Ints
    block_of: Ints
    top: Floats

    @property
    def n_blocks(self) -> int:
        return self.span.size


def cut_horizon(begin: Ints, end: Ints, tail: Floats, top_w: Floats, changes: np.ndarray) -> Horizon:
    """begin, end, tail, top_w per car in periods; changes[t] is true where a limit or price differs from t - 1."""
    n_periods = changes.size
    cuts = [np.array([0, min(1, n_periods), n_periods]), begin, end, np.nonzero(changes)[0]]
    cut = np.unique(np.concatenate([*cuts, (end - 1)[tail < 1.0]]))
    cut = cut[(cut >= 0) & (cut <= n_periods)].astype(np.int64)
    first, last = np.searchsorted(cut, begin), np.searchsorted(cut, end)
    n_blocks = cut.size - 1
    present = np.zeros(n_blocks + 1, dtype=np.int64)
    np.add.at(present, first, 1)
    np.add.at(present, last, -1)
    present = np.cumsum(present)[:n_blocks]
    start = np.concatenate([[0], np.cumsum(present)]).astype(np.int64)
    offset = np.concatenate([[0], np.cumsum(last - first)]).astype(np.int64)
    item_car = kernel_array(np.zeros(start[-1], dtype=np.int64))
    car_item = kernel_array(np.zeros(start[-1], dtype=np.int64))
    build_items(kernel_array(first), kernel_array(last), kernel_array(start[:-1]), item_car, car_item)
    cars, items = np.asarray(item_car, dtype=np.int64), np.asarray(car_item, dtype=np.int64)
    block_of = np.repeat(np.arange(n_blocks), present)
    span = np.diff(cut).astype(float)
    top = top_w[cars] * span[block_of]
    short = np.nonzero((tail < 1.0) & (last > first))[0]
    top[items[offset[short + 1] - 1]] *= tail[short]
    return Horizon(cut, span, first, last, start, cars, items, offset, block_of, top)
