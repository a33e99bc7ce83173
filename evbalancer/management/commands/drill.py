import asyncio
import contextlib
import json
import subprocess
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from evbalancer.ops.drill.blows import possible_blows
from evbalancer.ops.drill.play import QUICK, Plan, play
from evbalancer.ops.drill.processes import Server
from evbalancer.ops.drill.services import Missing, Service, own_services
from scheduling.models import RebalanceRun

# Room for the tables and a drill of minutes.
DISK_MB = 400
# Runs are stored at least once a minute for every cluster.
BALANCED_LATELY = timedelta(seconds=75)


class Command(BaseCommand):
    help = (
        "Kill a server repeatedly while simulated charge points misbehave, cut limits, and "
        "report the highest physical sum on every circuit. For staging: on this database it adds a community of its own and "
        "retires it; with --own-services it touches none of yours, and Redis and PostgreSQL are stopped too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="a minute instead of a quarter of an hour")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--kills", type=int, help="of the server; 30, with --quick 2")
        parser.add_argument(
            "--others",
            action="store_true",
            help="with --own-services, the other faults too: workers killed and away, a deploy, a full disk (as root)",
        )
        parser.add_argument(
            "--own-services",
            action="store_true",
            help="start a PostgreSQL, a Redis and workers for the drill, and stop, kill and freeze them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = replace(QUICK if options["quick"] else Plan(), seed=options["seed"])
        if options["kills"] is not None:
            plan = replace(plan, kills=options["kills"])
        if options["others"] and not options["own_services"]:
            raise CommandError("--others needs --own-services.")
        if options["others"]:
            plan = replace(plan, outages=0 if options["quick"] else plan.outages, blows=possible_blows())
        log = Path(tempfile.mkdtemp(prefix="drill-")) / "server.log"
        tell = (lambda _: None) if options["json"] else self.stdout.write
        tell(f"The servers' log is {log}")
        try:
            disk_mb = DISK_MB if "disk full" in plan.blows else None
            with _staged(log, own=options["own_services"], disk_mb=disk_mb) as (server, services):
                report = asyncio.run(play(server, plan, services=services, tell=tell))
        except (Missing, RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
            raise CommandError(f"The drill could not be held: {error}") from error
        self.stdout.write(json.dumps(report.as_dict()) if options["json"] else str(report))
        if report.is_broken:
            raise CommandError(f"Broken: {'; '.join(report.broken)}. The servers' log is {log}")


@contextlib.contextmanager
def _staged(log: Path, *, own: bool, disk_mb: int | None) -> Iterator[tuple[Server, list[Service]]]:
    secrets = {"SECRET_KEY": settings.SECRET_KEY, "CHARGER_KEY_PEPPER": settings.CHARGER_KEY_PEPPER}
    if not own:
        _refuse_company()
        yield Server(log, {**secrets, "BALANCE_RUNNER": "inprocess"}), []
        return
    with own_services(disk_mb=disk_mb) as (postgresql, redis):
        environment = {
            **secrets,
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
            "BALANCE_RUNNER": "celery",
        }
        server = Server(log, environment, with_workers=True)
        server.manage("migrate", "--verbosity", "0")
        server.manage("register_periodic_tasks")
        with _looking_at(postgresql.url):
            yield server, [postgresql, redis]


def _refuse_company() -> None:
    """Another server or worker would balance the drill's cluster too, and count with leases of another length."""
    if RebalanceRun.objects.filter(at__gt=datetime.now(UTC) - BALANCED_LATELY).exists():
        raise CommandError(
            "Something balances on this database, or did a minute ago: stop servers and workers, or use --own-services."
        )


@contextlib.contextmanager
def _looking_at(url: str) -> Iterator[None]:
    """This process reads and writes there, too."""
    chosen, before = connections.settings["default"], dict(connections.settings["default"])
    connections.close_all()
    chosen.update(connections.configure_settings({"default": environ.Env.db_url_config(url)})["default"])
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections.close_all()
        chosen.clear()
        chosen.update(before)
        connections["default"] = connections.create_connection("default")
