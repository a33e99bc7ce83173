from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from chargers.domain import commissioning, keys
from chargers.enums import PhaseRotation
from chargers.models import ChargePoint, Connector
from grid.domain.audit import SYSTEM
from grid.models import Circuit


class Command(BaseCommand):
    help = "Add a charge point and print its URL and its key, once: the key is stored as a hash only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("identity", help="what the charge point calls itself, for example WB-A03")
        parser.add_argument("--circuit", required=True, help="id of the circuit its connectors hang on")
        parser.add_argument("--name", default="", help="what people call the space")
        parser.add_argument("--connectors", type=int, default=1)
        parser.add_argument("--phase-rotation", default="", choices=list(PhaseRotation.values))
        parser.add_argument("--max-current-a", type=int, default=32)
        parser.add_argument(
            "--url", default="ws://127.0.0.1:8000", help="where charge points reach this server"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        circuit = self._circuit(options["circuit"])
        charge_point = ChargePoint(
            community_id=circuit.community_id,
            cluster_id=circuit.cluster_id,
            identity=options["identity"],
            name=options["name"] or options["identity"],
        )
        self._save(charge_point)
        for number in range(1, options["connectors"] + 1):
            self._save(
                Connector(
                    community_id=circuit.community_id,
                    charge_point=charge_point,
                    circuit=circuit,
                    number=number,
                    phase_rotation=options["phase_rotation"],
                    max_current_ma=options["max_current_a"] * 1_000,
                )
            )
        key = keys.issue_key(charge_point, actor=SYSTEM, now=datetime.now(UTC))
        self.stdout.write(f"URL  {options['url']}/ocpp/{quote(charge_point.identity)}")
        self.stdout.write(f"Key  {key}")

    def _circuit(self, pk: str) -> Circuit:
        try:
            return Circuit.objects.get(pk=pk, retired_at=None)
        except (Circuit.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no circuit {pk}.") from error

    def _save(self, row: ChargePoint | Connector) -> None:
        try:
            row.full_clean()
            if isinstance(row, Connector):
                commissioning.check_connector(row)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        row.save()
