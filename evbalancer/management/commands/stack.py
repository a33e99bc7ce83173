import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evbalancer.common.db.database import NO_TABLES, lacks_tables
from evbalancer.ops.stack import Stack, plan

NO_REDIS = "Several processes need Redis between them: set REDIS_URL. Without it, `manage.py serve` does all the work alone."


class Command(BaseCommand):
    help = "Run all processes of an install beside each other, as docker-compose.yml does, and start again what ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", type=int, default=1, help="web processes, on ports from --port on")
        parser.add_argument("--workers", type=int, default=1, help="workers that balance")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--together", action="store_true", help="one worker for all other queues, for a small machine"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError(NO_REDIS)
        if min(options["web"], options["workers"]) < 1:
            raise CommandError("One web process and one worker are the least.")
        if lacks_tables():
            raise CommandError(NO_TABLES)
        # A shard for each worker, unless the settings say otherwise.
        os.environ.setdefault("BALANCE_SHARDS", str(options["workers"]))
        plans = plan(
            web=options["web"],
            workers=options["workers"],
            port=options["port"],
            together=options["together"],
        )
        Stack(plans, self._tell).run()

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
