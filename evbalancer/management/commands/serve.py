import contextlib
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from evbalancer.ops import server


class Command(BaseCommand):
    help = "Serve HTTP, the dashboards' sockets and the OCPP endpoint."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        # uvicorn raises the Ctrl-C again after its own orderly end; here it is the end.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(server.config(host=options["host"], port=options["port"])).run()
