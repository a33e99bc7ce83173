"""Every order of what can happen to two connectors under one limit, each state judged: 0 may break the limit.

    python -m benchmarks.small_scope [--depth 12] [--states 1000000] [--cars stay|come] [--planted NAME] [--json]

The product's own exposure, gate and cover of cuts; charge points and wires are the simulation's. Ends at the depth or the number of
states, whichever comes first. With `--cars come` cars also begin and end to charge. `--planted` explores the rules with a fault
that was put in on purpose, and must find it: `--planted list` names them. Exits with 1 when a limit was broken.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace

from benchmarks import standalone  # noqa: F401 (first: it sets Django up)
from tests.scheduling.safety.scope.explore import Explorer, Found, Rules
from tests.scheduling.safety.scope.planted import PLANTED


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--states", type=int, default=1_000_000)
    parser.add_argument("--cars", choices=("stay", "come"), default="stay")
    parser.add_argument("--planted", choices=("", "list", *PLANTED), default="", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.planted == "list":
        print("\n".join(PLANTED))
        return 0
    rules = PLANTED.get(chosen.planted, Rules())
    rules = replace(rules, cars_come_and_go=chosen.cars == "come")
    found = Explorer(rules).explore(depth=chosen.depth, most_states=chosen.states)
    print(json.dumps(asdict(found)) if chosen.json else "\n".join(tell(found)))
    return 1 if found.broken else 0


def tell(found: Found) -> list[str]:
    speed = found.states / max(found.seconds, 1e-9)
    lines = [
        f"{found.states} states, {found.transitions} steps between them, {found.seconds:.0f} s ({speed:.0f} states/s)",
        "new states by steps: "
        + ", ".join(map(str, found.by_depth))
        + ("" if found.is_whole else " (cut off)"),
        "steps: " + ", ".join(f"{name} {count}" for name, count in found.acts.most_common()),
    ]
    if not found.broken:
        return [*lines, "0 states in which more could flow than the limit allows"]
    return [
        *lines,
        "too much could flow, in as few steps as can be:",
        *(f"  {line}" for line in found.broken),
    ]


if __name__ == "__main__":
    sys.exit(main())
