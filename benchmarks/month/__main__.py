"""A month of shortage: what each driver receives of what was wanted, night after night, with and without the ledger's memory.

    python -m benchmarks.month MONTH.json [--memory on|off|both] [--nights N] [--json]
    python -m benchmarks.month --seed 1 2 3
    python -m benchmarks.month MONTH.json --wronged d03 d04
    python -m benchmarks.month MONTH.json --games d03 d02 [--game twice silent] [--guard off]
    python -m benchmarks.month MONTH.json --picture shares.svg

A month is a file of schema evb-month/1, or made from `--seed` with habits of the same kinds: 16 usual drivers, 6 always late, 6 with
stays of two to three hours, 6 with large and 6 with small wishes. Every night is played in closed loop with the policy that the
balancer runs, real setpoints and a decision every 15 minutes. What a driver's word counts as, the ledger's lines, the drivers'
weights and what is learnt of them come from the product's own functions.

`--wronged` plays the month twice, once with nothing for a driver on three nights of the sixth to the eighth, and prints what part of that
loss is back after 3, 7, 14 and 22 more nights. `--games` plays it with one driver who cheats, in each of the games or in those
that `--game` names; a cheat's car takes what it needs and no more. `--guard off` believes every word.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.month import figures_of, given_back, months_asked_for, play_month, shares_of
from benchmarks.month.figures import Line
from benchmarks.month.games import GAMES, gain_of
from benchmarks.month.model import Month
from benchmarks.month.picture import picture_of


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.month",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("month", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, nargs="+", default=[])
    parser.add_argument("--nights", type=int, help="only the first so many")
    parser.add_argument("--memory", choices=("on", "off", "both"), default="both")
    parser.add_argument("--guard", choices=("on", "off"), default="on")
    parser.add_argument("--wronged", nargs="+", default=[], metavar="DRIVER")
    parser.add_argument("--games", nargs="+", default=[], metavar="DRIVER")
    parser.add_argument("--game", nargs="+", choices=list(GAMES), default=list(GAMES))
    parser.add_argument("--picture", type=Path, help="each driver's share with and without memory, as SVG")
    parser.add_argument(
        "--json", action="store_true", help="each driver's share as well, a JSON object a line"
    )
    asked = parser.parse_args()
    for played in months_asked_for(parser, asked):
        if unknown := {*asked.wronged, *asked.games} - {*played.drivers}:
            parser.error(f"no driver {', '.join(sorted(unknown))} in {played.name}")
        lines = {
            memory: _report(played, memory=memory, asked=asked)
            for memory in {"on": (True,), "off": (False,), "both": (True, False)}[asked.memory]
        }
        if asked.picture:
            asked.picture.write_text(picture_of(played, lines))


def _report(month: Month, *, memory: bool, asked: argparse.Namespace) -> Sequence[Line]:
    guard = asked.guard == "on"
    lines = play_month(month, memory=memory, guard=guard)
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
        back = given_back(month, driver, memory=memory, whole=lines)
        parts = ", ".join(f"{100 * part:.0f} % after {nights}" for nights, part in back.items())
        print(f"  {driver} ({month.drivers[driver].kind}) wronged for three nights: {parts}", flush=True)
    for driver in asked.games:
        for game in asked.game:
            gain, lost = gain_of(month, game, driver, honest=lines, memory=memory, guard=guard)
            print(
                f"  {driver} ({month.drivers[driver].kind}) {game}: {100 * gain:+.1f} % of the own energy; "
                f"the worst neighbour's share falls by {100 * lost:.1f} points",
                flush=True,
            )
    return lines


if __name__ == "__main__":
    main()
