"""manage.py rate: what a session costs by a tariff, both OCPI objects."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pricing.rating.ocpi.fields import UnreadableError, parse
from pricing.rating.ocpi.report import rate_objects


class Command(BaseCommand):
    help = "Rate a CDR or session by a tariff, both JSON objects of OCPI 2.2.1 or 2.3.0, and write the costs as JSON."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tariff", type=Path, help="file with a Tariff object")
        parser.add_argument("cdr", type=Path, help="file with a CDR or Session object")
        parser.add_argument(
            "--time-zone", default="", help="of the location, like Europe/Berlin; else that of its country"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tariff, cdr = (_read(options[name]) for name in ("tariff", "cdr"))
            rated = rate_objects(tariff, cdr, time_zone=options["time_zone"])
        except UnreadableError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(rated, indent=2, ensure_ascii=False))


def _read(path: Path) -> Any:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}.") from error
    return parse(text, name=str(path))
