import asyncio
import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evbalancer.ops import drill


class Command(BaseCommand):
    help = (
        "Kill a server of our own again and again under simulated charge points that misbehave, on this database, and "
        "report the highest physical sum on every circuit. For staging: it adds a community of its own and retires it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="4 kills instead of 30")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        plan = drill.Plan(seed=options["seed"])
        if options["quick"]:
            plan = drill.Plan(kills=4, down_s=(0.0, 8.0), seed=options["seed"])
        log = Path(tempfile.mkdtemp(prefix="drill-")) / "server.log"
        server = drill.ServerProcess(log=log, environment={})
        tell = (lambda _: None) if options["json"] else self.stdout.write
        try:
            report = asyncio.run(drill.play(server, plan, tell=tell))
        except (RuntimeError, TimeoutError) as error:
            raise CommandError(f"The drill could not be held: {error}") from error
        self.stdout.write(json.dumps(report.as_dict()) if options["json"] else str(report))
        if report.is_broken:
            raise CommandError("A limit was broken.")
