"""The compliance tool's side: a scripted charge point, and a manager who sends commands."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargerCommand, Connector
from chargers.orders import read_order
from drivers.models import IdTag
from tests.chargers.conftest import Charger, until
from tests.factories.drivers import DriverFactory, IdTagFactory

SETTLED = {CommandState.QUEUED, CommandState.SENT}


@pytest.fixture
def tag(connector: Connector) -> IdTag:
    """The valid id tag."""
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")


@pytest.fixture
def order(online: Charger, connector: Connector) -> Callable[..., tuple[dict[str, Any], ChargerCommand]]:
    """Send a command, answer it as told, and return its payload and what became of its row."""

    def order(
        kind: CommandKind, action: str, /, *, answer: Any = None, whole: bool = False, **arguments: Any
    ) -> tuple[dict[str, Any], ChargerCommand]:
        if answer is not None:
            online.answers[action] = answer
        command = commands.queue_command(
            connector.charge_point,
            read_order(kind, arguments),
            by="OCTT",
            now=datetime.now(UTC),
            connector=None if whole else connector,
        )
        payload = online.expect(action)
        until(lambda: ChargerCommand.objects.get(pk=command.pk).state not in SETTLED)
        command.refresh_from_db()
        return payload, command

    return order


@pytest.fixture
def charging(online: Charger, tag: IdTag) -> int:
    """The reusable state Charging: the id of a running transaction."""
    online.status("Preparing")
    online.call("Authorize", {"idTag": "VALID"})
    started = online.start("VALID")
    online.status("Charging")
    return started["transactionId"]


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
