from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from chargers.domain.sockets import keys
from chargers.domain.sockets.handover import Handover
from chargers.domain.stations import stations
from chargers.domain.stations.stations import NewConnector
from chargers.enums import PhaseRotation
from chargers.models import ChargePoint
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import Circuit


class Command(BaseCommand):
    help = "Add a charge point and print its URL and key. The key is shown only once, because only its hash is stored."

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
        parser.add_argument("--qr", action="store_true", help="print URL and key as a QR code as well")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        connector = NewConnector(
            self._circuit(options["circuit"]), options["phase_rotation"], options["max_current_a"] * 1_000
        )
        identity = options["identity"]
        try:
            charge_point = stations.add_charge_point(
                ChargePoint(identity=identity, name=options["name"] or identity),
                [connector] * options["connectors"],
            )
        except InvalidInput as refusal:
            raise CommandError(
                f"{refusal.field}: {refusal.detail}" if refusal.field else refusal.detail
            ) from refusal
        key = keys.issue_key(charge_point, actor=SYSTEM, now=datetime.now(UTC))
        handover = Handover(options["url"], identity, key)
        self.stdout.write(f"URL  {handover.url}")
        self.stdout.write(f"Key  {key}")
        if options["qr"]:
            self.stdout.write(handover.qr_text())

    def _circuit(self, pk: str) -> Circuit:
        try:
            return Circuit.objects.get(pk=pk, retired_at=None)
        except (Circuit.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no circuit {pk}.") from error
