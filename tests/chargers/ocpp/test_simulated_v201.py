"""A simulated 2.0.1 station, which is built on another implementation of OCPP: a car's whole stay on the wire."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chargers.domain.sockets import keys
from chargers.enums import ConnectorStatus, OcppVersion, SessionState
from chargers.models import Connector, MeterValue, OrphanMessage, Session
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site
from drivers.models import Driver, User
from evbalancer.dashboard.live.snapshots import ROWS, cluster_snapshot
from grid.domain.audit import SYSTEM
from pricing.models import BillLine
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory, manager_of

TAG = "2.0.1-CARD"


@pytest.fixture
def connector(transactional_db: None, settings) -> Connector:
    # Nobody balances here: the fallback alone lets the car draw.
    settings.FALLBACK_WAIT_S = 0
    settings.OCPP_METER_SAMPLE_S = 1
    return ConnectorFactory(max_current_ma=32_000, chosen_fallback_ma=32_000)


@pytest.fixture
def driver(connector) -> Driver:
    return IdTagFactory(driver=DriverFactory(community=connector.community), token=TAG).driver


@pytest.fixture
def manager(connector) -> User:
    return manager_of(connector.community)


@pytest.fixture
def site(endpoint, connector) -> Site:
    charge_point = connector.charge_point
    key = keys.issue_key(charge_point, actor=SYSTEM, now=datetime.now(UTC))
    site = Site(f"ws://127.0.0.1:{endpoint.port}/ocpp", tick_s=0.05)
    site.add(ChargePointSpec(id=charge_point.identity, key=key, version="2.0.1", phases=3, rotation="RST"))
    return site


async def test_cars_stay_is_metered_shown_and_billed(site, connector, driver, manager):
    identity = connector.charge_point.identity
    async with site:
        await site.connected(timeout_s=10)
        await until(lambda: Connector.objects.get().fallback_ma == 32_000)
        car = Car(battery_wh=60_000, soc_pct=20, phases=3, max_ma=32_000, settle_s=0.1)
        await site[identity].plug_in(car, id_tag=TAG)
        await until(lambda: Connector.objects.get().status == ConnectorStatus.CHARGING)
        await until(lambda: state_shown(connector, manager) == "charging")
        await site.until(lambda: site[identity].connector(1).register_wh >= 3, timeout_s=10)
        await site[identity].unplug()
        await until(lambda: Session.objects.get().state == SessionState.ENDED)
        drawn_wh = round(site[identity].connector(1).register_wh)
    await asyncio.to_thread(check, connector, driver, drawn_wh)


def state_shown(connector, manager):
    """Of its row on the live page."""
    (row,) = cluster_snapshot(connector.charge_point.cluster, viewer=manager, now=datetime.now(UTC))[ROWS]
    return row["state"]


def check(connector, driver, drawn_wh):
    session = Session.objects.select_related("connector__charge_point").get()
    assert session.connector.charge_point.ocpp_version == OcppVersion.V201
    assert (session.driver, session.energy_wh, session.stop_reason) == (driver, drawn_wh, "EVDisconnected")
    last = int(session.events_heard.removeprefix("0-"))
    assert last >= 2
    assert MeterValue.objects.filter(session=session).count() >= 2
    assert BillLine.objects.get().energy_wh == drawn_wh
    assert (OrphanMessage.objects.count(), session.connector.status) == (0, ConnectorStatus.AVAILABLE)


async def until(is_so: Callable[[], bool], wait_s: float = 10) -> None:
    for _ in range(int(wait_s / 0.05)):
        if await asyncio.to_thread(is_so):
            return
        await asyncio.sleep(0.05)
    pytest.fail("It did not come true in time")
