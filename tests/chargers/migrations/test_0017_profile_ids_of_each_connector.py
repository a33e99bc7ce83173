"""What was written under ids that connectors shared is not relied upon any more, and is not forgotten either."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps

from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargerCommand, Connector
from tests.factories.chargers import ChargePointFactory, ConnectorFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def migrate() -> None:
    module = import_module("chargers.migrations.0017_profile_ids_of_each_connector")
    module.mark_shared_ids(apps, None)


def station(version=OcppVersion.V16, *, connectors=2, booted_at=NOW, of_each=True) -> list[Connector]:
    charge_point = ChargePointFactory(ocpp_version=version, booted_at=booted_at)
    found = [
        ConnectorFactory(
            charge_point=charge_point,
            number=number + 1,
            confirmed_ma=16_000,
            confirmed_at=NOW,
            confirmed_end_at=NOW + timedelta(minutes=10),
            default_from_at=NOW,
            fallback_ma=6_000,
            fallback_confirmed_at=NOW,
        )
        for number in range(connectors)
    ]
    for connector in found if of_each else []:
        ChargerCommand.objects.create(
            community=charge_point.community,
            charge_point=charge_point,
            connector=connector,
            kind=CommandKind.SET_FALLBACK,
            state=CommandState.ACCEPTED,
            idempotency_key=str(connector.pk),
            requested_by="x",
            queued_at=NOW,
            expires_at=NOW + timedelta(hours=1),
        )
    return found


def after(connector: Connector) -> Connector:
    return Connector.objects.select_related("charge_point").get(pk=connector.pk)


def test_confirmed_limits_of_16_are_in_doubt_until_they_end():
    first, second = map(after, migrated(station()))
    end_s = (NOW + timedelta(minutes=10)).timestamp()
    for connector in (first, second):
        assert connector.charge_point.shares_profile_ids
        assert (connector.confirmed_ma, connector.confirmed_at, connector.confirmed_end_at) == (None, None, None)
        assert (connector.doubts, connector.in_doubt_ma) == ([[16_000, end_s]], 16_000)
        assert connector.default_from_at is None


@pytest.mark.parametrize(
    ("connectors", "of_each", "fallback"),
    [
        # Of defaults of each connector only the last is left, and nobody knows which one that was.
        (2, True, (None, None)),
        (1, True, (6_000, None)),
        # One for the whole charge point was never anybody else's.
        (2, False, (6_000, NOW)),
    ],
)
def test_defaults_of_each_connector_are_written_again(connectors, of_each, fallback):
    for connector in map(after, migrated(station(connectors=connectors, of_each=of_each))):
        assert (connector.fallback_ma, connector.fallback_confirmed_at) == fallback


@pytest.mark.parametrize(
    "other", [{"version": OcppVersion.V201}, {"version": OcppVersion.V21}, {"booted_at": None}]
)
def test_charge_points_without_shared_ids_stay_as_they_are(other):
    for before in station(**other):
        migrate()
        connector = after(before)
        assert not connector.charge_point.shares_profile_ids
        assert (connector.confirmed_ma, connector.fallback_ma, connector.doubts) == (16_000, 6_000, [])


def migrated(connectors: list[Connector]) -> list[Connector]:
    migrate()
    return connectors
