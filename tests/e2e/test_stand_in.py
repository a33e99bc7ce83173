"""Redis answers and no worker is there: the web process balances, says so, and steps back when a worker has balanced."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from chargers.simulator.plant.battery import Car
from scheduling.domain.balancing.attendance import Absence, find_absences
from scheduling.domain.balancing.rebalance import share_power
from tests.e2e import site as places
from tests.e2e.conftest import serving

# A few seconds; a busy machine needs more.
POWER_WITHIN_S = 60


@pytest.fixture
def built(transactional_db: None) -> places.Built:
    return places.build()


@sync_to_async
def _absences(built: places.Built) -> list[Absence]:
    return find_absences([built.cluster.pk], now=datetime.now(UTC))


@pytest.mark.promise("E12")
@pytest.mark.skipif(not settings.REDIS_URL, reason="Without Redis there are no workers to stand in for")
async def test_car_gets_power_although_no_worker_is_there(built: places.Built, tmp_path: Path) -> None:
    with serving(tmp_path / "server.log", BALANCE_RUNNER="celery") as server:
        async with built.site(server.ocpp) as site:
            await site.connected(timeout_s=20)
            await site["A1"].plug_in(Car(soc_pct=20, phases=1, settle_s=1.0), id_tag="TAGA1")
            await site.until(lambda: max(site["A1"].draw_ma()) >= 6_000, timeout_s=POWER_WITHIN_S)
        [absence] = await _absences(built)
        assert (absence.since, absence.stand_in.endswith(f"(process {server.process.pid})")) == (None, True)
        # As a worker does it.
        await sync_to_async(share_power)(built.cluster.pk, now=datetime.now(UTC))
        assert await _absences(built) == []
    log = server.log.read_text()
    assert "this process stands in for the workers" in log
    assert "Traceback" not in log
