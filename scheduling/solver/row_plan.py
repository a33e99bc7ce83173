"""The whole-horizon plan under phases and phasors, and one period's fill under the same limits."""

from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.compiled import kernel_array
from scheduling.solver.horizon import Horizon
from scheduling.solver.limits import Rows
from scheduling.solver.row_kernels import fill_newton, hold_rows, row_sweep

EXACTNESS = 1e-7


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Rows seen from the cars: the dims (one a row, two a disc) that each car loads, with coefficients."""

    n_rows: int
    n_dims: int
    row_dim: Ints
    disc: Ints
    car_start: Ints
    car_dim: Ints
    car_coef: Floats


def index_rows(rows: Rows, n_cars: int) -> RowIndex:
    sizes = np.where(rows.disc == 1, 2, 1)
    row_dim = (
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        if sizes.size
        else sizes.astype(np.int64)
    )
    row_of = np.repeat(np.arange(rows.disc.size), np.diff(rows.start))
    across = rows.disc[row_of] == 1
    dims = np.concatenate([row_dim[row_of], row_dim[row_of[across]] + 1]).astype(np.int64)
    cars = np.concatenate([rows.car, rows.car[across]]).astype(np.int64)
    coefs = np.concatenate([rows.re, rows.im[across]])
    order = np.lexsort((dims, cars))
    starts = np.concatenate([[0], np.cumsum(np.bincount(cars, minlength=n_cars))]).astype(np.int64)
    return RowIndex(rows.disc.size, int(sizes.sum()), row_dim, rows.disc, starts, dims[order], coefs[order])


class RowPlan:
    """Energies per (block, car) item in W x periods, improved in place by `sweep`; `bend` is the policy's efficiency."""

    def __init__(self, rows: Rows, horizon: Horizon, need: Floats, width: Floats, bend: float) -> None:
        self.horizon = horizon
        self.need = need
        self.bend = bend
        n_cars = need.size
        self.index = index_rows(rows, n_cars)
        at = self.index
        self._limits = [kernel_array(each) for each in (at.row_dim, at.disc)]
        self._loads = [kernel_array(each) for each in (at.car_start, at.car_dim, at.car_coef)]
        self._now_cap = kernel_array(rows.cap[:, 0])
        self.caps = kernel_array((rows.cap[:, horizon.cut[:-1]] * horizon.span).T.reshape(-1))
        self._start, self._item_car = kernel_array(horizon.start), kernel_array(horizon.item_car)
        self.top = kernel_array(horizon.top)
        self.width = kernel_array(width)
        self.deficit = kernel_array(need)
        self.power = kernel_array(np.zeros(horizon.item_car.size))
        self.prices = kernel_array(np.zeros(horizon.n_blocks * at.n_dims))
        self._nothing = kernel_array(np.zeros(at.n_dims))
        self._cars = [kernel_array(np.zeros(n_cars)) for _ in range(7)]
        self._here = kernel_array(np.zeros(n_cars, dtype=np.int64))
        sizes = (at.n_dims, at.n_dims, at.n_dims, at.n_dims, at.n_dims**2)
        self._dims = [kernel_array(np.zeros(size)) for size in sizes]
        self._dims += [kernel_array(np.zeros(at.n_dims, dtype=np.int64)) for _ in range(2)]

    def sweep(self, *, backward: bool = True) -> float:
        """One round of block solves; backward ones leave to later what can wait. Returns the largest change."""
        return row_sweep(
            self.horizon.n_blocks, backward, self.index.n_rows, self.index.n_dims, *self._limits, self.caps,
            *self._loads, self._start, self._item_car, self.top, self.width, self.bend, self.deficit, self.power,
            self._nothing, self.prices, EXACTNESS, self._here, *self._cars, *self._dims,
        )  # fmt: skip

    def fill_now(self, have_w: Floats, want: Floats, width: Floats, top: Floats) -> Floats:
        """Powers of period 0 on top of have_w: each up to `top`, least squares of (want - more) / width, within limits."""
        here = np.nonzero(top > 1e-9)[0]
        if here.size == 0:
            return have_w
        at = self.index
        held = np.zeros(at.n_dims)
        owner = np.repeat(np.arange(have_w.size), np.diff(at.car_start))
        np.add.at(held, at.car_dim, at.car_coef * have_w[owner])
        prices = kernel_array(np.zeros(at.n_dims))
        _, _, price, draw, none_at, most_at, surplus = self._cars
        fill_newton(
            at.n_rows, at.n_dims, *self._limits, self._now_cap, 0, here.size, kernel_array(here), *self._loads,
            kernel_array(want), kernel_array(width), kernel_array(top), 1.0, kernel_array(held), prices, 0, EXACTNESS,
            price, draw, none_at, most_at, surplus, *self._dims,
        )  # fmt: skip
        total = have_w.copy()
        total[here] += np.asarray(draw)[here]
        held_total = kernel_array(total)
        everyone = kernel_array(np.arange(total.size))
        hold_rows(
            at.n_rows, at.n_dims, *self._limits, self._now_cap, 0, total.size, everyone, *self._loads, held_total,
            self._dims[0], self._dims[1],
        )  # fmt: skip
        return np.asarray(held_total, dtype=float)
