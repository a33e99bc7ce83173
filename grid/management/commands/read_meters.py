import asyncio
import contextlib
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from evbalancer.common.db.database import NO_TABLES, lacks_tables
from grid.readers.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Read the building meters of the admin's list until the process is stopped. Run exactly one process."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(OperationalError):  # it may answer soon
            if lacks_tables():
                raise CommandError(NO_TABLES)
            connection.close()
        asyncio.run(_run())


async def _run() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Supervisor().run(stop)
