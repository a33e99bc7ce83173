from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chargers.domain.sockets import keys
from chargers.models import ChargePoint
from grid.domain.audit import SYSTEM


class Command(BaseCommand):
    help = "Prepare a charge point's next key and print it once; the old one is valid until the first login with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("identity")

    def handle(self, *args: Any, **options: Any) -> None:
        charge_point = ChargePoint.objects.filter(identity=options["identity"], retired_at=None).first()
        if charge_point is None:
            raise CommandError(f"There is no charge point {options['identity']}.")
        key = keys.rotate_key(charge_point, actor=SYSTEM, now=datetime.now(UTC))
        self.stdout.write(f"Key  {key}")
