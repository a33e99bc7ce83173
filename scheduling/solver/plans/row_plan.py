"""The whole-horizon plan under phases and phasors, and one period's fill under the same limits."""

from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Bools, Floats, Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.row_kernels import (
    RowCars,
    RowItems,
    RowLimits,
    RowWork,
    fill_newton,
    hold_rows,
    row_sweep,
)
from scheduling.solver.plans.horizon import Horizon
from scheduling.solver.plans.keeping import SHORT
from scheduling.solver.plans.limits import Rows

FIRMER = 1e-3
NOISE = 0.02  # of what a car yields: what a plan of a few rounds leaves unsettled


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

    def __init__(
        self,
        rows: Rows,
        horizon: Horizon,
        need: Floats,
        width: Floats,
        bend: float,
        *,
        promised: tuple[Floats, Floats] | None = None,
    ) -> None:
        """promised: the promised part of each car's need, and its width while it would have less than that."""
        self.horizon = horizon
        self.need = need
        self.bend = bend
        n_cars = need.size
        self.index = index_rows(rows, n_cars)
        at = self.index
        cap = rows.cap[:, horizon.cut[:-1]] * horizon.span
        self._limits = RowLimits(
            row_dim=kernel_array(at.row_dim),
            disc=kernel_array(at.disc),
            caps=kernel_array(cap.T.reshape(-1)),
            held=kernel_array(np.zeros(0)),
        )
        self._now_cap = kernel_array(rows.cap[:, 0])
        self._start, self._item_car = kernel_array(horizon.start), kernel_array(horizon.item_car)
        self._top = kernel_array(horizon.top)
        self._spare, firm = np.full(n_cars, np.inf), width
        if promised is not None:
            self._spare = np.where(promised[0] > 0, need - promised[0], np.inf)
            # Who comes first anyway, by priority and turn, still yields less of a promise than of the rest.
            firm = np.minimum(promised[1], FIRMER * width)
        self.width = width
        self._cars = RowCars(
            start=kernel_array(at.car_start),
            dim=kernel_array(at.car_dim),
            coef=kernel_array(at.car_coef),
            width=kernel_array(width),
            spare=kernel_array(self._spare),
            firm=kernel_array(firm),
            want=kernel_array(np.zeros(n_cars)),
            top=kernel_array(np.zeros(n_cars)),
        )
        self.deficit = kernel_array(need)
        self.power = kernel_array(np.zeros(horizon.item_car.size))
        self.prices = kernel_array(np.zeros(horizon.n_blocks * at.n_dims))
        self._work = _scratch(n_cars, at.n_dims)

    def sweep(self, *, backward: bool = True) -> float:
        """One round of block solves; backward ones leave to later what can wait. Returns the largest change."""
        items = RowItems(self._start, self._item_car, self._top, self.power)
        return row_sweep(
            backward, self.bend, self._limits, self._cars, items, self.deficit, self.prices, self._work
        )

    def held_up(self) -> Bools:
        """Who stands on a promise: at the price that it pays, its fair share would be less."""
        held = np.zeros(self.need.size, dtype=bool)
        if not np.isfinite(self._spare).any():
            return held
        spare, deficit = self._spare, np.asarray(self.deficit)
        yielded = np.asarray(self.width) * self._prices_paid() ** self.bend
        stands: Bools = np.isfinite(spare) & (deficit >= spare - SHORT * self.need)
        stands &= yielded > (1 + NOISE) * deficit + SHORT * self.need
        return stands

    def _prices_paid(self) -> Floats:
        """The highest price at which each car draws anything."""
        at, horizon = self.index, self.horizon
        owner = np.repeat(np.arange(self.need.size), np.diff(at.car_start))
        loads = np.zeros((self.need.size, at.n_dims))
        np.add.at(loads, (owner, at.car_dim), at.car_coef)
        prices = np.asarray(self.prices).reshape(horizon.n_blocks, at.n_dims)
        of_item = np.einsum("id,id->i", loads[horizon.item_car], prices[horizon.block_of])
        paid = np.zeros(self.need.size)
        draws = np.asarray(self.power) > SHORT * horizon.top
        np.maximum.at(paid, horizon.item_car[draws], of_item[draws])
        return paid

    def fill_now(self, have_w: Floats, want: Floats, width: Floats, top: Floats) -> Floats:
        """Powers of period 0 on top of have_w: each up to `top`, least squares of (want - more) / width, within limits."""
        here = np.nonzero(top > 1e-9)[0]
        if here.size == 0:
            return have_w
        at = self.index
        held = np.zeros(at.n_dims)
        owner = np.repeat(np.arange(have_w.size), np.diff(at.car_start))
        np.add.at(held, at.car_dim, at.car_coef * have_w[owner])
        limits = self._limits._replace(caps=self._now_cap, held=kernel_array(held))
        own_width = kernel_array(width)
        cars = self._cars._replace(
            width=own_width,
            spare=kernel_array(np.full(width.size, np.inf)),
            firm=own_width,
            want=kernel_array(want),
            top=kernel_array(top),
        )
        work = self._work._replace(here=kernel_array(here))
        fill_newton(0, here.size, 1.0, limits, cars, kernel_array(np.zeros(at.n_dims)), work)
        total = have_w.copy()
        total[here] += np.asarray(work.draw)[here]
        held_total = kernel_array(total)
        hold_rows(0, total.size, kernel_array(np.arange(total.size)), limits, cars, held_total, work)
        return np.asarray(held_total, dtype=float)


def _scratch(n_cars: int, n_dims: int) -> RowWork:
    here, dim_of, slot = (kernel_array(np.zeros(size, dtype=np.int64)) for size in (n_cars, n_dims, n_dims))
    price, draw, none_at, most_at, surplus, turn_at, kept = (kernel_array(np.zeros(n_cars)) for _ in range(7))
    now, trial, slope, step = (kernel_array(np.zeros(n_dims)) for _ in range(4))
    return RowWork(
        here, price, draw, none_at, most_at, surplus, turn_at, kept, now, trial, slope, step,
        kernel_array(np.zeros(n_dims**2)), dim_of, slot,
    )  # fmt: skip
