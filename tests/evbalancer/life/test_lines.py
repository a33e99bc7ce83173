"""A plain echo stands for the endpoint."""

import asyncio
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidHandshake

from evbalancer.life.clock import run_simulated, simulated
from evbalancer.life.lines import UNNOTICED_S, Network


class Echo:
    def __init__(self, *, status=None):
        self.status = status
        self.heard = []
        self.scopes = []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        if self.status is not None:
            await send({"type": "websocket.http.response.start", "status": self.status, "headers": []})
            return
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            await send({"type": "websocket.send", "text": message["text"].upper()})
        self.heard.append(message["code"])


def run(act, server):
    with simulated(begin=datetime(2026, 3, 22, tzinfo=UTC), seed=3) as clock:
        return run_simulated(clock, act(server))


async def dialled(server):
    network = Network(seed=3)
    network.serve(server)
    headers = {"Authorization": "Basic eA=="}
    return network, await network.dial("ws://life/ocpp/A1", subprotocol="ocpp1.6", headers=headers, tls=None)


def test_frames_arrive_in_their_order_and_late():
    async def act(server):
        _, line = await dialled(server)
        began_s = asyncio.get_running_loop().time()
        for text in ("a", "b", "c"):
            await line.send(text)
        answers = [await line.recv() for _ in range(3)]
        return line.subprotocol, answers, asyncio.get_running_loop().time() - began_s

    server = Echo()
    subprotocol, answers, took_s = run(act, server)
    assert (subprotocol, answers, server.heard) == ("ocpp1.6", ["A", "B", "C"], ["a", "b", "c"])
    assert 0.02 < took_s < 0.5
    assert server.scopes[0]["path"] == "/ocpp/A1"
    assert (b"authorization", b"Basic eA==") in server.scopes[0]["headers"]


def test_refusal_is_a_failed_handshake():
    async def act(server):
        with pytest.raises(InvalidHandshake, match="401"):
            await dialled(server)

    run(act, Echo(status=401))


def test_cable_that_is_cut_is_noticed_late_by_the_server():
    async def act(server):
        _, line = await dialled(server)
        line.abort()
        with pytest.raises(ConnectionClosedError):
            await line.recv()
        at_once = list(server.heard)
        await asyncio.sleep(UNNOTICED_S[1] + 1)
        return at_once, server.heard

    assert run(act, Echo()) == ([], [1006])


def test_silent_charge_point_hears_afterwards_what_was_said_meanwhile():
    async def act(server):
        _, line = await dialled(server)
        line.pause_reading()
        await line.send("a")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await line.recv()
        line.resume_reading()
        return await line.recv()

    assert run(act, Echo()) == "A"


def test_crash_ends_all_lines_and_nobody_is_reached_until_it_serves_again():
    async def act(server):
        network, line = await dialled(server)
        await network.crash()
        with pytest.raises(ConnectionClosedError):
            await line.recv()
        with pytest.raises(ConnectionRefusedError):
            await network.dial("ws://life/ocpp/A1", subprotocol="ocpp1.6", headers={}, tls=None)
        network.serve(server)
        return await network.dial("ws://life/ocpp/A1", subprotocol="ocpp1.6", headers={}, tls=None)

    assert run(act, Echo()).subprotocol == "ocpp1.6"
