# ruff: noqa: PLR0917 - the compiler takes arguments by position
"""Kernels that turn ideal powers into what chargers take: nothing, or the minimum and up, in steps."""

from typing import Any, NamedTuple

from scheduling.solver.kernels.compiled import compiled, inlined

HAIR = 1e-6


class Wiring(NamedTuple):
    """Which limits each car loads, and by how much.

    parent: of each circuit; disc terms of car i: disc_start[i]..disc_start[i + 1] in disc_of, disc_re, disc_im (mA per W);
    most_ma: the current at which the car itself stops rising, so that a coarse setpoint above it costs nothing more.
    """

    parent: Any
    node_of: Any
    mask: Any
    watts_per_ma: Any
    most_ma: Any
    disc_start: Any
    disc_of: Any
    disc_re: Any
    disc_im: Any
    disc_cap: Any


class Room(NamedTuple):
    """left[v * 4 + q]: the rest of circuit v, mA for phases q = 0..2, W for q = 3; sum_re, sum_im: of each disc."""

    left: Any
    sum_re: Any
    sum_im: Any


@inlined
def blocked_at(car: int, was: float, wants: float, wiring: Wiring, room: Room) -> int:
    """-1 when the car can go from `was` to `wants` mA; else the row (circuit * 4 + phase or 3) or -2 - disc in the way."""
    parent, left = wiring.parent, room.left
    mask = wiring.mask[car]
    most = wiring.most_ma[car]
    low = min(most, was)
    high = min(most, wants)
    more = high - low
    if more <= 0.0:
        return -1
    watts = more * wiring.watts_per_ma[car]
    node = wiring.node_of[car]
    while node >= 0:
        for phase in range(3):
            if mask >> phase & 1 and left[node * 4 + phase] + HAIR < more:
                return int(node * 4 + phase)
        if left[node * 4 + 3] + HAIR < watts:
            return int(node * 4 + 3)
        node = parent[node]
    begin, end = wiring.disc_start[car], wiring.disc_start[car + 1]
    if begin == end:
        return -1
    sum_re, sum_im = room.sum_re, room.sum_im
    disc_of, disc_re, disc_im, disc_cap = wiring.disc_of, wiring.disc_re, wiring.disc_im, wiring.disc_cap
    for m in range(begin, end):
        d = disc_of[m]
        re = sum_re[d] + disc_re[m] * watts
        im = sum_im[d] + disc_im[m] * watts
        size = (re * re + im * im) ** 0.5
        if size > disc_cap[d] and size > (sum_re[d] * sum_re[d] + sum_im[d] * sum_im[d]) ** 0.5:
            return int(-2 - d)
    return -1


@inlined
def take(car: int, was: float, wants: float, wiring: Wiring, room: Room) -> None:
    """Book the change from `was` to `wants` mA on all the car's limits."""
    parent, left = wiring.parent, room.left
    mask = wiring.mask[car]
    most = wiring.most_ma[car]
    low = min(most, was)
    high = min(most, wants)
    more = high - low
    watts = more * wiring.watts_per_ma[car]
    node = wiring.node_of[car]
    while node >= 0:
        for phase in range(3):
            if mask >> phase & 1:
                left[node * 4 + phase] -= more
        left[node * 4 + 3] -= watts
        node = parent[node]
    begin, end = wiring.disc_start[car], wiring.disc_start[car + 1]
    if begin == end:
        return
    sum_re, sum_im = room.sum_re, room.sum_im
    disc_of, disc_re, disc_im = wiring.disc_of, wiring.disc_re, wiring.disc_im
    for m in range(begin, end):
        sum_re[disc_of[m]] += disc_re[m] * watts
        sum_im[disc_of[m]] += disc_im[m] * watts


@inlined
def end_of_equals(at: int, order: Any, tie: Any, goal: Any, current: Any, wiring: Wiring) -> int:
    """One past the last of the cars beside order[at] that are like it in all that matters."""
    first = order[at]
    until = at + 1
    while until < len(order):
        car = order[until]
        if (
            tie[car] != tie[first]
            or wiring.node_of[car] != wiring.node_of[first]
            or wiring.mask[car] != wiring.mask[first]
        ):
            break
        if current[car] != current[first] or goal[car] != goal[first]:
            break
        until += 1
    return until


@inlined
def raise_once(
    at: int, until: int, order: Any, goal: Any, step: Any, current: Any, wiring: Wiring, room: Room
) -> bool:
    """Raise order[at]..order[until] by a step each, or none of them. Whether some rose and the next step is worth a try."""
    climbing = False
    failed = until
    for k in range(at, until):
        car = order[k]
        fresh = current[car] + step[car]
        if current[car] <= 0.0 or fresh > goal[car] + HAIR:
            continue
        if blocked_at(car, current[car], fresh, wiring, room) != -1:
            failed = k
            break
        take(car, current[car], fresh, wiring, room)
        current[car] = fresh
        climbing = True
    if failed == until:
        return climbing
    for k in range(at, failed):
        car = order[k]
        lower = current[car] - step[car]
        take(car, current[car], lower, wiring, room)
        current[car] = lower
    return False


@compiled
def raise_tied(order: Any, tie: Any, goal: Any, step: Any, current: Any, wiring: Wiring, room: Room) -> None:
    """Raise running cars towards their goals in this order, step by step; equal cars side by side rise together or not."""
    at = 0
    while at < len(order):
        until = end_of_equals(at, order, tie, goal, current, wiring)
        while raise_once(at, until, order, goal, step, current, wiring, room):
            pass
        at = until


@compiled
def start_cars(order: Any, least: Any, current: Any, wiring: Wiring, room: Room) -> None:
    """Give each car in this order its minimum, where all its limits have room for it."""
    for k in range(len(order)):
        car = order[k]
        if current[car] == 0.0 and blocked_at(car, 0.0, least[car], wiring, room) == -1:
            take(car, 0.0, least[car], wiring, room)
            current[car] = least[car]


@compiled
def lift_to(order: Any, goal: Any, step: Any, current: Any, wiring: Wiring, room: Room) -> None:
    """Bring each running car to its goal at once, or as near as its limits allow."""
    for k in range(len(order)):
        car = order[k]
        if current[car] <= 0.0:
            continue
        wants = goal[car]
        while wants > current[car] + HAIR:
            if blocked_at(car, current[car], wants, wiring, room) == -1:
                take(car, current[car], wants, wiring, room)
                current[car] = wants
                break
            wants -= step[car]


@compiled
def bind_rows(wants: Any, current: Any, found: Any, wiring: Wiring, room: Room) -> None:
    """found[i]: the obstacle between car i and wants[i], as `blocked_at` names it."""
    for car in range(len(wants)):
        found[car] = blocked_at(car, current[car], wants[car], wiring, room)


@compiled
def count_sharing(on: Any, wiring: Wiring, sharing: Any) -> None:
    """sharing[v * 4 + q]: how many running cars load row q of circuit v."""
    for car in range(len(on)):
        if on[car]:
            mask = wiring.mask[car]
            node = wiring.node_of[car]
            while node >= 0:
                for phase in range(3):
                    if mask >> phase & 1:
                        sharing[node * 4 + phase] += 1
                sharing[node * 4 + 3] += 1
                node = wiring.parent[node]


@compiled
def book_all(current: Any, wiring: Wiring, room: Room) -> None:
    """Book every car's current on its limits."""
    for car in range(len(current)):
        take(car, 0.0, current[car], wiring, room)
