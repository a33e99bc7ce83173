"""The balancer's limits on a simulated 2.0.1 station: what is set, cut, lapsed and cleared is what its car draws."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from chargers.domain import keys, limits, operations
from chargers.enums import CommandKind, CommandState, OcppVersion, SessionState
from chargers.models import ChargerCommand, Connector, Session
from chargers.simulator.battery import Car
from chargers.simulator.site import Site
from chargers.simulator.spec import ChargePointSpec
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import Running, until
from tests.factories.drivers import DriverFactory, IdTagFactory

FALLBACK_MA = 6_000


class Simulated:
    """One simulated station in an event loop of its own."""

    def __init__(self, url: str, spec: ChargePointSpec) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="simulated station")
        self.thread.start()
        self.site = Site(url, tick_s=0.02)
        self.station: Any = self.site.add(spec)
        self.run(self.site.__aenter__())

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)

    def draws(self, current_ma: int) -> None:
        until(lambda: self.station.draw_ma()[0] == current_ma, wait_s=10)

    def stop(self) -> None:
        self.run(self.site.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()


@pytest.fixture
def simulated(endpoint: Running, connector: Connector, settings: Any) -> Iterator[Simulated]:
    settings.DEFAULT_WAIT_S = 2
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
    command = operations.order(
        connector.charge_point,
        kind,
        actor=SYSTEM,
        now=datetime.now(UTC),
        connector=connector,
        arguments=arguments,
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
    defaults = ChargerCommand.objects.filter(kind=CommandKind.SET_DEFAULT_LIMIT)
    written = defaults.count()
    ask(CommandKind.CLEAR_LIMITS)
    until(lambda: defaults.filter(state=CommandState.ACCEPTED).count() == written + 1)
    simulated.draws(FALLBACK_MA)
    until(lambda: Connector.objects.get().fallback_ma == FALLBACK_MA)
    assert Connector.objects.get().confirmed_ma is None
