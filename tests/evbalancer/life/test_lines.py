"""A plain echo stands for the endpoint."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidHandshake

from evbalancer.life.clock import run_simulated, simulated
from evbalancer.life.lines import UNNOTICED_S, Network, Weather


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


async def dialled(server, *, seed=3):
    network = Network(seed=seed)
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


def weathered(**options):
    """A line in bad weather, and what was felt of it."""

    async def dial(server, *, seed=3):
        network, line = await dialled(server, seed=seed)
        network.weather["A1"] = Weather(random.Random(3), network.felt, **options)
        return network, line

    return dial


def test_frames_are_lost_in_both_directions():
    async def act(server):
        network, line = await weathered(loses=0.5)(server)
        for number in range(100):
            await line.send(str(number))
        await asyncio.sleep(60)
        del network.weather["A1"]
        await line.send("a")
        answers = []
        while (answer := await line.recv()) != "A":
            answers.append(answer)
        return answers, network.felt

    server = Echo()
    answers, felt = run(act, server)
    heard = server.heard[:-1]
    assert felt == {"frame lost": 100 - len(heard) + len(heard) - len(answers)}
    assert 20 < len(answers) < len(heard) - 10 < 70
    # What arrives arrives in its order.
    assert heard == sorted(heard, key=int)


def test_repeated_frames_arrive_one_after_the_other():
    async def act(server):
        network, line = await weathered(repeats=1.0)(server)
        await line.send("a")
        await asyncio.sleep(60)
        return [await line.recv() for _ in range(4)], network.felt

    server = Echo()
    assert run(act, server) == (["A"] * 4, {"frame repeated": 3})
    assert server.heard == ["a", "a"]


def test_frame_under_way_when_its_line_is_cut_arrives_after_those_of_the_next_line_or_never():
    async def act(server):
        orders = set()
        for seed in range(10):
            server.heard.clear()
            network, line = await weathered(cuts_next=True)(server, seed=seed)
            await line.send("old")
            with pytest.raises(ConnectionClosedError):
                await line.recv()
            again = await network.dial("ws://life/ocpp/A1", subprotocol="ocpp1.6", headers={}, tls=None)
            await again.send("new")
            await asyncio.sleep(60)
            orders.add((*(each for each in server.heard if each != 1006), *network.felt.elements()))
            await network.crash()
        return orders

    server = Echo()
    assert run(act, server) == {("new", "old", "frame overtaken"), ("new", "frame lost in a cut")}


def test_process_that_is_gone_says_nothing_more_and_refuses_no_frame():
    async def act(server):
        network, line = await dialled(server)
        await line.send("a")
        network.hush()
        await asyncio.sleep(1)
        await network.crash()
        with pytest.raises(ConnectionClosedError):
            await line.recv()

    run(act, Echo())
