"""A month of shortage: what each driver receives of what was wanted, night after night, with and without the ledger's memory.

    python -m benchmarks.month MONTH.json [--memory on|off|both] [--nights N] [--tick 300] [--json]
    python -m benchmarks.month --seed 1 2 3
    python -m benchmarks.month MONTH.json --wronged d03 d04
    python -m benchmarks.month MONTH.json --game twice|split --who d03

A month is a file of schema evb-month/1, or made from `--seed` with habits of the same kinds: 16 usual drivers, 6 always late, 6 with
stays of two to three hours, 6 with large and 6 with small wishes. Every night is played in closed loop with the policy that the
balancer runs and real setpoints. Between nights the drivers' weights come from the product's own formula.

`--wronged` plays the month twice, once with nothing for a driver on three nights of the sixth to the eighth, and prints what part of that
loss is back after 3, 7, 14 and 22 more nights. `--game` plays it with one driver who cheats: `twice` asks for double, within the battery (what
counts is what was received up to the true wish), `split` makes three stays of a third each out of one, with one line in the ledger. Games by
re-asking while connected, false departures, silence and bookings need the rest of the product and are not played here.
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import argparse
import json
import math
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
os.environ.setdefault("DEBUG", "1")

import django

django.setup()

from scheduling.domain.fairness import REMEMBERED, faded, relative_weight
from scheduling.solver.closed_loop import Run, run_scenario
from scheduling.solver.live import live_policy
from scheduling.solver.problem import Circuit
from scheduling.solver.scenario import LEAST_A, VOLTS, Charger, Scenario, Session
from scheduling.solver.warm_up import warm_up

LITTLE = 0.3  # of the wish: a night below it counts as one that went badly
WRONGED_NIGHTS = range(5, 8)
GIVEN_BACK_AFTER = (3, 7, 14, 22)
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


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger: due_wh is what was wanted and full power could have brought."""

    night: int
    driver: str
    wanted_wh: float
    due_wh: float
    received_wh: float


@dataclass(frozen=True, slots=True)
class Figures:
    energy: float
    worst: float
    p10: float
    jain: float
    best: float
    longest_run: int


Denied = Callable[[int, str], bool]
Said = Callable[[Stay], Sequence[Stay]]


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


def weights_on(night: int, lines: Sequence[Line], drivers: Sequence[str]) -> dict[str, float]:
    """The ledger's weights on the evening of this night."""
    due = dict.fromkeys(drivers, 0.0)
    missed = dict.fromkeys(drivers, 0.0)
    for line in lines:
        age = timedelta(days=night - line.night)
        if age >= REMEMBERED:
            continue
        due[line.driver] += faded(age) * line.due_wh
        missed[line.driver] += faded(age) * max(0.0, line.due_wh - line.received_wh)
    usual = usual_on(night, lines)
    return {driver: relative_weight(due[driver], missed[driver], usual=usual) for driver in drivers}


def usual_on(night: int, lines: Sequence[Line]) -> float:
    """What part of its wishes the community missed, as the ledger says on the evening of this night."""
    due = missed = 0.0
    for line in lines:
        age = timedelta(days=night - line.night)
        if age < REMEMBERED:
            due += faded(age) * line.due_wh
            missed += faded(age) * max(0.0, line.due_wh - line.received_wh)
    return missed / due if due else 0.0


def play_month(
    month: Month,
    *,
    memory: bool,
    tick_s: int | None = None,
    before: Sequence[Line] = (),
    denied: Denied = lambda _night, _driver: False,
    said: Said = lambda stay: (stay,),
) -> list[Line]:
    """Play the nights that follow those of `before`. `denied`: who gets nothing; `said`: what a driver makes of a stay."""
    lines = list(before)
    first = 1 + max((line.night for line in lines), default=-1)
    for night in range(first, len(month.nights)):
        weights = weights_on(night, lines, list(month.drivers)) if memory else {}
        played = {
            f"{stay.driver}.{at}": each
            for stay in month.nights[night]
            if not denied(night, stay.driver)
            for at, each in enumerate(said(stay))
        }
        received = _play_night(month, played, weights, tick_s=tick_s)
        for stay in month.nights[night]:
            driver = month.drivers[stay.driver]
            of_stay = [key for key in played if key.startswith(f"{stay.driver}.")]
            wish_wh = max((played[key].wanted_wh for key in of_stay), default=stay.wanted_wh)
            most_wh = driver.max_w * (stay.end - stay.begin) * month.period_s / 3600
            lines.append(
                Line(
                    night,
                    stay.driver,
                    stay.wanted_wh,
                    min(wish_wh, most_wh),
                    sum(received[key] for key in of_stay),
                )
            )
    return lines


def _play_night(
    month: Month, stays: dict[str, Stay], weights: dict[str, float], *, tick_s: int | None
) -> dict[str, float]:
    """Wh that each stay received."""
    return received_wh(run_scenario(night_of(month, stays, weights), live_policy(), tick_s=tick_s))


def received_wh(run: Run) -> dict[str, float]:
    return {key: 1000 * sum(rates) * run.period_s / 3600 for key, rates in run.rates_kw.items()}


def night_of(month: Month, stays: dict[str, Stay], weights: dict[str, float]) -> Scenario:
    site = Circuit(
        "site",
        limit_ma=(month.limit_ma,) * 3,
        base_load_w_series=tuple(3 * each / 1000 * VOLTS for each in month.base_load_ma),
        base_load_ma_series=tuple((each,) * 3 for each in month.base_load_ma),
    )
    chargers = {
        each.id: Charger(each.id, "site", each.max_w, each.min_w, each.phases, VOLTS)
        for each in month.drivers.values()
    }
    sessions = tuple(
        Session(
            id=key,
            charger=stay.driver,
            arrive_s=stay.begin * month.period_s,
            depart_s=stay.end * month.period_s,
            begin=stay.begin,
            end=stay.end,
            energy_wh=stay.wanted_wh,
            max_w=month.drivers[stay.driver].max_w,
            priority=1,
            driver=stay.driver,
            weight=weights.get(stay.driver, 1.0),
        )
        for key, stay in stays.items()
    )
    return Scenario(month.name, month.period_s, month.periods, (site,), chargers, sessions, (), (), VOLTS)


def shares_of(lines: Sequence[Line]) -> dict[str, float]:
    """What each driver received of what was truly wanted. What an inflated wish brought beyond it counts nothing."""
    wanted: dict[str, float] = {}
    received: dict[str, float] = {}
    for line in lines:
        wanted[line.driver] = wanted.get(line.driver, 0.0) + line.wanted_wh
        received[line.driver] = received.get(line.driver, 0.0) + min(line.received_wh, line.wanted_wh)
    return {driver: received[driver] / wanted[driver] for driver in wanted}


def figures_of(lines: Sequence[Line]) -> Figures:
    shares = sorted(shares_of(lines).values())
    run: dict[str, int] = {}
    longest = 0
    for line in lines:
        went_badly = line.received_wh < LITTLE * line.wanted_wh
        run[line.driver] = run.get(line.driver, 0) + 1 if went_badly else 0
        longest = max(longest, run[line.driver])
    return Figures(
        energy=sum(min(line.received_wh, line.wanted_wh) for line in lines)
        / sum(line.wanted_wh for line in lines),
        worst=shares[0],
        p10=shares[len(shares) // 10],
        jain=sum(shares) ** 2 / len(shares) / sum(share**2 for share in shares),
        best=shares[-1],
        longest_run=longest,
    )


def given_back(
    month: Month, driver: str, *, memory: bool, tick_s: int | None = None, whole: Sequence[Line] = ()
) -> dict[int, float]:
    """After how many nights which part of what a wronged driver lost is back. `whole`: the month without the wrong."""
    begin, end = WRONGED_NIGHTS.start, WRONGED_NIGHTS.stop
    whole = whole or play_month(month, memory=memory, tick_s=tick_s)
    wronged = play_month(
        month,
        memory=memory,
        tick_s=tick_s,
        before=[line for line in whole if line.night < begin],
        denied=lambda night, who: who == driver and night in WRONGED_NIGHTS,
    )
    gain = [0.0] * len(month.nights)
    for lines, sign in ((wronged, 1), (whole, -1)):
        for line in lines:
            if line.driver == driver:
                gain[line.night] += sign * line.received_wh
    loss = -sum(gain[begin:end])
    if not loss:
        raise SystemExit(f"{driver} is not there on those nights, or received nothing anyway")
    return {after: sum(gain[end : end + after]) / loss for after in GIVEN_BACK_AFTER}


def asked_twice(stay: Stay, battery_wh: int) -> list[Stay]:
    return [replace(stay, wanted_wh=min(2 * stay.wanted_wh, max(battery_wh, stay.wanted_wh)))]


def split_in_three(stay: Stay) -> list[Stay]:
    cuts = [stay.begin + (stay.end - stay.begin) * part // 3 for part in range(4)]
    return [
        replace(stay, begin=begin, end=end, wanted_wh=stay.wanted_wh / 3) for begin, end in pairwise(cuts)
    ]


def game_gains(
    month: Month, game: str, gamer: str, *, memory: bool, tick_s: int | None, honest: Sequence[Line]
) -> tuple[float, float]:
    """How much more the gamer received, as a part of the honest month's, and how much the worst neighbour's share fell."""

    def said(stay: Stay) -> Sequence[Stay]:
        if stay.driver != gamer:
            return (stay,)
        return split_in_three(stay) if game == "split" else asked_twice(stay, month.drivers[gamer].battery_wh)

    before = shares_of(honest)
    after = shares_of(play_month(month, memory=memory, tick_s=tick_s, said=said))
    lost = max(before[driver] - after[driver] for driver in before if driver != gamer)
    return after[gamer] / before[gamer] - 1, lost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("month", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, nargs="+", default=[])
    parser.add_argument("--nights", type=int, help="only the first so many")
    parser.add_argument("--memory", choices=("on", "off", "both"), default="both")
    parser.add_argument("--tick", type=int, help="seconds between decisions; without it, the month's period")
    parser.add_argument("--wronged", nargs="+", default=[], metavar="DRIVER")
    parser.add_argument("--game", choices=("twice", "split"))
    parser.add_argument("--who", nargs="+", default=[], metavar="DRIVER")
    parser.add_argument(
        "--json", action="store_true", help="each driver's share as well, a JSON object a line"
    )
    asked = parser.parse_args()
    months = [read_month(asked.month)] if asked.month else []
    months += [generated_month(seed) for seed in asked.seed]
    if not months or bool(asked.game) != bool(asked.who):
        parser.error("name a month's file or --seed; --game goes with --who")
    warm_up()
    for month in months:
        played = replace(month, nights=month.nights[: asked.nights])
        if unknown := {*asked.wronged, *asked.who} - {*played.drivers}:
            parser.error(f"no driver {', '.join(sorted(unknown))} in {played.name}")
        for memory in {"on": (True,), "off": (False,), "both": (True, False)}[asked.memory]:
            _report(played, memory=memory, asked=asked)


def _report(month: Month, *, memory: bool, asked: argparse.Namespace) -> None:
    lines = play_month(month, memory=memory, tick_s=asked.tick)
    figures = figures_of(lines)
    name = f"{month.name}, memory {'on' if memory else 'off'}"
    if asked.json:
        shares: dict[str, Any] = shares_of(lines)
        print(json.dumps({"month": month.name, "memory": memory, "shares": shares}), flush=True)
    print(
        f"{name}: energy {100 * figures.energy:.1f} %, worst {figures.worst:.3f}, p10 {figures.p10:.3f}, "
        f"Jain {figures.jain:.4f}, best {figures.best:.3f}, longest run under 30 %: {figures.longest_run}",
        flush=True,
    )
    for driver in asked.wronged:
        back = given_back(month, driver, memory=memory, tick_s=asked.tick, whole=lines)
        parts = ", ".join(f"{100 * part:.0f} % after {nights}" for nights, part in back.items())
        print(f"  {driver} ({month.drivers[driver].kind}) wronged for three nights: {parts}", flush=True)
    for driver in asked.who:
        gain, lost = game_gains(month, asked.game, driver, memory=memory, tick_s=asked.tick, honest=lines)
        print(
            f"  {driver} ({month.drivers[driver].kind}) plays {asked.game}: {100 * gain:+.1f} % of the own energy; "
            f"the worst neighbour's share falls by {100 * lost:.1f} points",
            flush=True,
        )


if __name__ == "__main__":
    main()
