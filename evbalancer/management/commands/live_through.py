import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from evbalancer.life.apart import live_apart
from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.play import Report, live
from evbalancer.life.sites.catalogue import SITES
from evbalancer.life.story import read_tale, shrink, tale_of, write_tale
from evbalancer.life.troubles import TROUBLES_S

# The order of sets is part of a life.
HASH_SEED = "0"


class Command(BaseCommand):
    help = (
        "Play the whole product under a simulated clock: charge points, cars, drivers, managers and faults from one seed, "
        "judged at every change. The same seed gives the same database. Uses a database of its own."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--hours", type=float, default=24)
        parser.add_argument("--site", choices=sorted(SITES), default=FIRST_SITE)
        parser.add_argument("--faults", choices=sorted(TROUBLES_S), default="mild")
        parser.add_argument("--story", type=Path, help="Play the story of this file instead of a seed.")
        parser.add_argument(
            "--write-story",
            type=Path,
            help="Live no further than to the first violation, leave out all that it does not take, and write the rest there. "
            "Needs DATABASE_URL=sqlite://:memory:.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
            os.execve(  # noqa: S606 (this program again)
                sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": HASH_SEED}
            )
        plan = _plan(options)
        with _own_database():
            if options["write_story"] is None:
                report = live(plan, tell=self.stdout.write if options["verbosity"] > 1 else lambda _: None)
            else:
                report = self._find_story(plan, options["write_story"])
        plan = report.plan
        self.stdout.write(
            f"seed {plan.seed}, {plan.hours:g} h, site {plan.site}, faults {plan.faults}: {report.transactions} transactions, "
            f"{sum(report.rows.values())} rows, {report.speed:.0f} x real time, digest {report.digest[:16]}"
        )
        for line in report.tell():
            self.stdout.write(line)
        if report.violations:
            raise CommandError(f"{len(report.violations)} violations")

    def _find_story(self, plan: Plan, path: Path) -> Report:
        found = live_apart(plan, to_first=True)
        if not found.violations:
            return found
        self.stdout.write(f"{found.violations[0]}")
        least = shrink(found, lambda smaller: live_apart(smaller, to_first=True), tell=self.stdout.write)
        write_tale(tale_of(least), path)
        return least


def _plan(options: dict[str, Any]) -> Plan:
    if options["story"] is not None:
        return read_tale(options["story"]).plan
    return Plan(seed=options["seed"], hours=options["hours"], site=options["site"], faults=options["faults"])


@contextmanager
def _own_database() -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
