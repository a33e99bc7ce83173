"""A charge point that never says that it booted is asked, and made safe and configured without it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.sockets import connections
from chargers.enums import CommandKind, OcppVersion
from chargers.models import ChargePoint, ChargerCommand
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def queued() -> set[str]:
    return set(ChargerCommand.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("version", OcppVersion)
def test_silent_charge_point_is_asked_for_its_boot_and_then_configured(version: str) -> None:
    ConnectorFactory()
    ChargePoint.objects.update(
        connection_id=uuid4(),
        connected_at=NOW,
        online_until=NOW + timedelta(hours=1),
        ocpp_version=version,
        booted_at=None,
    )
    assert connections.greet_the_silent(now=NOW + timedelta(seconds=14)) == 0
    connections.greet_the_silent(now=NOW + timedelta(seconds=15))
    asked = ChargerCommand.objects.get()
    assert (asked.kind, asked.arguments) == (CommandKind.TRIGGER, {"message": "BootNotification"})
    connections.greet_the_silent(now=NOW + timedelta(seconds=29))
    assert ChargerCommand.objects.count() == 1
    for after_s in (30, 45, 60):
        connections.greet_the_silent(now=NOW + timedelta(seconds=after_s))
    wanted = {CommandKind.SET_DEFAULT_LIMIT, CommandKind.CHANGE_CONFIGURATION, CommandKind.READ_CONFIGURATION}
    assert wanted <= queued()
    assert ChargerCommand.objects.filter(kind=CommandKind.SET_DEFAULT_LIMIT).count() == 1
    # Nothing is known of its make, so nothing of it is taken for that of others who are silent too.
    assert ChargePoint.objects.get().kind is None


@pytest.mark.parametrize("change", [{"booted_at": NOW}, {"connection_id": None}, {"registration": "pending"}])
def test_who_booted_or_is_gone_or_not_accepted_is_left_alone(change: dict) -> None:
    ConnectorFactory()
    ChargePoint.objects.update(
        **{"connection_id": uuid4(), "connected_at": NOW, "online_until": NOW + timedelta(hours=1)} | change
    )
    assert connections.greet_the_silent(now=NOW + timedelta(minutes=1)) == 0
    assert not queued()
