# ruff: noqa: FBT001, PLR0917 - the compiler takes arguments by position
"""Kernels for limits that are not a tree of totals: phases, and phasor sums of delta-wye transformers.

A row is ``sum of coefficient x power <= cap``; a disc is ``|sum of complex coefficient x power| <= cap``. A car that is
short by the share s values energy at ``s ** (1 / bend)``, so at price p it draws ``want - width * p ** bend``: bend 1 is
least squares of the shares, larger bends favour total energy, and the value is smooth everywhere, which
block-coordinate descent needs (with a kink it stops short of the optimum).

A car that was promised something yields like that up to `spare`, the part that was not promised, and beyond it hardly at all:
``want - min(width * p ** bend, spare + firm * p ** bend)``. Without a promise spare is infinite.

One block of time is a small convex programme. Its dual has one unknown per row and two per disc; a semismooth Newton
step on all of them settles in a few iterations from the last prices, where coordinate ascent crawls: the line currents
of a delta-wye transformer all depend on each other.
"""

from typing import Any, NamedTuple

from scheduling.solver.kernels.compiled import compiled, inlined

STEPS = 50
HALVINGS = 4
LEAST_RIDGE = 1e-10
EXACTNESS = 1e-7
FIRST_PRICE = 1e-4  # of a disc whose load passes its limit for the first time


class RowLimits(NamedTuple):
    """Rows and discs by block. dim of row r: row_dim[r], and the next one too for a disc (disc[r] is 1).

    caps: at block * n_rows + r; held: the load per dim that is there anyway (what the cars already
    have), empty where nothing is.
    """

    row_dim: Any
    disc: Any
    caps: Any
    held: Any


class RowCars(NamedTuple):
    """The loads of each car and how it yields. Its loads are start[car]..start[car + 1] in dim and coef."""

    start: Any
    dim: Any
    coef: Any
    width: Any
    spare: Any
    firm: Any
    want: Any
    top: Any


class RowItems(NamedTuple):
    """Items of block b: start[b]..start[b + 1], each of a car, with the most it takes and what it has."""

    start: Any
    car: Any
    top: Any
    power: Any


class RowWork(NamedTuple):
    """Scratch of one block. Per car: here (the cars in it) to kept; per dim: now to slot (matrix: dim x dim)."""

    here: Any
    price: Any
    draw: Any
    none_at: Any
    most_at: Any
    surplus: Any
    turn_at: Any
    kept: Any
    now: Any
    trial: Any
    slope: Any
    step: Any
    matrix: Any
    dim_of: Any
    slot: Any


@compiled
def drawn_between(want: float, width: float, low: float, high: float, bend: float) -> float:
    """The integral of ``want - width * p ** bend`` over prices from low to high."""
    area: float = want * (high - low) - width * (high ** (bend + 1.0) - low ** (bend + 1.0)) / (bend + 1.0)
    return area


@compiled
def price_points(
    want: float, width: float, spare: float, firm: float, top: float, bend: float
) -> tuple[float, float, float, float, float]:
    """Above which price a car draws nothing, below which its most, its surplus at that second price, the price from which
    it stands on its promise, and its surplus there.
    """
    power = 1.0 / bend
    none_at = (want / width) ** power
    turn_at = none_at
    if want > spare:
        turn_at = (spare / (width - firm)) ** power if spare > 0.0 else 0.0
        if turn_at < none_at:
            none_at = ((want - spare) / firm) ** power
        else:
            turn_at = none_at
    kept = 0.0
    if turn_at < none_at:
        kept = drawn_between(want - spare, firm, turn_at, none_at, bend)
    most_at = 0.0
    if want > top:
        most_at = ((want - top) / width) ** power
        if most_at > turn_at:
            most_at = ((want - top - spare) / firm) ** power
    if most_at < turn_at:
        surplus = kept + drawn_between(want, width, most_at, turn_at, bend)
    else:
        surplus = drawn_between(want - spare, firm, most_at, none_at, bend)
    return none_at, most_at, surplus, turn_at, kept


@inlined
def set_points(n_here: int, bend: float, cars: RowCars, work: RowWork) -> None:
    """The points of each car here on its curve of draw over price."""
    want, width, spare, firm, top = cars.want, cars.width, cars.spare, cars.firm, cars.top
    here, none_at, most_at, surplus = work.here, work.none_at, work.most_at, work.surplus
    turn_at, kept = work.turn_at, work.kept
    for at in range(n_here):
        car = here[at]
        none_at[car], most_at[car], surplus[car], turn_at[car], kept[car] = price_points(
            want[car], width[car], spare[car], firm[car], top[car], bend
        )


@inlined
def dual_value(
    block: int, n_here: int, bend: float, limits: RowLimits, cars: RowCars, prices: Any, work: RowWork
) -> float:
    """The dual's value; price per car is written on the way."""
    row_dim, disc, caps, held = limits
    start, dim, coef, width, spare, firm, want, top = cars
    none_at, most_at, turn_at, price = work.none_at, work.most_at, work.turn_at, work.price
    here, surplus, kept = work.here, work.surplus, work.kept
    n_rows = len(row_dim)
    cap_at = block * n_rows
    value = 0.0
    for d in range(len(held)):
        value -= held[d] * prices[d]
    for r in range(n_rows):
        d = row_dim[r]
        if disc[r] == 1:
            value += caps[cap_at + r] * (prices[d] * prices[d] + prices[d + 1] * prices[d + 1]) ** 0.5
        elif prices[d] != 0.0:
            value += caps[cap_at + r] * prices[d]
    more = bend + 1.0
    for at in range(n_here):
        car = here[at]
        p = 0.0
        for m in range(start[car], start[car + 1]):
            p += coef[m] * prices[dim[m]]
        price[car] = p
        if p < most_at[car]:
            most = min(want[car], top[car])
            value += surplus[car] + most * (most_at[car] - p)
        elif p < turn_at[car]:
            value += kept[car] + want[car] * (turn_at[car] - p)
            value -= width[car] * (turn_at[car] ** more - p**more) / more
        elif p < none_at[car]:
            value += (want[car] - spare[car]) * (none_at[car] - p)
            value -= firm[car] * (none_at[car] ** more - p**more) / more
    return value


@inlined
def draw_at_prices(n_here: int, bend: float, limits: RowLimits, cars: RowCars, work: RowWork) -> None:
    """The draw of each car at its price; slope becomes minus the load of each dim."""
    start, dim, coef, width, spare, firm, want, top = cars
    here, price, draw, slope, held = work.here, work.price, work.draw, work.slope, limits.held
    for d in range(len(slope)):
        slope[d] = 0.0
    for d in range(len(held)):
        slope[d] -= held[d]
    for at in range(n_here):
        car = here[at]
        p = price[car]
        x = want[car]
        if p > 0.0:
            level = p**bend
            yielded = width[car] * level
            if yielded > spare[car]:
                yielded = min(yielded, spare[car] + firm[car] * level)
            x -= yielded
        if x < 0.0:
            x = 0.0
        elif x > top[car]:
            x = top[car]
        draw[car] = x
        for m in range(start[car], start[car + 1]):
            slope[dim[m]] -= coef[m] * x


@inlined
def find_active(block: int, limits: RowLimits, work: RowWork) -> tuple[int, bool, bool]:
    """Which dims a step may change: how many, whether all of them have settled, and whether a disc got its first price.

    slope, until here minus the load, becomes the dual's slope in the active dims.
    """
    row_dim, disc, caps = limits.row_dim, limits.disc, limits.caps
    now, slope, slot, dim_of = work.now, work.slope, work.slot, work.dim_of
    n_rows = len(row_dim)
    active = 0
    settled = True
    woken = False
    for r in range(n_rows):
        d = row_dim[r]
        cap = caps[block * n_rows + r]
        tolerance = EXACTNESS * (cap + 1.0)
        if disc[r] == 1:
            load = (slope[d] * slope[d] + slope[d + 1] * slope[d + 1]) ** 0.5
            size = (now[d] * now[d] + now[d + 1] * now[d + 1]) ** 0.5
            if size == 0.0 and load <= cap + tolerance:
                slot[d] = -1
                slot[d + 1] = -1
                continue
            if size == 0.0:
                now[d] = -FIRST_PRICE * slope[d] / load
                now[d + 1] = -FIRST_PRICE * slope[d + 1] / load
                size = FIRST_PRICE
                settled = False
                woken = True
            slope[d] += cap * now[d] / size
            slope[d + 1] += cap * now[d + 1] / size
            if slope[d] * slope[d] + slope[d + 1] * slope[d + 1] > tolerance * tolerance:
                settled = False
            slot[d] = active
            slot[d + 1] = active + 1
            dim_of[active] = d
            dim_of[active + 1] = d + 1
            active += 2
        else:
            slope[d] += cap
            if now[d] <= 0.0 and slope[d] >= -tolerance:
                slot[d] = -1
                continue
            if slope[d] > tolerance or slope[d] < -tolerance:
                settled = False
            slot[d] = active
            dim_of[active] = d
            active += 1
    return active, settled, woken


@inlined
def add_cars(active: int, n_here: int, bend: float, cars: RowCars, work: RowWork) -> float:
    """The cars' part of the matrix: how their loads answer to prices. Returns the sum of their widths."""
    start, dim, coef, width = cars.start, cars.dim, cars.coef, cars.width
    matrix, slot, price = work.matrix, work.slot, work.price
    firm, here, most_at, none_at, turn_at = cars.firm, work.here, work.most_at, work.none_at, work.turn_at
    trace = 0.0
    for at in range(n_here):
        trace += width[here[at]]
    for at in range(n_here):
        car = here[at]
        p = price[car]
        if most_at[car] <= p < none_at[car] and p > 0.0:
            steep = bend * (width[car] if p < turn_at[car] else firm[car]) * p ** (bend - 1.0)
            loads = range(start[car], start[car + 1])
            for m in loads:
                i = slot[dim[m]]
                if i >= 0:
                    row = i * active
                    part = steep * coef[m]
                    for other in loads:
                        j = slot[dim[other]]
                        if 0 <= j <= i:
                            matrix[row + j] += part * coef[other]
    return trace


@inlined
def add_discs(active: int, block: int, limits: RowLimits, work: RowWork) -> None:
    """The discs' part of the matrix: they bend."""
    now, matrix, slot = work.now, work.matrix, work.slot
    row_dim, disc, caps = limits.row_dim, limits.disc, limits.caps
    n_rows = len(row_dim)
    for r in range(n_rows):
        d = row_dim[r]
        if disc[r] == 1 and slot[d] >= 0:
            size = (now[d] * now[d] + now[d + 1] * now[d + 1]) ** 0.5
            bow = caps[block * n_rows + r] / size
            re = now[d] / size
            im = now[d + 1] / size
            i = slot[d]
            matrix[i * active + i] += bow * (1.0 - re * re)
            matrix[(i + 1) * active + i] -= bow * re * im
            matrix[(i + 1) * active + i + 1] += bow * (1.0 - im * im)


@inlined
def find_step(
    active: int,
    block: int,
    n_here: int,
    bend: float,
    ridge: float,
    limits: RowLimits,
    cars: RowCars,
    work: RowWork,
) -> float:
    """Newton's step in the active dims; returns how fast the dual falls along it."""
    matrix, step, slope, dim_of = work.matrix, work.step, work.slope, work.dim_of
    for i in range(active):
        for k in range(i * active, i * active + i + 1):
            matrix[k] = 0.0
    trace = add_cars(active, n_here, bend, cars, work)
    add_discs(active, block, limits, work)
    for i in range(active):
        trace += matrix[i * active + i]
    for i in range(active):
        matrix[i * active + i] += ridge * trace
        step[i] = -slope[dim_of[i]]
    solve_spd(active, matrix, step)
    falls = 0.0
    for i in range(active):
        falls += step[i] * slope[dim_of[i]]
    return falls


@compiled
def solve_spd(n: int, matrix: Any, vector: Any) -> None:
    """Cholesky in place; vector becomes the solution. matrix is n x n, flat, lower part used."""
    for i in range(n):
        row = i * n
        for j in range(i + 1):
            other = j * n
            total = matrix[row + j]
            for k in range(j):
                total -= matrix[row + k] * matrix[other + k]
            if i == j:
                matrix[row + i] = total**0.5 if total > 1e-300 else 1e-150
            else:
                matrix[row + j] = total / matrix[other + j]
    for i in range(n):
        row = i * n
        total = vector[i]
        for k in range(i):
            total -= matrix[row + k] * vector[k]
        vector[i] = total / matrix[row + i]
    for i in range(n - 1, -1, -1):
        total = vector[i]
        for k in range(i + 1, n):
            total -= matrix[k * n + i] * vector[k]
        vector[i] = total / matrix[i * n + i]


@inlined
def search_line(
    value: float,
    falls: float,
    active: int,
    block: int,
    n_here: int,
    bend: float,
    limits: RowLimits,
    cars: RowCars,
    work: RowWork,
) -> tuple[bool, float]:
    """Whether some part of the step is better, and the value there. Its prices are in trial: none is below zero, and no disc's
    has turned around.
    """
    row_dim, disc = limits.row_dim, limits.disc
    now, trial, dim_of, step = work.now, work.trial, work.dim_of, work.step
    part = 1.0
    better = False
    fresh = value
    for d in range(len(now)):
        trial[d] = now[d]
    for _ in range(HALVINGS):
        for i in range(active):
            d = dim_of[i]
            trial[d] = now[d] + part * step[i]
        for r in range(len(row_dim)):
            d = row_dim[r]
            if disc[r] == 1:
                if now[d] * trial[d] + now[d + 1] * trial[d + 1] < 0.0:
                    trial[d] = 0.0
                    trial[d + 1] = 0.0
            elif trial[d] < 0.0:
                trial[d] = 0.0
        fresh = dual_value(block, n_here, bend, limits, cars, trial, work)
        if fresh < value + 1e-4 * part * falls or fresh < value - 1e-13 * abs(value):
            better = True
            break
        part *= 0.4
    return better, fresh


@compiled
def fill_newton(
    block: int, n_here: int, bend: float, limits: RowLimits, cars: RowCars, prices: Any, work: RowWork
) -> None:
    """Optimal draws (per car) and prices (block * n_dims + dim) of one block for the first n_here cars of work.here."""
    now, trial = work.now, work.trial
    n_dims = len(now)
    set_points(n_here, bend, cars, work)
    for d in range(n_dims):
        now[d] = prices[block * n_dims + d]
    value = dual_value(block, n_here, bend, limits, cars, now, work)
    ridge = LEAST_RIDGE
    for _ in range(STEPS):
        draw_at_prices(n_here, bend, limits, cars, work)
        active, settled, woken = find_active(block, limits, work)
        if settled:
            break
        if woken:
            value = dual_value(block, n_here, bend, limits, cars, now, work)
        falls = find_step(active, block, n_here, bend, ridge, limits, cars, work)
        better, fresh = search_line(value, falls, active, block, n_here, bend, limits, cars, work)
        if better:
            if ridge > LEAST_RIDGE:
                ridge *= 0.1
            value = fresh
            for d in range(n_dims):
                now[d] = trial[d]
        else:
            # Where limits repeat each other a full step overshoots into prices below zero: lean towards the gradient.
            ridge = ridge * 100.0 if ridge > 1e-6 else 1e-4
            if ridge > 1e4:
                break
            dual_value(block, n_here, bend, limits, cars, now, work)
    for d in range(n_dims):
        prices[block * n_dims + d] = now[d]


@inlined
def find_passed(
    block: int, n_here: int, here: Any, limits: RowLimits, cars: RowCars, draw: Any, work: RowWork
) -> bool:
    """Whether these draws pass a limit; step becomes the share of each dim's load that its limit allows."""
    start, dim, coef, row_dim, disc = cars.start, cars.dim, cars.coef, limits.row_dim, limits.disc
    load, keep = work.trial, work.step
    caps = limits.caps
    n_rows = len(row_dim)
    for d in range(len(load)):
        load[d] = 0.0
        keep[d] = 1.0
    for at in range(n_here):
        car = here[at]
        for m in range(start[car], start[car + 1]):
            load[dim[m]] += coef[m] * draw[car]
    passed = False
    for r in range(n_rows):
        d = row_dim[r]
        cap = caps[block * n_rows + r]
        size = load[d]
        if disc[r] == 1:
            size = (load[d] * load[d] + load[d + 1] * load[d + 1]) ** 0.5
        if size > cap:
            passed = True
            keep[d] = cap / size
            if disc[r] == 1:
                keep[d + 1] = keep[d]
    return passed


@compiled
def hold_rows(
    block: int, n_here: int, here: Any, limits: RowLimits, cars: RowCars, draw: Any, work: RowWork
) -> None:
    """Scale members down where a limit is still passed: the last few millionths, and the safety net."""
    start, dim, keep = cars.start, cars.dim, work.step
    for _ in range(4):
        if not find_passed(block, n_here, here, limits, cars, draw, work):
            return
        for at in range(n_here):
            car = here[at]
            least = 1.0
            for m in range(start[car], start[car + 1]):
                least = min(least, keep[dim[m]])
            draw[car] *= least


@inlined
def find_wanting(block: int, deficit: Any, cars: RowCars, items: RowItems, work: RowWork) -> int:
    """Set want and top of the block's cars that still want something, and list them in here; returns how many."""
    item_car, power = items.car, items.power
    want, top, width, draw, here = cars.want, cars.top, cars.width, work.draw, work.here
    item_top = items.top
    n_here = 0
    for k in range(items.start[block], items.start[block + 1]):
        car = item_car[k]
        draw[car] = 0.0
        if deficit[car] + power[k] > 1e-9 * width[car]:
            want[car] = deficit[car] + power[k]
            top[car] = item_top[k]
            here[n_here] = car
            n_here += 1
    return n_here


@compiled
def row_sweep(
    backward: bool,
    bend: float,
    limits: RowLimits,
    cars: RowCars,
    items: RowItems,
    deficit: Any,
    prices: Any,
    work: RowWork,
) -> float:
    """One round over the blocks, each solved with the others held: block-coordinate descent.

    Changes power (per item), deficit (per car) and prices. Returns the largest change of a power.
    """
    item_car, power, draw = items.car, items.power, work.draw
    start = items.start
    n_blocks = len(start) - 1
    moved = 0.0
    for turn in range(n_blocks):
        block = n_blocks - 1 - turn if backward else turn
        n_here = find_wanting(block, deficit, cars, items, work)
        if n_here == 0:
            continue
        fill_newton(block, n_here, bend, limits, cars, prices, work)
        hold_rows(block, n_here, work.here, limits, cars, draw, work)
        for k in range(start[block], start[block + 1]):
            car = item_car[k]
            change = draw[car] - power[k]
            deficit[car] -= change
            power[k] = draw[car]
            if change > moved:
                moved = change
            elif -change > moved:
                moved = -change
    return moved
