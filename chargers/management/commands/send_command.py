import json
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chargers.domain import operations
from chargers.domain.orders.arguments import make_order
from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand
from chargers.models.command import OPEN_STATES
from evbalancer.common.errors import DomainError
from grid.domain.audit import Actor
from grid.enums import ActorKind

SHELL = Actor(ActorKind.SYSTEM, "", "manage.py")


class Command(BaseCommand):
    help = "Queue a command for a charge point and wait for its result. docs/commands.md lists the arguments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("identity")
        parser.add_argument("kind", choices=[kind.value for kind in operations.BY_HAND])
        parser.add_argument("--connector", type=int, help="number of the connector it is for")
        parser.add_argument("--arguments", default="{}", help='as JSON, for example \'{"kind": "soft"}\'')
        parser.add_argument("--wait", type=float, default=30, help="seconds; 0 only queues it")

    def handle(self, *args: Any, **options: Any) -> None:
        charge_point = ChargePoint.objects.filter(identity=options["identity"], retired_at=None).first()
        if charge_point is None:
            raise CommandError(f"There is no charge point {options['identity']}.")
        connector = charge_point.connectors.filter(number=options["connector"], retired_at=None).first()
        if options["connector"] is not None and connector is None:
            raise CommandError(f"{options['identity']} has no connector {options['connector']}.")
        try:
            command = operations.order_command(
                charge_point,
                make_order(CommandKind(options["kind"]), _object(options["arguments"])),
                actor=SHELL,
                now=datetime.now(UTC),
                connector=connector,
            )
        except json.JSONDecodeError as error:
            raise CommandError(f"--arguments is not JSON: {error}") from error
        except DomainError as error:
            raise CommandError(error.detail) from error
        self._wait(command, wait_s=options["wait"])

    def _wait(self, command: ChargerCommand, *, wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while command.state in OPEN_STATES and time.monotonic() < deadline_s:
            time.sleep(0.1)
            command.refresh_from_db()
        self.stdout.write(command.get_state_display())
        if command.result is not None:
            self.stdout.write(json.dumps(command.result, indent=2))
        if command.error:
            self.stdout.write(command.error)


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise CommandError("--arguments is not a JSON object.")
    return found
