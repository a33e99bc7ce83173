import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.play import live
from evbalancer.life.sites.catalogue import SITES
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

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
            os.execve(  # noqa: S606 (this program again)
                sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": HASH_SEED}
            )
        plan = Plan(
            seed=options["seed"], hours=options["hours"], site=options["site"], faults=options["faults"]
        )
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            report = live(plan, tell=self.stdout.write if options["verbosity"] > 1 else lambda _: None)
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)
        self.stdout.write(
            f"seed {plan.seed}, {plan.hours:g} h, site {plan.site}, faults {plan.faults}: {report.transactions} transactions, "
            f"{sum(report.rows.values())} rows, {report.speed:.0f} x real time, digest {report.digest[:16]}"
        )
        for line in report.tell():
            self.stdout.write(line)
        if report.violations:
            raise CommandError(f"{len(report.violations)} violations")
