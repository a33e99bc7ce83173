# ruff: noqa: C901, FBT001, PLR0912, PLR0917 - flat arrays and long loops are what the compiler takes
"""Whole-horizon kernels on a tree of power limits: fair sweeps, exact finish, upper bound.

Flat arrays, so that one source runs as plain Python and compiled. Powers in W, energies in W x periods.

    nodes      in depth-first order, root first; parent[v] < v, -1 for a root; n_nodes of them
    cars       in the order of their nodes, so that a circuit's cars are neighbours
    items      (period, car) pairs with the car present, period by period, cars in order within a period
    start[t]   first item of period t; start[n_periods] is the number of items
    first[t * n_nodes + v], last[...]   the items of period t below circuit v
    cap[t * n_nodes + v]                its limit
"""

from typing import Any

from scheduling.solver.compiled import compiled

ENOUGH = 1e-11
ROUNDS = 60


@compiled
def build_items(begin: Any, end: Any, fill: Any, item_car: Any, car_item: Any) -> None:
    """Write item_car (item -> car) and car_item (each car's items in turn); fill[t] is the first item of period t."""
    at = 0
    for car in range(len(begin)):
        for period in range(begin[car], end[car]):
            item = fill[period]
            fill[period] = item + 1
            item_car[item] = car
            car_item[at] = item
            at += 1


@compiled
def build_spans(
    n_periods: int,
    n_nodes: int,
    start: Any,
    item_car: Any,
    node_of: Any,
    node_end: Any,
    first: Any,
    last: Any,
) -> None:
    """Items below each node in each period; node_end[v] is one past the last node below v."""
    count = [0] * (n_nodes + 1)
    for period in range(n_periods):
        for node in range(n_nodes + 1):
            count[node] = 0
        for item in range(start[period], start[period + 1]):
            count[node_of[item_car[item]] + 1] += 1
        for node in range(n_nodes):
            count[node + 1] += count[node]
        for node in range(n_nodes):
            first[period * n_nodes + node] = start[period] + count[node]
            last[period * n_nodes + node] = start[period] + count[node_end[node]]


@compiled
def level_for(
    lo: int, hi: int, cap: float, want: Any, width: Any, top: Any, floor: Any, guess: float
) -> float:
    """The least level at which items lo..hi draw no more than cap, each clip(want - max(level, floor) * width, 0, top).

    0 when they fit anyway. Newton's method from the last level, kept inside a bracket: the sum is piecewise linear and
    falling, so a good guess needs one or two passes.
    """
    below = -1.0
    above = -1.0
    level = guess
    for _ in range(ROUNDS):
        total = 0.0
        slope = 0.0
        for k in range(lo, hi):
            high = floor[k]
            if level > high:
                draw = want[k] - level * width[k]
                if draw > 0.0:
                    if draw < top[k]:
                        total += draw
                        slope += width[k]
                    else:
                        total += top[k]
            else:
                draw = want[k] - high * width[k]
                if draw > 0.0:
                    total += min(top[k], draw)
        gap = total - cap
        if gap <= ENOUGH * (cap + 1.0):
            if level <= 0.0 or gap >= -ENOUGH * (cap + 1.0):
                return level
            above = level
        else:
            below = level
        if above < 0.0 and slope <= 0.0:
            # Nobody yields at this level yet: look above the highest one at which anybody still draws.
            for k in range(lo, hi):
                ratio = want[k] / width[k]
                above = max(above, ratio)
            level = 0.5 * (level + above)
            continue
        if slope > 0.0:
            level += gap / slope
            level = max(level, 0.0)
        if above >= 0.0 and (slope <= 0.0 or not below < level < above):
            # Zero is a candidate of its own: a limit that holds without a level has none.
            level = 0.0 if below < 0.0 else 0.5 * (below + above)
    return above if above >= 0.0 else level


@compiled
def fair_sweep(
    n_nodes: int,
    from_period: int,
    until_period: int,
    backward: bool,
    start: Any,
    first: Any,
    last: Any,
    cap: Any,
    item_car: Any,
    top: Any,
    width: Any,
    deficit: Any,
    power: Any,
    level: Any,
    want: Any,
    wide: Any,
    floor: Any,
) -> float:
    """One round of exact weighted water-fills, period by period, minimising the sum of deficit^2 / width.

    Changes power (per item), deficit (per car) and level (per period and node, a warm start). Returns the largest
    change of a power. Block-coordinate descent: on a tree the limit is both most energy and max-min (Megiddo 1974).
    """
    moved = 0.0
    for step in range(until_period - from_period):
        period = until_period - 1 - step if backward else from_period + step
        a = start[period]
        b = start[period + 1]
        if a == b:
            continue
        for k in range(a, b):
            car = item_car[k]
            want[k] = deficit[car] + power[k]
            wide[k] = width[car]
            floor[k] = 0.0
        base = period * n_nodes
        for node in range(n_nodes - 1, -1, -1):
            lo = first[base + node]
            hi = last[base + node]
            if lo < hi and cap[base + node] < 1e17:
                found = level_for(lo, hi, cap[base + node], want, wide, top, floor, level[base + node])
                level[base + node] = found
                if found > 0.0:
                    for k in range(lo, hi):
                        floor[k] = max(floor[k], found)
        for k in range(a, b):
            draw = want[k] - floor[k] * wide[k]
            if draw < 0.0:
                draw = 0.0
            elif draw > top[k]:
                draw = top[k]
            change = draw - power[k]
            if change > moved:
                moved = change
            elif -change > moved:
                moved = -change
            deficit[item_car[k]] = want[k] - draw
            power[k] = draw
    return moved


@compiled
def _slack_below(node: int, other: int, base: int, parent: Any, node_end: Any, cap: Any, load: Any) -> float:
    """Least room on the circuits above `node` that are not also above `other` (-1: on all circuits above `node`)."""
    room = 1e18
    while node >= 0:
        if other >= 0 and node <= other < node_end[node]:
            break
        left = cap[base + node] - load[base + node]
        room = min(room, left)
        node = parent[node]
    return room


@compiled
def _push(node: int, base: int, amount: float, parent: Any, load: Any) -> None:
    while node >= 0:
        load[base + node] += amount
        node = parent[node]


@compiled
def _augment(
    sink_item: int,
    sink_car: int,
    n_nodes: int,
    period_of: Any,
    parent: Any,
    node_end: Any,
    node_of: Any,
    cap: Any,
    load: Any,
    top: Any,
    power: Any,
    deficit: Any,
    came_from: Any,
    gained: Any,
    lost: Any,
) -> float:
    """Move as much as possible along the found path, measured afresh; returns the amount."""
    base = period_of[sink_item] * n_nodes
    amount = top[sink_item] - power[sink_item]
    room = _slack_below(node_of[sink_car], -1, base, parent, node_end, cap, load)
    amount = min(amount, room)
    car = sink_car
    while came_from[car] >= 0:
        giver = came_from[car]
        base = period_of[lost[car]] * n_nodes
        room = _slack_below(node_of[giver], node_of[car], base, parent, node_end, cap, load)
        amount = min(amount, room)
        amount = min(amount, power[lost[car]], top[gained[car]] - power[gained[car]])
        car = giver
    amount = float(min(amount, deficit[car]))
    if amount <= 0.0:
        return 0.0
    deficit[car] -= amount
    power[sink_item] += amount
    _push(node_of[sink_car], period_of[sink_item] * n_nodes, amount, parent, load)
    car = sink_car
    while came_from[car] >= 0:
        giver = came_from[car]
        base = period_of[lost[car]] * n_nodes
        power[lost[car]] -= amount
        _push(node_of[car], base, -amount, parent, load)
        power[gained[car]] += amount
        _push(node_of[giver], base, amount, parent, load)
        car = giver
    return amount


@compiled
def finish(
    n_nodes: int,
    from_period: int,
    until_period: int,
    begin: Any,
    end: Any,
    offset: Any,
    car_item: Any,
    item_car: Any,
    period_of: Any,
    first: Any,
    last: Any,
    parent: Any,
    node_end: Any,
    node_of: Any,
    cap: Any,
    top: Any,
    power: Any,
    deficit: Any,
    load: Any,
    came_from: Any,
    gained: Any,
    lost: Any,
    seen_car: Any,
    seen_spot: Any,
    queue: Any,
    grain: float,
    rounds: int,
) -> float:
    """Augmenting paths until the total is the maximum flow to within `grain` a car; returns what was gained.

    A car short of energy gains in a period; where a circuit is full there, a neighbour below that circuit gives up as
    much and becomes the one that is short. At the end seen_car holds the source side of a minimum cut.
    """
    n_cars = len(begin)
    gained_total = 0.0
    for spot in range(from_period * n_nodes, until_period * n_nodes):
        load[spot] = 0.0
        for k in range(first[spot], last[spot]):
            load[spot] += power[k]
    for _ in range(rounds):
        head = 0
        tail = 0
        short = 0.0
        for car in range(n_cars):
            seen_car[car] = 0
            came_from[car] = -1
            if deficit[car] > grain:
                seen_car[car] = 1
                queue[tail] = car
                tail += 1
                short += deficit[car]
        for spot in range(from_period * n_nodes, until_period * n_nodes):
            seen_spot[spot] = 0
        gain = 0.0
        while head < tail and gain < short - grain:
            car = queue[head]
            head += 1
            for period in range(max(begin[car], from_period), min(end[car], until_period)):
                item = car_item[offset[car] + period - begin[car]]
                if top[item] - power[item] <= grain:
                    continue
                base = period * n_nodes
                node = node_of[car]
                while node >= 0 and cap[base + node] - load[base + node] > grain:
                    node = parent[node]
                if node < 0:
                    gain += _augment(
                        item, car, n_nodes, period_of, parent, node_end, node_of, cap, load, top, power, deficit,
                        came_from, gained, lost,
                    )  # fmt: skip
                elif seen_spot[base + node] == 0:
                    seen_spot[base + node] = 1
                    for k in range(first[base + node], last[base + node]):
                        other = item_car[k]
                        if seen_car[other] == 0 and power[k] > grain:
                            seen_car[other] = 1
                            came_from[other] = car
                            gained[other] = item
                            lost[other] = k
                            queue[tail] = other
                            tail += 1
        gained_total += gain
        if gain <= grain:
            break
    return gained_total


@compiled
def flow_bound(
    n_nodes: int,
    from_period: int,
    until_period: int,
    start: Any,
    item_car: Any,
    node_of: Any,
    parent: Any,
    cap: Any,
    top: Any,
    seen_car: Any,
    load: Any,
) -> float:
    """What all periods together can carry for the cars in seen_car: half of a cut (add what the others ask for)."""
    total = 0.0
    for period in range(from_period, until_period):
        base = period * n_nodes
        for node in range(n_nodes):
            load[node] = 0.0
        for k in range(start[period], start[period + 1]):
            if seen_car[item_car[k]] == 1:
                load[node_of[item_car[k]]] += top[k]
        for node in range(n_nodes - 1, -1, -1):
            load[node] = min(load[node], cap[base + node])
            if parent[node] >= 0:
                load[parent[node]] += load[node]
            else:
                total += load[node]
    return total
