"""Time cut into blocks of like periods, and the (block, car) items that the planners work on.

Neighbouring periods with the same cars and the same limits are one block: by convexity an even split within it is
optimal, so nothing is lost, and the planners converge in a fraction of the rounds.
"""

from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.flow_kernels import build_items


@dataclass(frozen=True, slots=True)
class Blocks:
    """The items, block by block, with the cars in order within each; top is an item's most, W x periods.

    span: the periods in a block. The items of block b are start[b]..start[b + 1], those of a car car_item[offset[car]..],
    in the order of their blocks.
    """

    span: Floats
    start: Ints
    item_car: Ints
    car_item: Ints
    offset: Ints
    block_of: Ints
    top: Floats

    @property
    def n_blocks(self) -> int:
        return self.span.size


@dataclass(frozen=True, slots=True)
class Horizon(Blocks):
    """Blocks of neighbours: cut[b]..cut[b + 1] are the periods of block b."""

    cut: Ints


@dataclass(frozen=True, slots=True)
class Stages(Blocks):
    """Blocks of periods that have the same cars and the same stage, neighbours or not, in the order of their stages.

    block_at: the block of each period; opened[k]: how many blocks the stages 0..k have.
    """

    block_at: Ints
    opened: Ints


def cut_horizon(begin: Ints, end: Ints, tail: Floats, top_w: Floats, changes: np.ndarray) -> Horizon:
    """begin, end, tail, top_w per car in periods; changes[t] is true where a limit differs from t - 1."""
    n_periods = changes.size
    cut = _cuts(begin, end, tail, n_periods, np.nonzero(changes)[0])
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
    return Horizon(span, start, cars, items, offset, block_of, top, cut=cut)


def stage_horizon(begin: Ints, end: Ints, tail: Floats, top_w: Floats, stage: Ints) -> Stages:
    """begin, end, tail, top_w as above; stage[t]: the stage of each period, from 0 on without a gap.

    A block may have periods with different limits, so its limit has to be one for all of them.
    """
    n_periods = stage.size
    cut = _cuts(begin, end, tail, n_periods, np.zeros(0, dtype=np.int64))
    n_spans = cut.size - 1
    kind = stage * n_spans + np.repeat(np.arange(n_spans), np.diff(cut))
    kinds, block_at = np.unique(kind, return_inverse=True)
    span_of = kinds % n_spans
    here = (begin <= cut[span_of][:, None]) & (end > cut[span_of][:, None])
    block_of, cars = np.nonzero(here)
    span = np.bincount(block_at).astype(float)
    top = top_w[cars] * span[block_of]
    # The part of a period is a block of its own for its car: `_cuts` cuts it off.
    partial = (tail < 1.0)[cars] & (cut[span_of + 1][block_of] == end[cars])
    top[partial] *= tail[cars[partial]]
    per_car = np.bincount(cars, minlength=begin.size)
    return Stages(
        span,
        start=np.concatenate([[0], np.cumsum(here.sum(axis=1))]),
        item_car=cars,
        car_item=np.argsort(cars, kind="stable"),
        offset=np.concatenate([[0], np.cumsum(per_car)]),
        block_of=block_of,
        top=top,
        block_at=block_at,
        opened=np.searchsorted(kinds // n_spans, np.arange(int(stage.max(initial=0)) + 1), side="right"),
    )


def _cuts(begin: Ints, end: Ints, tail: Floats, n_periods: int, changes: Ints) -> Ints:
    cuts = [np.array([0, min(1, n_periods), n_periods]), begin, end, changes, (end - 1)[tail < 1.0]]
    cut = np.unique(np.concatenate(cuts))
    within: Ints = cut[(cut >= 0) & (cut <= n_periods)].astype(np.int64)
    return within
