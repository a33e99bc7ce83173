"""Bookings that nobody comes for: what they take from others' promises.

    python -m benchmarks.month.ghosts MONTH.json [--nights N] [--guard off] [--lapse]

Before each night everybody asks for the night's wish, in the order of a die, after a ghost who books 20 kWh one, three or five times. The
ghost cancels when all have asked, and who was promised a part is answered again, as the product does; with `--lapse` it never cancels. One booking is for the whole night, three and five are for parts of it, since a driver has one slot at a time for each car. What is
promised comes from `scheduling.domain.booking.capacity`, and what a booking counts as from `scheduling.rules.guard`.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.month import Month, read_month
from benchmarks.month.model import Driver
from scheduling.domain.booking.capacity import Ledger, Wish
from scheduling.rules.guard import USUAL_WISH_WH, learn
from scheduling.solver.play.scenario import VOLTS

COUNTS = (0, 1, 3, 5)
FROM, UNTIL = 8, 56  # 18:00 to 6:00
GHOST = Driver("ghost", "ghost", (0, 1, 2), 16_000, 60_000)


class Room(Ledger):
    """What the building leaves on one night."""

    def __init__(self, month: Month) -> None:
        room = np.array([month.limit_ma - load for load in month.base_load_ma], dtype=float)
        self.room = np.repeat(room[None, None, :], 3, axis=1)
        self.periods, self.voltage_v, self.start = month.periods, VOLTS, datetime(2026, 11, 2, 16, tzinfo=UTC)
        self._path = {"site": [0]}


def promised_shares(
    month: Month, *, ghosts: int, guard: bool = True, cancels: bool = True
) -> dict[str, float]:
    """By driver what was promised of what was asked for over the month."""
    asked: dict[str, float] = {}
    promised: dict[str, float] = {}
    lapsed: list[bool] = []
    for night, stays in enumerate(month.nights):
        room = Room(month)
        learnt = learn([], lapsed)
        before = _book_ghosts(month, room, ghosts)
        lapsed += [False] * len(before)
        honest: dict[str, Wish] = {}
        standing = [
            replace(wish, energy_wh=wish.energy_wh * (learnt.booked_share(at) if guard else 1.0))
            for at, wish in enumerate(before)
        ]
        for stay in random.Random(night).sample(stays, len(stays)):
            driver = month.drivers[stay.driver]
            wish = _wish(month, driver, stay.driver, (stay.begin, stay.end), stay.wanted_wh)
            given_wh = room.promise(wish, [*standing, *honest.values()]).energy_wh
            honest[stay.driver] = replace(wish, energy_wh=given_wh)
            asked[stay.driver] = asked.get(stay.driver, 0.0) + stay.wanted_wh
        if ghosts and cancels:
            _improve(room, honest, {stay.driver: stay.wanted_wh for stay in stays})
        for driver_id, wish in honest.items():
            promised[driver_id] = promised.get(driver_id, 0.0) + wish.energy_wh
    return {driver: promised[driver] / asked[driver] for driver in asked}


def _improve(room: Room, honest: dict[str, Wish], wanted_wh: Mapping[str, float]) -> None:
    for driver, wish in list(honest.items()):
        if wish.energy_wh < wanted_wh[driver] - 1:
            others = [each for key, each in honest.items() if key != driver]
            again_wh = room.promise(replace(wish, energy_wh=wanted_wh[driver]), others).energy_wh
            honest[driver] = replace(wish, energy_wh=max(wish.energy_wh, again_wh))


def _book_ghosts(month: Month, room: Room, count: int) -> list[Wish]:
    wishes: list[Wish] = []
    for at in range(count):
        begin, end = (FROM + (UNTIL - FROM) * part // count for part in (at, at + 1))
        wish = _wish(month, GHOST, f"ghost {at}", (begin, end), USUAL_WISH_WH)
        wishes.append(replace(wish, energy_wh=room.promise(wish, wishes).energy_wh))
    return wishes


def _wish(month: Month, driver: Driver, key: str, stay: tuple[int, int], energy_wh: float) -> Wish:
    return Wish(
        key=key,
        circuit_id="site",  # type: ignore[arg-type]
        phases=driver.phases,
        power_phases=len(driver.phases),
        max_ma=driver.max_ma,
        energy_wh=energy_wh,
        start_s=stay[0] * month.period_s,
        end_s=stay[1] * month.period_s,
    )


def lost(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[float, float]:
    """By how much others' promises fell, on the mean and of the worst, in points."""
    falls: Sequence[float] = [100 * (before[driver] - after[driver]) for driver in before]
    return sum(falls) / len(falls), max(falls)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.month.ghosts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("month", type=Path)
    parser.add_argument("--nights", type=int)
    parser.add_argument("--guard", choices=("on", "off"), default="on")
    parser.add_argument("--lapse", action="store_true", help="the ghosts never cancel")
    asked = parser.parse_args()
    month = read_month(asked.month)
    month = replace(month, nights=month.nights[: asked.nights])
    honest = promised_shares(month, ghosts=0)
    print(f"no ghosts: {100 * sum(honest.values()) / len(honest):.1f} % promised", flush=True)
    for count in COUNTS[1:]:
        haunted = promised_shares(month, ghosts=count, guard=asked.guard == "on", cancels=not asked.lapse)
        mean, worst = lost(honest, haunted)
        print(
            f"{count} a night: others' promises fall by {mean:.1f} points, of the worst by {worst:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
