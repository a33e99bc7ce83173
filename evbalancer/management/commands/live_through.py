import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from evbalancer.common.db.tables import create_test_database
from evbalancer.life.apart import live_all, live_apart
from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.play import Report, live
from evbalancer.life.sites.catalogue import SITES
from evbalancer.life.story import read_tale, shrink, tale_of, write_tale
from evbalancer.life.troubles.agenda import LEVELS

HASH_SEED = "0"
IN_MEMORY, POSTGRESQL = "sqlite://:memory:", ("postgres:", "postgresql:")
DATABASES = ("sqlite", "postgresql")


class Command(BaseCommand):
    help = (
        "Play the whole product under a simulated clock: charge points, cars, drivers, managers and faults from one seed, "
        "judged at every change. The same seed gives the same database. Uses a database of its own."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--seeds", type=_seeds, help="Several lives, for example 7-26.")
        parser.add_argument("--jobs", type=int, default=1, help="So many of them at once.")
        parser.add_argument("--hours", type=float, default=24)
        parser.add_argument("--site", choices=sorted(SITES), default=FIRST_SITE)
        parser.add_argument("--faults", choices=sorted(LEVELS), default="mild")
        parser.add_argument(
            "--database",
            choices=DATABASES,
            default="sqlite",
            help="In memory, or a database of its own on the PostgreSQL server that DATABASE_URL names.",
        )
        parser.add_argument("--story", type=Path, help="Play the story of this file instead of a seed.")
        parser.add_argument(
            "--write-story",
            type=Path,
            help="Live no further than to the first violation, leave out all that it does not take, and write the rest there. "
            "Needs --database sqlite.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        _begin_again(_environment(options["database"]))
        if options["write_story"] is not None and options["database"] != "sqlite":
            raise CommandError("A story is only written with --database sqlite.")
        with _own_database():
            found = self._live_all(options) if options["seeds"] else self._live_one(options)
        if found:
            raise CommandError(f"{found} violations")

    def _live_all(self, options: dict[str, Any]) -> int:
        plans = [_plan({**options, "seed": seed}) for seed in options["seeds"]]
        found = 0
        for plan, report in live_all(plans, jobs=options["jobs"]):
            if isinstance(report, Report):
                found += self._tell(report)
            else:
                found += 1
                self.stdout.write(f"seed {plan.seed} failed: {report}")
        return found

    def _live_one(self, options: dict[str, Any]) -> int:
        plan = _plan(options)
        if options["write_story"] is not None:
            return self._tell(self._find_story(plan, options["write_story"]))
        return self._tell(live(plan, tell=self.stdout.write if options["verbosity"] > 1 else lambda _: None))

    def _tell(self, report: Report) -> int:
        """One line, and the story of what was found. Returns how much that was."""
        plan = report.plan
        self.stdout.write(
            f"seed {plan.seed}, {plan.hours:g} h, site {plan.site}, faults {plan.faults}: {report.transactions} transactions, "
            f"{sum(report.rows.values())} rows, {report.speed:.0f} x real time, digest {report.digest[:16]}"
        )
        if report.felt:
            self.stdout.write(", ".join(f"{what} {count} x" for what, count in report.felt.items()))
        for line in report.tell():
            self.stdout.write(line)
        self.stdout.flush()
        return len(report.violations)

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


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _environment(database: str) -> dict[str, str]:
    """The order of sets is part of a life, and so is the database."""
    url = os.environ.get("DATABASE_URL", "")
    if database == "postgresql" and not url.startswith(POSTGRESQL):
        raise CommandError(
            "Set DATABASE_URL to a PostgreSQL server, for example postgres://user@127.0.0.1/name."
        )
    return {"PYTHONHASHSEED": HASH_SEED, "DATABASE_URL": url if database == "postgresql" else IN_MEMORY}


def _begin_again(environment: dict[str, str]) -> None:
    """Both are read at the start of a process: this program again, unless it has them."""
    if any(os.environ.get(name) != value for name, value in environment.items()):
        os.execve(  # noqa: S606 (this program)
            sys.executable, [sys.executable, *sys.argv], {**os.environ, **environment}
        )


@contextmanager
def _own_database() -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    if connection.vendor != "sqlite":
        # Several of these commands may run at once.
        connection.settings_dict["TEST"]["NAME"] = f"life_{os.getpid()}"
    create_test_database()
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
