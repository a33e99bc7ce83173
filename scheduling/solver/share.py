"""One period, by hand: weighted max-min by raising everybody together until a limit binds.

Exact for any limits with positive coefficients (Bertsekas and Gallager, Data Networks, 6.5.2, progressive filling).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A limit: ``sum of coefficient x value <= cap``; terms are (index, coefficient)."""

    circuit_id: str
    phase: int | None
    cap: float
    terms: tuple[tuple[int, float], ...]


def fill(
    rows: Sequence[Row], ceiling: Sequence[float], weight: Sequence[float]
) -> tuple[list[float], list[Row | None]]:
    """Weighted max-min values under the rows, each at most its ceiling, and the row that stopped each (None: ceiling)."""
    value = [0.0] * len(ceiling)
    stopped_by: list[Row | None] = [None] * len(ceiling)
    rising = {index for index, top in enumerate(ceiling) if top > 0}
    left = [max(0.0, row.cap) for row in rows]
    while rising:
        step = min((ceiling[index] - value[index]) / weight[index] for index in rising)
        speed = [sum(rate * weight[index] for index, rate in row.terms if index in rising) for row in rows]
        step = min([step] + [left[at] / speed[at] for at in range(len(rows)) if speed[at] > 0])
        for index in rising:
            value[index] += step * weight[index]
        for at in range(len(rows)):
            left[at] -= step * speed[at]
        done = {index for index in rising if ceiling[index] - value[index] <= 1e-9 * max(1.0, ceiling[index])}
        for at, row in enumerate(rows):
            if speed[at] > 0 and left[at] <= 1e-9 * max(1.0, row.cap):
                for index, _ in row.terms:
                    if index in rising and index not in done:
                        stopped_by[index] = row
                        done.add(index)
        rising -= done
    return value, stopped_by
