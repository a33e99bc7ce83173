"""More cars than fit, on a real server and real sockets: the physical sum of their currents keeps every limit."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async

from chargers.models import Connector
from chargers.simulator.plant.battery import Car
from chargers.simulator.play.site import Site
from grid.domain import limits
from grid.domain.audit import SYSTEM
from tests.e2e import site as places
from tests.e2e.conftest import Server

pytestmark = [pytest.mark.promise("E15"), pytest.mark.promise("E3"), pytest.mark.drill]

FIRST_6_A_S = 60
FULL_MA = places.TRANSFORMER_MA - places.BUILDING_MA
HALF_MA = places.TRANSFORMER_MA // 2 - places.BUILDING_MA


@pytest.fixture
def built(transactional_db: None) -> places.Built:
    return places.build()


async def test_limit_holds_while_it_is_cut_to_half_and_restored(built: places.Built, server: Server) -> None:
    async with built.site(server.ocpp, tick_s=0.1, seed=7) as site:
        await site.connected(timeout_s=20)
        await _every_default_is_confirmed(built)
        await asyncio.gather(*(_plug_in(site, spec.id, spec.phases) for spec in built.specs))
        # Ten cars load each phase six times: 36 A of the 66 that are free, so every one of them fits.
        await site.until(
            lambda: all(max(_draw(site, spec.id)) >= 6_000 for spec in built.specs), timeout_s=FIRST_6_A_S
        )

        cut = await _impose_half(built)
        noticed = cut.announced_at.timestamp() + built.cluster.cut_notice_s
        await site.until(lambda: max(site.history.now_ma("Transformer")) <= HALF_MA, timeout_s=60)
        assert time.time() <= noticed
        await asyncio.sleep(noticed - time.time() + 3)
        # Every charger has confirmed and every car has followed: it is in force after the notice, and covered.
        await cut.arefresh_from_db()
        assert (cut.effective_at.timestamp(), cut.uncovered_ma) == (noticed, 0)
        in_force = noticed

        restored_at = time.time()
        await sync_to_async(limits.lift_limit)(cut, actor=SYSTEM, now=datetime.now(UTC))
        await site.until(lambda: max(site.history.now_ma("Transformer")) > HALF_MA + 6_000, timeout_s=60)

        peaks = {name: site.history.peak_ma(name) for name in built.circuits}
        under_the_cut = site.history.peak_ma("Transformer", since=in_force, until=restored_at)
    assert max(peaks["Transformer"]) <= FULL_MA
    assert max(peaks["Panel A"]) <= places.PANEL_MA
    assert max(peaks["Panel B"]) <= places.PANEL_MA
    assert max(under_the_cut) <= HALF_MA


def _draw(site: Site, identity: str) -> tuple[int, int, int]:
    return site[identity].draw_ma()


async def _plug_in(site: Site, identity: str, phases: int) -> None:
    car = Car(battery_wh=60_000, soc_pct=20, phases=phases, max_ma=32_000, settle_s=4.0)
    await site[identity].plug_in(car, id_tag=f"TAG{identity}")


async def _every_default_is_confirmed(built: places.Built) -> None:
    """Until then a car that plugs in would draw its nameplate: no server can undo that before its first answer."""
    for _ in range(200):
        if not await Connector.objects.filter(
            fallback_ma=None, charge_point__cluster=built.cluster
        ).aexists():
            return
        await asyncio.sleep(0.1)
    pytest.fail("Not every charge point confirmed its fallback within 20 s")


@sync_to_async
def _impose_half(built: places.Built) -> limits.TemporaryLimit:
    return limits.impose_limit(
        built.transformer, pct=50, reason="Test of the cut", actor=SYSTEM, now=datetime.now(UTC)
    )
