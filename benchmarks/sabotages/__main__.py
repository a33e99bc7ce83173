"""Put one fault after the other into the product, and live seeds with it until a judge objects.

    PYTHONHASHSEED=0 .venv/bin/python -m benchmarks.sabotages [--only WORD] [--seeds 50]

Each life is a process of its own, forked from this one with its SQLite database in memory, and ends with the first violation. Prints
the table of `results.md`. Ends with 1 where a sabotage was not found, and with an error where it changes what is not there.
"""

import argparse
import logging
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection

from benchmarks.sabotages.catalogue import SABOTAGES
from benchmarks.sabotages.sabotage import Sabotage, SpentSabotageError
from evbalancer.life import server
from evbalancer.life.apart import FORK, LifeFailedError, live_apart
from evbalancer.life.plan import Plan
from evbalancer.life.play import Report
from evbalancer.life.sites.catalogue import begin_of
from evbalancer.life.story import shrink, tale_of, write_tale
from evbalancer.ops.periodic import balance_cluster

HOUR_S = 3_600
# A rebalance comes with each event and, so that many lives fit into an hour, this often besides.
BEAT_S = 15


@dataclass(frozen=True)
class Found:
    judge: str
    sentence: str
    seed: int
    hours: float
    lived_h: float
    report: Report | None = None


def find(sabotage: Sabotage, *, seeds: int) -> Found | None:
    """The first violation of the first seed that has one."""
    lived_h = 0.0
    for seed in range(1, seeds + 1):
        plan = replace(sabotage.plan, seed=seed)
        calls = FORK.Value("L", 0)
        try:
            report = live_with(sabotage, plan, calls)
        except LifeFailedError as error:
            return Found("life", str(error).strip().splitlines()[-1], seed, 0.0, lived_h)
        if not calls.value:
            raise SpentSabotageError(f"{sabotage.name}: nobody calls {sabotage.where[0]}")
        lived_h += report.simulated_s / HOUR_S
        if report.violations:
            first = report.violations[0]
            hours = (first.at - begin_of(plan).timestamp()) / HOUR_S
            return Found(first.judge, first.sentence, seed, hours, lived_h, report)
    return None


def live_with(sabotage: Sabotage | None, plan: Plan, calls: Any = None) -> Report:
    return live_apart(plan, to_first=True, within=lambda: _life_with(sabotage, calls))


@contextmanager
def _life_with(sabotage: Sabotage | None, calls: object):
    rows = [replace(row, every_s=BEAT_S) if row.run is balance_cluster else row for row in server.ROWS]
    with mock.patch.object(server, "ROWS", rows):
        if sabotage is None:
            yield
        else:
            with sabotage.committed(calls):
                yield


def honest(plans: set[Plan], *, seeds: int) -> list[str]:
    """What judges object to in the same lives without any sabotage."""
    found = []
    for plan in sorted(plans, key=str):
        for seed in range(1, seeds + 1):
            report = live_with(None, replace(plan, seed=seed))
            found += [f"seed {seed} of {plan}: {violation}" for violation in report.violations]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="sabotages whose name or row has this word")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--honest", action="store_true", help="live the same lives without the sabotages")
    parser.add_argument("--stories", type=Path, help="write the story of each that is found into this folder")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    chosen = [each for each in SABOTAGES if options.only in f"{each.name} {each.row}"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    if options.honest:
        objections = honest({each.plan for each in chosen}, seeds=options.seeds)
        print("\n".join(objections) or "nobody objects")
        return 1 if objections else 0
    print(
        "| sabotage | row | judge | seed | after | lived | took |\n|---|---|---|---|---|---|---|", flush=True
    )
    missed = 0
    for sabotage in chosen:
        began_s = time.perf_counter()
        try:
            found = find(sabotage, seeds=options.seeds)
        except SpentSabotageError as error:
            print(f"    {error}", file=sys.stderr, flush=True)
            found = None
        took_s = time.perf_counter() - began_s
        missed += found is None
        words = ("nobody", "", "", "") if found is None else _words(found)
        print(f"| {sabotage.name} | {sabotage.row} | {' | '.join(words)} | {took_s:.0f} s |", flush=True)
        if found is not None:
            print(f"    {found.sentence}", file=sys.stderr, flush=True)
        if options.stories is not None and found is not None and found.report is not None:
            least = shrink(found.report, partial(live_with, sabotage))
            write_tale(tale_of(least), options.stories / f"{sabotage.name.replace(' ', '_')[:40]}.toml")
    return 1 if missed else 0


def _words(found: Found) -> tuple[str, ...]:
    return found.judge, str(found.seed), f"{found.hours:.2f} h", f"{found.lived_h:.1f} h"


if __name__ == "__main__":
    sys.exit(main())
