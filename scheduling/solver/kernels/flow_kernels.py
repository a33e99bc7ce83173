# ruff: noqa: FBT001, PLR0917 - the compiler takes arguments by position
"""Whole-horizon kernels on a tree of power limits: fair sweeps, exact finish, upper bound.

Flat arrays, so that one source runs as plain Python and compiled. Powers in W, energies in W x periods.

    nodes      in depth-first order, root first; parent[v] < v, -1 for a root; n_nodes of them
    cars       in the order of their nodes, so that a circuit's cars are neighbours
    items      (period, car) pairs with the car present, period by period, cars in order within a period
    spots      (period, node) pairs, at period * n_nodes + node
"""

from typing import Any, NamedTuple

from scheduling.solver.kernels.compiled import compiled, inlined

ENOUGH = 1e-11
ROUNDS = 60


class FlowTree(NamedTuple):
    """node_end[v] is one past the last node below v; node_of: the node of each car."""

    parent: Any
    node_end: Any
    node_of: Any


class FlowSpots(NamedTuple):
    """The items of period t are start[t]..start[t + 1]; those below a spot's circuit first..last; cap: its limit."""

    start: Any
    first: Any
    last: Any
    cap: Any


class FlowItems(NamedTuple):
    """car, period, the most and what is planned, of each item."""

    car: Any
    period: Any
    top: Any
    power: Any


class FlowCars(NamedTuple):
    """A car's items are item[offset[car]..offset[car + 1]], by period. deficit: the energy that it lacks."""

    offset: Any
    item: Any
    width: Any
    deficit: Any


class FillWork(NamedTuple):
    """level: of each spot, a warm start for the next sweep; the others are scratch of each item."""

    level: Any
    want: Any
    wide: Any
    floor: Any


class PathWork(NamedTuple):
    """load, seen_spot: of each spot; the others of each car. came_from: the car that would give; lost and gained: its items."""

    load: Any
    seen_spot: Any
    came_from: Any
    gained: Any
    lost: Any
    seen_car: Any
    queue: Any


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
def level_for(  # noqa: C901, PLR0912 (a bracket beside Newton's step; a call inside its loop would cost most of the tick)
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


@inlined
def find_floors(
    n_nodes: int, period: int, spots: FlowSpots, items: FlowItems, cars: FlowCars, work: FillWork
) -> None:
    """Wants, widths and floors of the period's items: the highest level of the circuits above each."""
    first, last, cap = spots.first, spots.last, spots.cap
    item_car, top, power, width, deficit = items.car, items.top, items.power, cars.width, cars.deficit
    want, wide, floor, level = work.want, work.wide, work.floor, work.level
    for k in range(spots.start[period], spots.start[period + 1]):
        car = item_car[k]
        want[k] = deficit[car] + power[k]
        wide[k] = width[car]
        floor[k] = 0.0
    for spot in range((period + 1) * n_nodes - 1, period * n_nodes - 1, -1):
        lo = first[spot]
        hi = last[spot]
        if lo < hi and cap[spot] < 1e17:
            found = level_for(lo, hi, cap[spot], want, wide, top, floor, level[spot])
            level[spot] = found
            if found > 0.0:
                for k in range(lo, hi):
                    floor[k] = max(floor[k], found)


@compiled
def fair_sweep(
    n_nodes: int,
    begin: int,
    end: int,
    backward: bool,
    spots: FlowSpots,
    items: FlowItems,
    cars: FlowCars,
    work: FillWork,
) -> float:
    """One round of exact weighted water-fills of the periods begin..end, one by one, minimising the sum of deficit^2 / width.

    Changes power (per item), deficit (per car) and level (per spot, a warm start). Returns the largest change of a power.
    Block-coordinate descent: on a tree the limit is both most energy and max-min (Megiddo 1974).
    """
    item_car, top, power, deficit = items.car, items.top, items.power, cars.deficit
    start, want, wide, floor = spots.start, work.want, work.wide, work.floor
    moved = 0.0
    for step in range(end - begin):
        period = end - 1 - step if backward else begin + step
        find_floors(n_nodes, period, spots, items, cars, work)
        for k in range(start[period], start[period + 1]):
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


@inlined
def _slack_below(node: int, other: int, base: int, tree: FlowTree, cap: Any, load: Any) -> float:
    """Least room on the circuits above `node` that are not also above `other` (-1: on all circuits above `node`)."""
    parent, node_end = tree.parent, tree.node_end
    room = 1e18
    while node >= 0:
        if other >= 0 and node <= other < node_end[node]:
            break
        left = cap[base + node] - load[base + node]
        room = min(room, left)
        node = parent[node]
    return room


@inlined
def _push(node: int, base: int, amount: float, parent: Any, load: Any) -> None:
    while node >= 0:
        load[base + node] += amount
        node = parent[node]


@inlined
def _augment(
    sink_item: int,
    sink_car: int,
    n_nodes: int,
    tree: FlowTree,
    cap: Any,
    items: FlowItems,
    deficit: Any,
    work: PathWork,
) -> float:
    """Move as much as possible along the found path, measured afresh; returns the amount."""
    parent, node_of, period_of = tree.parent, tree.node_of, items.period
    top, power, load = items.top, items.power, work.load
    came_from, gained, lost = work.came_from, work.gained, work.lost
    base = period_of[sink_item] * n_nodes
    amount = top[sink_item] - power[sink_item]
    room = _slack_below(node_of[sink_car], -1, base, tree, cap, load)
    amount = min(amount, room)
    car = sink_car
    while came_from[car] >= 0:
        giver = came_from[car]
        base = period_of[lost[car]] * n_nodes
        room = _slack_below(node_of[giver], node_of[car], base, tree, cap, load)
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


@inlined
def _seek_from_short(deficit: Any, grain: float, work: PathWork) -> tuple[int, float]:
    """Begin a search at the cars that are short: how many they are, and of how much together."""
    seen_car, came_from, queue, seen_spot = work.seen_car, work.came_from, work.queue, work.seen_spot
    tail = 0
    short = 0.0
    for car in range(len(deficit)):
        seen_car[car] = 0
        came_from[car] = -1
        if deficit[car] > grain:
            seen_car[car] = 1
            queue[tail] = car
            tail += 1
            short += deficit[car]
    for spot in range(len(seen_spot)):
        seen_spot[spot] = 0
    return tail, short


@inlined
def _seek_givers(
    car: int,
    item: int,
    spot: int,
    tail: int,
    grain: float,
    spots: FlowSpots,
    items: FlowItems,
    work: PathWork,
) -> int:
    """Queue whoever draws below this full circuit in its period: each could give to the car. Returns the queue's new end."""
    item_car, power, seen_car, queue = items.car, items.power, work.seen_car, work.queue
    came_from, gained, lost = work.came_from, work.gained, work.lost
    for k in range(spots.first[spot], spots.last[spot]):
        other = item_car[k]
        if seen_car[other] == 0 and power[k] > grain:
            seen_car[other] = 1
            came_from[other] = car
            gained[other] = item
            lost[other] = k
            queue[tail] = other
            tail += 1
    return tail


@inlined
def _search(
    n_nodes: int,
    opened: int,
    grain: float,
    tree: FlowTree,
    spots: FlowSpots,
    items: FlowItems,
    cars: FlowCars,
    work: PathWork,
) -> float:
    """One search from all cars that are short, with an augmentation at each circuit's end it reaches; returns the gain."""
    offset, item_of, period_of, parent = cars.offset, cars.item, items.period, tree.parent
    cap, load, top, power = spots.cap, work.load, items.top, items.power
    node_of, seen_spot, queue = tree.node_of, work.seen_spot, work.queue
    tail, short = _seek_from_short(cars.deficit, grain, work)
    head = 0
    gain = 0.0
    while head < tail and gain < short - grain:
        car = queue[head]
        head += 1
        for at in range(offset[car], offset[car + 1]):
            item = item_of[at]
            period = period_of[item]
            if period >= opened:
                break
            if top[item] - power[item] <= grain:
                continue
            base = period * n_nodes
            node = node_of[car]
            while node >= 0 and cap[base + node] - load[base + node] > grain:
                node = parent[node]
            if node < 0:
                gain += _augment(item, car, n_nodes, tree, cap, items, cars.deficit, work)
            elif seen_spot[base + node] == 0:
                seen_spot[base + node] = 1
                tail = _seek_givers(car, item, base + node, tail, grain, spots, items, work)
    return gain


@compiled
def finish(
    n_nodes: int,
    opened: int,
    grain: float,
    rounds: int,
    tree: FlowTree,
    spots: FlowSpots,
    items: FlowItems,
    cars: FlowCars,
    work: PathWork,
) -> float:
    """Augmenting paths until the total is the maximum flow in the periods before `opened`, to within `grain` a car.

    Returns what was gained.

    A car short of energy gains in a period; where a circuit is full there, a neighbour below that circuit gives up as
    much and becomes the one that is short. At the end seen_car holds the source side of a minimum cut.
    """
    first, last, load, power = spots.first, spots.last, work.load, items.power
    for spot in range(len(load)):
        load[spot] = 0.0
        for k in range(first[spot], last[spot]):
            load[spot] += power[k]
    gained = 0.0
    for _ in range(rounds):
        gain = _search(n_nodes, opened, grain, tree, spots, items, cars, work)
        gained += gain
        if gain <= grain:
            break
    return gained


@compiled
def flow_bound(tree: FlowTree, spots: FlowSpots, items: FlowItems, seen_car: Any, load: Any) -> float:
    """The energy that all periods can carry for the cars in seen_car: half of a cut (add the demand of the others)."""
    parent, node_of, start, cap = tree.parent, tree.node_of, spots.start, spots.cap
    item_car, top = items.car, items.top
    n_nodes = len(parent)
    total = 0.0
    for period in range(len(start) - 1):
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
