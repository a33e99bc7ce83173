"""A month of stays: drivers with habits, and who wants what on each night. Read from a file, or made from a seed."""

import argparse
import json
import math
import random
from dataclasses import dataclass, replace
from pathlib import Path

from scheduling.solver.play.scenario import LEAST_A, VOLTS
from scheduling.solver.warm_up import warm_up

KINDS = {"usual": 16, "late": 6, "short": 6, "big": 6, "small": 6}
# Begin and end in quarter-hours after 16:00 (of a short stay its length), and kWh a night: each driver's own habit lies between.
HABITS = {
    "usual": ((4, 12), (58, 64), (12, 23)),
    "late": ((26, 36), (58, 64), (10, 22)),
    "short": ((4, 16), (8, 12), (8, 16)),
    "big": ((2, 14), (56, 66), (43, 60)),
    "small": ((2, 14), (56, 66), (5, 9)),
}
PERIODS, PERIOD_S, LIMIT_MA = 72, 900, 54_000


@dataclass(frozen=True, slots=True)
class Driver:
    id: str
    kind: str
    phases: tuple[int, ...]
    max_ma: int
    battery_wh: int

    @property
    def max_w(self) -> float:
        return self.max_ma / 1000 * VOLTS * len(self.phases)

    @property
    def min_w(self) -> float:
        return LEAST_A * VOLTS * len(self.phases)

    @property
    def min_ma(self) -> int:
        return int(1000 * LEAST_A)


@dataclass(frozen=True, slots=True)
class Stay:
    """From and until which period, the end exclusive, and what is wanted."""

    driver: str
    begin: int
    end: int
    wanted_wh: float


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    period_s: int
    periods: int
    limit_ma: int
    base_load_ma: tuple[int, ...]
    drivers: dict[str, Driver]
    nights: tuple[tuple[Stay, ...], ...]


def read_month(path: Path) -> Month:
    data = json.loads(path.read_text())
    if data.get("format") != "evb-month/1":
        raise SystemExit(f"{path}: not a file of schema evb-month/1")
    drivers = {
        each["id"]: Driver(
            each["id"],
            each["kind"],
            tuple(phase - 1 for phase in each["phases"]),
            each["max_ma"],
            each["battery_wh"],
        )
        for each in data["drivers"]
    }
    nights = tuple(
        tuple(Stay(each["driver"], each["begin"], each["end"], each["wanted_wh"]) for each in night)
        for night in data["nights"]
    )
    return Month(
        name=path.stem,
        period_s=data["period_s"],
        periods=data["periods"],
        limit_ma=data["limit_ma_per_phase"],
        base_load_ma=tuple(data["base_load_ma_per_phase"]),
        drivers=drivers,
        nights=nights,
    )


def generated_month(seed: int, *, nights: int = 30) -> Month:
    """A month of the same habits: the same seed gives the same month."""
    dice = random.Random(seed)
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    dice.shuffle(kinds)
    drivers: dict[str, Driver] = {}
    single = 0
    for at, kind in enumerate(kinds):
        is_three = dice.random() < 0.4
        phases = (0, 1, 2) if is_three else (single % 3,)
        single += not is_three
        battery_wh = 75_000 if kind == "big" else 60_000
        drivers[f"d{at:02}"] = Driver(f"d{at:02}", kind, phases, 16_000 if is_three else 32_000, battery_wh)
    habits = {each.id: [dice.uniform(*span) for span in HABITS[each.kind]] for each in drivers.values()}
    stays = tuple(
        tuple(_stay(each, habits[each.id], dice) for each in drivers.values() if dice.random() >= 0.12)
        for _ in range(nights)
    )
    # An evening's bump over a night's base, as in the file's building.
    base = tuple(
        round(LIMIT_MA * (0.1 + 0.22 * math.exp(-(((at - 14) / 7.2) ** 2)))) for at in range(PERIODS)
    )
    return Month(f"generated, seed {seed}", PERIOD_S, PERIODS, LIMIT_MA, base, drivers, stays)


def _stay(driver: Driver, habit: list[float], dice: random.Random) -> Stay:
    begin = int(max(0, min(60, dice.gauss(habit[0], 2))))
    if driver.kind == "short":
        end = begin + int(max(6, dice.gauss(habit[1], 1.5)))
    else:
        end = int(dice.gauss(habit[1], 1.5))
    wanted_wh = 1000 * max(2.0, dice.gauss(habit[2], 0.15 * habit[2]))
    return Stay(driver.id, begin, min(PERIODS, max(begin + 4, end)), min(driver.battery_wh, round(wanted_wh)))


def months_asked_for(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> list[Month]:
    """The file and the seeds of a command line, each cut to the nights that it wants; the solver is ready for them."""
    months = [read_month(asked.month)] if asked.month else []
    months += [generated_month(seed) for seed in asked.seed]
    if not months:
        parser.error("name a month's file or --seed")
    warm_up()
    return [replace(month, nights=month.nights[: asked.nights]) for month in months]
