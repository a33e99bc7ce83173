"""The balancer's limits on a simulated 2.0.1 station: what is set, cut, lapsed and cleared is what its car draws."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from chargers.domain import operations
from chargers.domain.limits import limits
from chargers.domain.orders.arguments import make_order
from chargers.domain.sockets import keys
from chargers.enums import CommandKind, CommandState, OcppVersion, SessionState
from chargers.models import ChargerCommand, Connector, Session
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import Running, until
from tests.chargers.ocpp.simulated import Simulated
from tests.factories.drivers import DriverFactory, IdTagFactory

FALLBACK_MA = 6_000


@pytest.fixture
def simulated(endpoint: Running, connector: Connector, settings: Any) -> Iterator[Simulated]:
    settings.FALLBACK_WAIT_S = 2
    connector.chosen_fallback_ma = FALLBACK_MA
    connector.save()
    IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    spec = ChargePointSpec(id=connector.charge_point.identity, key=key, version="2.0.1")
    simulated = Simulated(f"ws://127.0.0.1:{endpoint.port}/ocpp", spec)
    yield simulated
    simulated.stop()


def limit(limit_ma: int, *, for_s: float) -> None:
    connector, now = Connector.objects.get(), datetime.now(UTC)
    with transaction.atomic():
        limits.queue_limit(
            connector, Session.objects.get(), limit_ma=limit_ma, now=now, end_s=now.timestamp() + for_s
        )


def ask(kind: CommandKind, **arguments: Any) -> ChargerCommand:
    connector = Connector.objects.select_related("charge_point").get()
    command = operations.order_command(
        connector.charge_point,
        make_order(kind, arguments),
        actor=SYSTEM,
        now=datetime.now(UTC),
        connector=connector,
    )
    until(lambda: ChargerCommand.objects.get(pk=command.pk).state == CommandState.ACCEPTED)
    return ChargerCommand.objects.get(pk=command.pk)


@pytest.mark.promise("E1")
def test_default_waits_limits_are_followed_and_lapse_and_what_is_cleared_is_written_anew(
    simulated, connector
):
    until(lambda: Connector.objects.get().fallback_ma == FALLBACK_MA)
    assert Connector.objects.get().charge_point.ocpp_version == OcppVersion.V201
    simulated.run(simulated.station.plug_in(Car(settle_s=0), id_tag="VALID"))
    until(lambda: Session.objects.filter(state=SessionState.ACTIVE).exists())
    assert simulated.station.draw_ma()[0] == 0
    simulated.draws(FALLBACK_MA)
    limit(16_000, for_s=60)
    simulated.draws(16_000)
    limit(8_000, for_s=3)
    simulated.draws(8_000)
    schedule = ask(CommandKind.READ_LIMIT, duration_s=60).result["chargingSchedule"]
    assert [period["limit"] for period in schedule["chargingSchedulePeriod"]] == [8.0, 6.0]
    simulated.draws(FALLBACK_MA)
    limit(10_000, for_s=60)
    simulated.draws(10_000)
    fallbacks = ChargerCommand.objects.filter(kind=CommandKind.SET_FALLBACK)
    written = fallbacks.count()
    ask(CommandKind.CLEAR_LIMITS)
    until(lambda: fallbacks.filter(state=CommandState.ACCEPTED).count() == written + 1)
    simulated.draws(FALLBACK_MA)
    until(lambda: Connector.objects.get().fallback_ma == FALLBACK_MA)
    assert Connector.objects.get().confirmed_ma is None
