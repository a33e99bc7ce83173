from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evbalancer.demo import database, local_smartcar, run, seed
from evbalancer.demo.accounts import shown_accounts


class Command(BaseCommand):
    help = "Maple Court on this machine: 34 simulated charge points behind a 100 kVA transformer, live in the browser."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--speed", type=float, default=1.0, help="batteries fill this much faster; the rest is real"
        )
        parser.add_argument("--seed", type=int, default=1, help="seed of arrivals and departures")
        parser.add_argument(
            "--reset", action="store_true", help="delete the demo of before, and begin a new one"
        )
        parser.add_argument(
            "--smartcar",
            choices=["mock", "fake"],
            default="mock",
            help="mock: a built-in provider; fake: a local Smartcar server, called through the real SDK",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has its own database; start it as: python3 manage.py demo")
        if not options["speed"] > 0:
            raise CommandError("--speed is a number above 0.")
        try:
            run.check_address(options["host"], options["port"])
            if options["smartcar"] == "fake" and not local_smartcar.is_there():
                # The SDK reads its addresses when it is imported, so the demo restarts with them.
                local_smartcar.demo_beside_it(options["host"], options["port"])
                return
            if options["reset"] and database.remove():
                self._tell("The demo of before is deleted.")
            database.prepare(tell=self._tell)
            cluster = seed.seed(now=datetime.now(UTC), tell=self._tell)
            self._greet(options["host"], options["port"])
            run.serve(
                cluster,
                host=options["host"],
                port=options["port"],
                speed=options["speed"],
                seed=options["seed"],
            )
        except run.DemoError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo has ended.")

    def _tell(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

    def _greet(self, host: str, port: int) -> None:
        name = f"[{host}]" if ":" in host else host
        lines = [
            "",
            f"  EV Balancer demo        http://{name}:{port}/",
            f"  Back office             http://{name}:{port}/admin/",
            f"  API                     http://{name}:{port}/api/docs",
            "",
            *(f"  {role:<10} {username:<10} {password}" for role, username, password in shown_accounts()),
            "",
            "  Simulated charge points connect now; the first cars come within a minute. Ctrl-C ends it.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
