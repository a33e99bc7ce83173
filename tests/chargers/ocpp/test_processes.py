"""What a kill, a restart and a dead peer leave behind, with the real server as a process."""

import asyncio
import base64
import json
import signal
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from chargers.domain.sockets import connections, keys
from chargers.models import ChargePoint, MeterValue, Session
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import Charger, until
from tests.e2e.conftest import serving
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory


def stations(count: int) -> list[tuple[str, str]]:
    circuit = CircuitFactory()
    found = []
    for _ in range(count):
        charge_point = ConnectorFactory(circuit=circuit).charge_point
        found.append(
            (charge_point.identity, keys.issue_key(charge_point, actor=SYSTEM, now=datetime.now(UTC)))
        )
    return found


def open_socket(url, identity, key):
    token = base64.b64encode(f"{identity}:{key}".encode()).decode()
    return connect(
        f"{url}/{identity}",
        subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": f"Basic {token}"},
        compression=None,
        proxy=None,
        ping_interval=None,
    )


async def flood(url, identity, key, acknowledged) -> None:
    """Meter values as fast as they are answered, until the server is gone."""
    async with open_socket(url, identity, key) as ws:
        register = 0
        try:
            while True:
                register += 1
                value = {
                    "timestamp": datetime.now(UTC).isoformat(),
                    "sampledValue": [{"value": str(register)}],
                }
                await ws.send(
                    json.dumps([2, str(register), "MeterValues", {"connectorId": 1, "meterValue": [value]}])
                )
                while True:
                    frame = json.loads(await ws.recv())
                    if frame[0] == 3:
                        break
                acknowledged.append((identity, register))
        except ConnectionClosed:
            return


def test_every_acknowledged_message_survives_a_kill_in_the_middle_of_a_flood(transactional_db, tmp_path):
    acknowledged: list[tuple[str, int]] = []
    with serving(tmp_path / "server.log", BALANCE_RUNNER="none") as server:

        async def run() -> None:
            floods = [
                asyncio.create_task(flood(server.ocpp, *station, acknowledged)) for station in stations_
            ]
            await asyncio.sleep(2)
            server.process.send_signal(signal.SIGKILL)
            await asyncio.gather(*floods)

        stations_ = stations(20)
        asyncio.run(run())
        server.process.wait()
        server.process = None
    stored = set(MeterValue.objects.values_list("connector__charge_point__identity", "energy_wh"))
    assert len(acknowledged) > 200
    assert set(acknowledged) - stored == set()


@pytest.mark.promise("R3")
def test_sockets_of_a_killed_process_are_offline_when_their_leases_end(transactional_db, tmp_path):
    [(identity, key)] = stations(1)
    with serving(tmp_path / "server.log", BALANCE_RUNNER="none") as server:
        charger = Charger(server.ocpp.removesuffix("/ocpp"), identity, key).connect()
        charger.call("Heartbeat")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.process = None
        charger.close()
    station = ChargePoint.objects.get()
    assert station.connection_id is not None
    assert station.online_until < datetime.now(UTC) + timedelta(seconds=90)
    connections.end_lapsed_leases(now=station.online_until + timedelta(seconds=1))
    assert ChargePoint.objects.get().connection_id is None


@pytest.mark.promise("R4")
def test_restart_closes_with_1012_and_everybody_comes_back_to_the_same_session(transactional_db, tmp_path):
    sites = stations(20)

    async def begin(url, identity, key, started) -> int:
        async with open_socket(url, identity, key) as ws:
            await ws.send(
                json.dumps(
                    [
                        2,
                        "1",
                        "StartTransaction",
                        {
                            "connectorId": 1,
                            "idTag": "T",
                            "meterStart": 0,
                            "timestamp": "2026-01-01T00:00:00Z",
                        },
                    ]
                )
            )
            while (frame := json.loads(await ws.recv()))[0] != 3:
                pass
            started.append((identity, frame[2]["transactionId"]))
            try:
                while True:
                    await ws.recv()
            except ConnectionClosed as closing:
                return closing.rcvd.code if closing.rcvd else 0

    async def everybody(started) -> None:
        while len(started) < len(sites):  # noqa: ASYNC110 (a list that tasks fill)
            await asyncio.sleep(0.02)

    async def first(server) -> list[int]:
        waiting = [asyncio.create_task(begin(server.ocpp, *site, before)) for site in sites]
        await everybody(before)
        server.process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*waiting)

    async def again(server) -> None:
        waiting = [asyncio.create_task(begin(server.ocpp, *site, after)) for site in sites]
        await everybody(after)
        for task in waiting:
            task.cancel()

    before: list[tuple[str, int]] = []
    after: list[tuple[str, int]] = []
    with serving(tmp_path / "server.log", BALANCE_RUNNER="none") as server:
        assert asyncio.run(first(server)) == [1012] * len(sites)
        server.process.wait(timeout=15)
        assert server.process.returncode in {0, -signal.SIGTERM}
        server.process = None
        assert not ChargePoint.objects.exclude(connection_id=None).exists()
        server.start()
        began_s = time.monotonic()
        asyncio.run(again(server))
        assert time.monotonic() - began_s < 60
    assert sorted(before) == sorted(after)
    assert Session.objects.count() == len(sites)


@pytest.mark.promise("O9")
def test_peer_that_answers_no_ping_is_offline_soon(start_endpoint):
    [(identity, key)] = stations(1)
    endpoint = start_endpoint(ws_ping_interval=0.3, ws_ping_timeout=0.3)
    charger = Charger(f"ws://127.0.0.1:{endpoint.port}", identity, key).connect()
    charger.call("Heartbeat")
    # Half-open: the cable is out, nothing is read and nothing is answered.
    charger.ws.protocol.receive_data = Mock()
    until(lambda: ChargePoint.objects.get().connection_id is None, wait_s=10)
    charger.ws.socket.close()


@pytest.mark.promise("O9")
def test_peer_that_answers_no_ping_and_still_speaks_stays(start_endpoint):
    [(identity, key)] = stations(1)
    endpoint = start_endpoint(ws_ping_interval=0.3, ws_ping_timeout=0.3)
    charger = Charger(f"ws://127.0.0.1:{endpoint.port}", identity, key).connect()
    protocol, unanswered = charger.ws.protocol, []
    send_frame = protocol.send_frame
    protocol.send_frame = lambda frame: (
        unanswered.append(frame) if frame.opcode is Opcode.PONG else send_frame(frame)
    )
    connection_id = until(lambda: ChargePoint.objects.get().connection_id)
    began_s = time.monotonic()
    while time.monotonic() - began_s < 2:
        charger.call("Heartbeat")
        time.sleep(0.1)
    assert len(unanswered) > 2
    assert ChargePoint.objects.get().connection_id == connection_id
    # Silent now, and gone as soon as any other.
    until(lambda: ChargePoint.objects.get().connection_id is None, wait_s=10)
    charger.close()
