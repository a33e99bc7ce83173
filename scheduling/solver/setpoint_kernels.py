# ruff: noqa: C901, PLR0917 - flat arrays and long loops are what the compiler takes
"""Kernels that turn ideal powers into what chargers take: nothing, or the minimum and up, in steps.

room[v * 4 + q]   what is left of circuit v: mA for phases q = 0..2, W for q = 3
disc terms of car i: disc_start[i]..disc_start[i + 1] in disc_of, disc_re, disc_im (mA per W); sums in disc_sum
most_ma: the current at which the car itself stops rising, so that a coarse setpoint above it costs nothing more
"""

from typing import Any

from scheduling.solver.compiled import compiled

HAIR = 1e-6


@compiled
def blocked_at(
    car: int,
    was: float,
    wants: float,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> int:
    """-1 when the car can go from `was` to `wants` mA; else the row (circuit * 4 + phase or 3) or -2 - disc in the way."""
    low = min(most_ma[car], was)
    high = min(most_ma[car], wants)
    more = high - low
    if more <= 0.0:
        return -1
    watts = more * watts_per_ma[car]
    node = node_of[car]
    while node >= 0:
        for phase in range(3):
            if mask[car] >> phase & 1 and room[node * 4 + phase] + HAIR < more:
                return int(node * 4 + phase)
        if room[node * 4 + 3] + HAIR < watts:
            return int(node * 4 + 3)
        node = parent[node]
    for m in range(disc_start[car], disc_start[car + 1]):
        d = disc_of[m]
        re = sum_re[d] + disc_re[m] * watts
        im = sum_im[d] + disc_im[m] * watts
        size = (re * re + im * im) ** 0.5
        if size > disc_cap[d] and size > (sum_re[d] * sum_re[d] + sum_im[d] * sum_im[d]) ** 0.5:
            return int(-2 - d)
    return -1


@compiled
def take(
    car: int,
    was: float,
    wants: float,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """Book the change from `was` to `wants` mA on all the car's limits."""
    low = min(most_ma[car], was)
    high = min(most_ma[car], wants)
    more = high - low
    watts = more * watts_per_ma[car]
    node = node_of[car]
    while node >= 0:
        for phase in range(3):
            if mask[car] >> phase & 1:
                room[node * 4 + phase] -= more
        room[node * 4 + 3] -= watts
        node = parent[node]
    for m in range(disc_start[car], disc_start[car + 1]):
        sum_re[disc_of[m]] += disc_re[m] * watts
        sum_im[disc_of[m]] += disc_im[m] * watts


@compiled
def raise_tied(
    order: Any,
    tie: Any,
    goal: Any,
    step: Any,
    current: Any,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """Raise running cars towards their goals in this order, step by step; equal cars side by side rise together or not."""
    at = 0
    count = len(order)
    while at < count:
        until = at + 1
        first = order[at]
        while until < count:
            next_car = order[until]
            if (
                tie[next_car] != tie[first]
                or node_of[next_car] != node_of[first]
                or mask[next_car] != mask[first]
            ):
                break
            if current[next_car] != current[first] or goal[next_car] != goal[first]:
                break
            until += 1
        climbing = True
        while climbing:
            climbing = False
            failed = until
            for k in range(at, until):
                car = order[k]
                fresh = current[car] + step[car]
                if current[car] <= 0.0 or fresh > goal[car] + HAIR:
                    continue
                if blocked_at(
                    car, current[car], fresh, parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of,
                    disc_re, disc_im, disc_cap, sum_re, sum_im,
                ) != -1:  # fmt: skip
                    failed = k
                    break
                take(
                    car, current[car], fresh, parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of,
                    disc_re, disc_im, disc_cap, sum_re, sum_im,
                )  # fmt: skip
                current[car] = fresh
                climbing = True
            if failed < until:
                for k in range(at, failed):
                    car = order[k]
                    lower = current[car] - step[car]
                    take(
                        car, current[car], lower, parent, node_of, mask, watts_per_ma, most_ma, room, disc_start,
                        disc_of, disc_re, disc_im, disc_cap, sum_re, sum_im,
                    )  # fmt: skip
                    current[car] = lower
                climbing = False
        at = until


@compiled
def start_cars(
    order: Any,
    least: Any,
    current: Any,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """Give each car in this order its minimum, where all its limits have room for it."""
    for k in range(len(order)):
        car = order[k]
        if current[car] == 0.0 and blocked_at(
            car, 0.0, least[car], parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of, disc_re,
            disc_im, disc_cap, sum_re, sum_im,
        ) == -1:  # fmt: skip
            take(
                car, 0.0, least[car], parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of, disc_re,
                disc_im, disc_cap, sum_re, sum_im,
            )  # fmt: skip
            current[car] = least[car]


@compiled
def lift_to(
    order: Any,
    goal: Any,
    step: Any,
    current: Any,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """Bring each running car to its goal at once, or as near as its limits allow."""
    for k in range(len(order)):
        car = order[k]
        if current[car] <= 0.0:
            continue
        wants = goal[car]
        while wants > current[car] + HAIR:
            if blocked_at(
                car, current[car], wants, parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of,
                disc_re, disc_im, disc_cap, sum_re, sum_im,
            ) == -1:  # fmt: skip
                take(
                    car, current[car], wants, parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of,
                    disc_re, disc_im, disc_cap, sum_re, sum_im,
                )  # fmt: skip
                current[car] = wants
                break
            wants -= step[car]


@compiled
def bind_rows(
    wants: Any,
    current: Any,
    found: Any,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """found[i]: what keeps car i from going to wants[i], as `blocked_at` says it."""
    for car in range(len(wants)):
        found[car] = blocked_at(
            car, current[car], wants[car], parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of,
            disc_re, disc_im, disc_cap, sum_re, sum_im,
        )  # fmt: skip


@compiled
def count_sharing(on: Any, parent: Any, node_of: Any, mask: Any, sharing: Any) -> None:
    """sharing[v * 4 + q]: how many running cars load row q of circuit v."""
    for car in range(len(on)):
        if on[car]:
            node = node_of[car]
            while node >= 0:
                for phase in range(3):
                    if mask[car] >> phase & 1:
                        sharing[node * 4 + phase] += 1
                sharing[node * 4 + 3] += 1
                node = parent[node]


@compiled
def book_all(
    current: Any,
    parent: Any,
    node_of: Any,
    mask: Any,
    watts_per_ma: Any,
    most_ma: Any,
    room: Any,
    disc_start: Any,
    disc_of: Any,
    disc_re: Any,
    disc_im: Any,
    disc_cap: Any,
    sum_re: Any,
    sum_im: Any,
) -> None:
    """Book every car's current on its limits."""
    for car in range(len(current)):
        take(
            car, 0.0, current[car], parent, node_of, mask, watts_per_ma, most_ma, room, disc_start, disc_of, disc_re,
            disc_im, disc_cap, sum_re, sum_im,
        )  # fmt: skip
