"""What the real server keeps under load, and after the worst end: no stop lost, no locked database."""

import asyncio
import contextlib
import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from django.db import connection
from rest_framework_simplejwt.tokens import AccessToken
from websockets.exceptions import WebSocketException

from chargers.models import Session
from fleet.models import Vehicle, VehicleReading
from grid.models import Community
from tests.chargers.conftest import until
from tests.chargers.ocpp.test_processes import open_socket, stations
from tests.e2e.conftest import Server, database_url, serving
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory

ENERGY_WH = 1_000
STOPS = 24
WAIT_S = 120


async def call(ws: Any, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Say something and wait for the answer to it; the server's own calls are left unanswered."""
    await ws.send(json.dumps([2, action, action, payload]))
    while (frame := json.loads(await ws.recv()))[1] != action:
        pass
    assert frame[0] == 3, frame
    answer: dict[str, Any] = frame[2]
    return answer


async def charge(ws: Any, register_wh: int) -> int:
    """One transaction of 1 kWh; its id once the stop was acknowledged."""
    now = datetime.now(UTC).isoformat()
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": register_wh, "timestamp": now}
    transaction_id = (await call(ws, "StartTransaction", start))["transactionId"]
    end = {"transactionId": transaction_id, "meterStop": register_wh + ENERGY_WH, "timestamp": now}
    await call(ws, "StopTransaction", end)
    return int(transaction_id)


def hang_up() -> None:
    """The database throws everybody out in the middle of what they do."""
    with contextlib.closing(psycopg2.connect(database_url())) as killer, killer.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.promise("R10")
def test_no_acknowledged_stop_is_lost_when_the_database_hangs_up_and_the_server_is_killed(
    transactional_db: None, tmp_path: Path
) -> None:
    sites = stations(12)
    acknowledged: set[int] = set()
    on_postgresql = connection.vendor == "postgresql"
    connection.close()

    async def charger(server: Server, identity: str, key: str) -> None:
        """Transactions as fast as they are acknowledged, on a new socket whenever one ends, until the server is gone."""
        register_wh = 0
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(WebSocketException):
                    async with open_socket(server.ocpp, identity, key) as ws:
                        while True:
                            acknowledged.add(await charge(ws, register_wh))
                            register_wh += ENERGY_WH

    async def run(server: Server) -> None:
        running = [asyncio.create_task(charger(server, *site)) for site in sites]
        await asyncio.to_thread(until, lambda: len(acknowledged) >= STOPS, WAIT_S)
        if on_postgresql:
            hang_up()
            await asyncio.to_thread(until, lambda: len(acknowledged) >= 2 * STOPS, WAIT_S)
        assert server.process is not None
        server.process.send_signal(signal.SIGKILL)
        await asyncio.gather(*running)

    with serving(tmp_path / "server.log", BALANCE_RUNNER="none") as server:
        asyncio.run(run(server))
    stopped = Session.objects.filter(stopped_at__isnull=False, energy_wh=ENERGY_WH)
    assert acknowledged - set(stopped.values_list("transaction_id", flat=True)) == set()


def bearer(vehicle: Vehicle) -> dict[str, str]:
    return {"Authorization": f"Bearer {AccessToken.for_user(vehicle.driver.user)}"}


@pytest.mark.promise("R8")
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="What SQLite's one writer can bear")
def test_twenty_chargers_and_ten_writers_are_served_without_a_locked_database(
    transactional_db: None, tmp_path: Path
) -> None:
    turns, writes = 2, 3
    sites = stations(20)
    community = Community.objects.get()
    cars = [VehicleFactory(driver=DriverFactory(community=community)) for _ in range(10)]
    asking = [(car.pk, bearer(car)) for car in cars]

    async def charger(server: Server, identity: str, key: str) -> None:
        async with open_socket(server.ocpp, identity, key) as ws:
            for turn in range(turns):
                await charge(ws, turn * ENERGY_WH)

    async def writer(http: httpx.AsyncClient, car: Any, headers: dict[str, str]) -> list[int]:
        path = f"/fleet/vehicle/{car}"
        answers = [await http.patch(path, json={"charge_pct": pct}, headers=headers) for pct in range(writes)]
        return [answer.status_code for answer in answers]

    async def run(server: Server) -> list[list[int]]:
        async with httpx.AsyncClient(base_url=server.http, timeout=30) as http:
            charging = asyncio.gather(*(charger(server, *site) for site in sites))
            told = await asyncio.gather(*(writer(http, *who) for who in asking))
            await charging
        return told

    # As a building's small server runs: the balancer and the periodic jobs write too.
    with serving(tmp_path / "server.log", BALANCE_RUNNER="inprocess", REDIS_URL="") as server:
        assert asyncio.run(run(server)) == [[200] * writes] * len(cars)
    assert VehicleReading.objects.count() == len(cars) * writes
    assert Session.objects.filter(stopped_at__isnull=False, energy_wh=ENERGY_WH).count() == len(sites) * turns
    log = (tmp_path / "server.log").read_text()
    assert [word for word in ("locked", "Traceback") if word in log] == []
