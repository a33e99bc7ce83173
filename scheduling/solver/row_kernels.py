# ruff: noqa: C901, FBT001, PLR0912, PLR0915, PLR0917 - flat arrays and long loops are what the compiler takes
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

    dim of row r: row_dim[r] (and row_dim[r] + 1 for a disc);  n_dims of them;  caps at block * n_rows + r
    loads of car i: car_start[i]..car_start[i + 1] in car_dim and car_coef
    prices at block * n_dims + dim;  held[dim]: load that is there anyway (what the cars already have)
"""

from typing import Any

from scheduling.solver.compiled import compiled

STEPS = 50
HALVINGS = 4
LEAST_RIDGE = 1e-10


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


@compiled
def dual_value(
    n_rows: int,
    row_dim: Any,
    disc: Any,
    caps: Any,
    cap_at: int,
    n_here: int,
    here: Any,
    car_start: Any,
    car_dim: Any,
    car_coef: Any,
    want: Any,
    width: Any,
    top: Any,
    bend: float,
    spare: Any,
    firm: Any,
    none_at: Any,
    most_at: Any,
    surplus: Any,
    turn_at: Any,
    kept: Any,
    n_dims: int,
    held: Any,
    prices: Any,
    price: Any,
) -> float:
    """The dual's value; price per car is written on the way."""
    value = 0.0
    for d in range(n_dims):
        value -= held[d] * prices[d]
    for r in range(n_rows):
        d = row_dim[r]
        if disc[r] == 1:
            value += caps[cap_at + r] * (prices[d] * prices[d] + prices[d + 1] * prices[d + 1]) ** 0.5
        else:
            value += caps[cap_at + r] * prices[d]
    for at in range(n_here):
        car = here[at]
        p = 0.0
        for m in range(car_start[car], car_start[car + 1]):
            p += car_coef[m] * prices[car_dim[m]]
        price[car] = p
        if p < most_at[car]:
            most = min(want[car], top[car])
            value += surplus[car] + most * (most_at[car] - p)
        elif p < turn_at[car]:
            value += kept[car] + want[car] * (turn_at[car] - p)
            value -= width[car] * (turn_at[car] ** (bend + 1.0) - p ** (bend + 1.0)) / (bend + 1.0)
        elif p < none_at[car]:
            value += (want[car] - spare[car]) * (none_at[car] - p)
            value -= firm[car] * (none_at[car] ** (bend + 1.0) - p ** (bend + 1.0)) / (bend + 1.0)
    return value


@compiled
def solve_spd(n: int, matrix: Any, vector: Any) -> None:
    """Cholesky in place; vector becomes the solution. matrix is n x n, flat, lower part used."""
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i * n + j]
            for k in range(j):
                total -= matrix[i * n + k] * matrix[j * n + k]
            if i == j:
                matrix[i * n + i] = total**0.5 if total > 1e-300 else 1e-150
            else:
                matrix[i * n + j] = total / matrix[j * n + j]
    for i in range(n):
        total = vector[i]
        for k in range(i):
            total -= matrix[i * n + k] * vector[k]
        vector[i] = total / matrix[i * n + i]
    for i in range(n - 1, -1, -1):
        total = vector[i]
        for k in range(i + 1, n):
            total -= matrix[k * n + i] * vector[k]
        vector[i] = total / matrix[i * n + i]


@compiled
def fill_newton(
    n_rows: int,
    n_dims: int,
    row_dim: Any,
    disc: Any,
    caps: Any,
    cap_at: int,
    n_here: int,
    here: Any,
    car_start: Any,
    car_dim: Any,
    car_coef: Any,
    want: Any,
    width: Any,
    spare: Any,
    firm: Any,
    top: Any,
    bend: float,
    held: Any,
    lam: Any,
    lam_at: int,
    exactness: float,
    price: Any,
    draw: Any,
    none_at: Any,
    most_at: Any,
    surplus: Any,
    turn_at: Any,
    kept: Any,
    now: Any,
    trial: Any,
    slope: Any,
    step: Any,
    matrix: Any,
    dim_of: Any,
    slot: Any,
) -> int:
    """Optimal draws (per car) and prices lam[lam_at..] of one period; returns the iterations. Scratch: price.. slot."""
    for at in range(n_here):
        car = here[at]
        none_at[car], most_at[car], surplus[car], turn_at[car], kept[car] = price_points(
            want[car], width[car], spare[car], firm[car], top[car], bend
        )
    for d in range(n_dims):
        now[d] = lam[lam_at + d]
    value = dual_value(
        n_rows, row_dim, disc, caps, cap_at, n_here, here, car_start, car_dim, car_coef, want, width, top, bend,
        spare, firm, none_at, most_at, surplus, turn_at, kept, n_dims, held, now, price,
    )  # fmt: skip
    used = STEPS
    ridge = LEAST_RIDGE
    for iteration in range(STEPS):
        for d in range(n_dims):
            slope[d] = -held[d]
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
            for m in range(car_start[car], car_start[car + 1]):
                slope[car_dim[m]] -= car_coef[m] * x
        active = 0
        settled = True
        woken = False
        for r in range(n_rows):
            d = row_dim[r]
            cap = caps[cap_at + r]
            tolerance = exactness * (cap + 1.0)
            if disc[r] == 1:
                load = (slope[d] * slope[d] + slope[d + 1] * slope[d + 1]) ** 0.5
                size = (now[d] * now[d] + now[d + 1] * now[d + 1]) ** 0.5
                if size == 0.0 and load <= cap + tolerance:
                    slot[d] = -1
                    slot[d + 1] = -1
                    continue
                if size == 0.0:
                    now[d] = -1e-4 * slope[d] / load
                    now[d + 1] = -1e-4 * slope[d + 1] / load
                    size = 1e-4
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
        if settled:
            used = iteration
            break
        if woken:
            value = dual_value(
                n_rows, row_dim, disc, caps, cap_at, n_here, here, car_start, car_dim, car_coef, want, width, top, bend,
                spare, firm, none_at, most_at, surplus, turn_at, kept, n_dims, held, now, price,
            )  # fmt: skip
        for k in range(active * active):
            matrix[k] = 0.0
        trace = 0.0
        for at in range(n_here):
            trace += width[here[at]]
        for at in range(n_here):
            car = here[at]
            p = price[car]
            if most_at[car] <= p < none_at[car] and p > 0.0:
                steep = bend * (width[car] if p < turn_at[car] else firm[car]) * p ** (bend - 1.0)
                for m in range(car_start[car], car_start[car + 1]):
                    i = slot[car_dim[m]]
                    if i >= 0:
                        part = steep * car_coef[m]
                        for other in range(car_start[car], car_start[car + 1]):
                            j = slot[car_dim[other]]
                            if 0 <= j <= i:
                                matrix[i * active + j] += part * car_coef[other]
        for r in range(n_rows):
            d = row_dim[r]
            if disc[r] == 1 and slot[d] >= 0:
                size = (now[d] * now[d] + now[d + 1] * now[d + 1]) ** 0.5
                bow = caps[cap_at + r] / size
                re = now[d] / size
                im = now[d + 1] / size
                i = slot[d]
                matrix[i * active + i] += bow * (1.0 - re * re)
                matrix[(i + 1) * active + i] -= bow * re * im
                matrix[(i + 1) * active + i + 1] += bow * (1.0 - im * im)
        for i in range(active):
            trace += matrix[i * active + i]
        for i in range(active):
            matrix[i * active + i] += ridge * trace
            step[i] = -slope[dim_of[i]]
        solve_spd(active, matrix, step)
        falls = 0.0
        for i in range(active):
            falls += step[i] * slope[dim_of[i]]
        part = 1.0
        better = False
        for _ in range(HALVINGS):
            for d in range(n_dims):
                trial[d] = now[d]
            for i in range(active):
                trial[dim_of[i]] += part * step[i]
            for r in range(n_rows):
                d = row_dim[r]
                if disc[r] == 1:
                    if now[d] * trial[d] + now[d + 1] * trial[d + 1] < 0.0:
                        trial[d] = 0.0
                        trial[d + 1] = 0.0
                elif trial[d] < 0.0:
                    trial[d] = 0.0
            fresh = dual_value(
                n_rows, row_dim, disc, caps, cap_at, n_here, here, car_start, car_dim, car_coef, want, width, top,
                bend, spare, firm, none_at, most_at, surplus, turn_at, kept, n_dims, held, trial, price,
            )  # fmt: skip
            if fresh < value + 1e-4 * part * falls or fresh < value - 1e-13 * abs(value):
                better = True
                break
            part *= 0.4
        if not better:
            # Where limits repeat each other a full step overshoots into prices below zero: lean towards the gradient.
            ridge = ridge * 100.0 if ridge > 1e-6 else 1e-4
            if ridge > 1e4:
                used = iteration
                break
            dual_value(
                n_rows, row_dim, disc, caps, cap_at, n_here, here, car_start, car_dim, car_coef, want, width, top, bend,
                spare, firm, none_at, most_at, surplus, turn_at, kept, n_dims, held, now, price,
            )  # fmt: skip
            continue
        if ridge > LEAST_RIDGE:
            ridge *= 0.1
        value = fresh
        for d in range(n_dims):
            now[d] = trial[d]
    for d in range(n_dims):
        lam[lam_at + d] = now[d]
    return used


@compiled
def hold_rows(
    n_rows: int,
    n_dims: int,
    row_dim: Any,
    disc: Any,
    caps: Any,
    cap_at: int,
    n_here: int,
    here: Any,
    car_start: Any,
    car_dim: Any,
    car_coef: Any,
    draw: Any,
    load: Any,
    keep: Any,
) -> None:
    """Scale members down where a limit is still passed: the last few millionths, and the safety net."""
    for _ in range(4):
        for d in range(n_dims):
            load[d] = 0.0
            keep[d] = 1.0
        for at in range(n_here):
            car = here[at]
            for m in range(car_start[car], car_start[car + 1]):
                load[car_dim[m]] += car_coef[m] * draw[car]
        over = False
        for r in range(n_rows):
            d = row_dim[r]
            size = load[d]
            if disc[r] == 1:
                size = (load[d] * load[d] + load[d + 1] * load[d + 1]) ** 0.5
            if size > caps[cap_at + r]:
                over = True
                keep[d] = caps[cap_at + r] / size
                if disc[r] == 1:
                    keep[d + 1] = keep[d]
        if not over:
            return
        for at in range(n_here):
            car = here[at]
            least = 1.0
            for m in range(car_start[car], car_start[car + 1]):
                least = min(least, keep[car_dim[m]])
            draw[car] *= least


@compiled
def row_sweep(
    n_blocks: int,
    backward: bool,
    n_rows: int,
    n_dims: int,
    row_dim: Any,
    disc: Any,
    caps: Any,
    car_start: Any,
    car_dim: Any,
    car_coef: Any,
    start: Any,
    item_car: Any,
    item_top: Any,
    width: Any,
    spare: Any,
    firm: Any,
    bend: float,
    deficit: Any,
    power: Any,
    held: Any,
    lam: Any,
    exactness: float,
    here: Any,
    want: Any,
    top: Any,
    price: Any,
    draw: Any,
    none_at: Any,
    most_at: Any,
    surplus: Any,
    turn_at: Any,
    kept: Any,
    now: Any,
    trial: Any,
    slope: Any,
    step: Any,
    matrix: Any,
    dim_of: Any,
    slot: Any,
) -> float:
    """One round over the blocks, each solved with the others held: block-coordinate descent.

    Changes power (per item), deficit (per car) and lam. Returns the largest change of a power.
    """
    moved = 0.0
    for turn in range(n_blocks):
        block = n_blocks - 1 - turn if backward else turn
        a = start[block]
        b = start[block + 1]
        n_here = 0
        for k in range(a, b):
            car = item_car[k]
            draw[car] = 0.0
            if deficit[car] + power[k] > 1e-9 * width[car]:
                want[car] = deficit[car] + power[k]
                top[car] = item_top[k]
                here[n_here] = car
                n_here += 1
        if n_here == 0:
            continue
        fill_newton(
            n_rows, n_dims, row_dim, disc, caps, block * n_rows, n_here, here, car_start, car_dim, car_coef, want,
            width, spare, firm, top, bend, held, lam, block * n_dims, exactness, price, draw, none_at, most_at, surplus,
            turn_at, kept, now, trial, slope, step, matrix, dim_of, slot,
        )  # fmt: skip
        hold_rows(
            n_rows, n_dims, row_dim, disc, caps, block * n_rows, n_here, here, car_start, car_dim, car_coef, draw,
            trial, step,
        )  # fmt: skip
        for k in range(a, b):
            car = item_car[k]
            change = draw[car] - power[k]
            deficit[car] -= change
            power[k] = draw[car]
            if change > moved:
                moved = change
            elif -change > moved:
                moved = -change
    return moved
