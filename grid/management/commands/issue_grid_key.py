from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from grid.domain import grid_keys
from grid.domain.audit import SYSTEM
from grid.enums import GridKeyPurpose
from grid.models import Circuit


class Command(BaseCommand):
    help = "Issue a key for a meter's gateway or a grid operator and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("label", help="who will hold it, for example Meter in the cellar")
        parser.add_argument("--circuit", required=True, help="id of the circuit it is for")
        parser.add_argument("--purpose", choices=GridKeyPurpose.values, default=GridKeyPurpose.METER)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            circuit = Circuit.objects.get(pk=options["circuit"], retired_at=None)
        except (Circuit.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no circuit {options['circuit']}.") from error
        key, text = grid_keys.issue_grid_key(
            circuit,
            purpose=GridKeyPurpose(options["purpose"]),
            label=options["label"],
            actor=SYSTEM,
            now=datetime.now(UTC),
        )
        self.stdout.write(f"Id   {key.pk}")
        self.stdout.write(f"Key  {text}")
