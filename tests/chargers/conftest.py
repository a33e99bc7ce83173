"""A real server on a real port in a thread of its own, and charge points that are typed by hand."""

import asyncio
import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from websockets.sync.client import ClientConnection, connect

from chargers.domain.sockets import keys
from chargers.models import ChargePoint, Connector
from chargers.ocpp.sockets.consumer import OcppServer
from evbalancer.common.loopback import free_port
from evbalancer.ops.serving.tls import SocketProtocol
from grid.domain.audit import SYSTEM
from tests.factories.chargers import ConnectorFactory

# A bound for what comes at once: nothing is slower for it, and a busy machine no failure.
WAIT_S = 30.0
# What a charge point is asked at its first boot: its fallback and its maximum, its configuration (how many keys it takes at once,
# then those), and what it would grant.
FIRST_CALLS = (
    *["SetChargingProfile"] * 2,
    *["ChangeConfiguration"] * 7,
    *["GetConfiguration"] * 2,
    "GetCompositeSchedule",
)


class CallFailed(Exception):  # noqa: N818
    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


class Running:
    """The OCPP endpoint under uvicorn, as in production but for the process."""

    def __init__(self, **options: Any) -> None:
        self.ocpp = OcppServer()
        self.port = free_port()
        config = uvicorn.Config(
            self.application,
            host="127.0.0.1",
            port=self.port,
            ws=SocketProtocol,
            proxy_headers=False,
            **{"ws_max_size": 65_536, "ws_ping_interval": 20, "ws_ping_timeout": 20, **options},
            ws_per_message_deflate=False,
            lifespan="on",
            interface="asgi3",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, name="ocpp-test-server")

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self.ocpp(scope, receive, send)
            return
        for work in (self.ocpp.start, self.ocpp.stop):
            message = await receive()
            await work()
            await send({"type": f"{message['type']}.complete"})

    def start(self) -> None:
        self.thread.start()
        deadline_s = time.monotonic() + WAIT_S
        while not self.server.started:
            assert time.monotonic() < deadline_s, "the server did not start"
            time.sleep(0.005)
        self.loop = self.ocpp.writer._loop

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()

    def run(self, work: Any) -> Any:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=WAIT_S)


class Charger:
    """A charge point's end of the wire. Calls of the server are answered while it waits for something else."""

    def __init__(self, url: str, identity: str, key: str) -> None:
        self.url, self.identity, self.key = url, identity, key
        self.answers: dict[str, Any] = {"GetConfiguration": {}}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.ws: ClientConnection | None = None
        self.ssl: ssl.SSLContext | None = None
        self._open = ExitStack()
        self._count = 0

    def connect(
        self,
        *,
        key: str | bytes | None = None,
        path: str | None = None,
        subprotocols: Any = ("ocpp1.6",),
        **options: Any,
    ) -> "Charger":
        secret = self.key if key is None else key
        secret = secret.encode() if isinstance(secret, str) else secret
        credentials = base64.b64encode(self.identity.encode() + b":" + secret).decode()
        opening = connect(
            f"{self.url}/ocpp/{quote(self.identity) if path is None else path}",
            **{
                "ssl": self.ssl,
                "subprotocols": subprotocols,
                "additional_headers": {"Authorization": f"Basic {credentials}"},
                "compression": None,
                "proxy": None,
                "ping_interval": None,
                "close_timeout": 1,
                **options,
            },
        )
        self.ws = self._open.enter_context(opening)
        return self

    def close(self) -> None:
        self._open.close()

    def send(self, text: str | bytes) -> None:
        self.ws.send(text)

    def receive(self, wait_s: float = WAIT_S) -> Any:
        """The next frame, whatever it is."""
        return json.loads(self.ws.recv(timeout=wait_s))

    def next_answer(self, wait_s: float = WAIT_S) -> Any:
        """The next frame that is no call of the server; those are answered meanwhile."""
        deadline_s = time.monotonic() + wait_s
        while True:
            frame = self.receive(max(0.001, deadline_s - time.monotonic()))
            if frame[0] != 2:
                return frame
            self._answer(frame)

    def start_call(self, action: str, payload: dict[str, Any]) -> str:
        self._count += 1
        unique_id = f"{self.identity}-{self._count}"
        self.send(json.dumps([2, unique_id, action, payload]))
        return unique_id

    def call(
        self, action: str, payload: dict[str, Any] | None = None, *, wait_s: float = WAIT_S
    ) -> dict[str, Any]:
        unique_id = self.start_call(action, payload or {})
        while True:
            frame = self.next_answer(wait_s)
            if frame[1] == unique_id:
                break
        if frame[0] == 4:
            raise CallFailed(frame[2], frame[3])
        return frame[2]

    def expect(self, action: str, wait_s: float = WAIT_S) -> dict[str, Any]:
        """Wait for a call of the server and return its payload; others are answered and remembered."""
        deadline_s = time.monotonic() + wait_s
        while True:
            for at, (name, payload) in enumerate(self.calls):
                if name == action:
                    del self.calls[at]
                    return payload
            frame = self.receive(max(0.001, deadline_s - time.monotonic()))
            if frame[0] == 2:
                self._answer(frame)

    def listen(self, seconds: float) -> None:
        """Answer whatever comes for a while."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                frame = self.receive(left_s)
            except TimeoutError:
                return
            if frame[0] == 2:
                self._answer(frame)

    def _answer(self, frame: list[Any]) -> None:
        _, unique_id, action, payload = frame
        self.calls.append((action, payload))
        answer = self.answers.get(action, {"status": "Accepted"})
        answer = answer(payload) if callable(answer) else answer
        if isinstance(answer, CallFailed):
            self.send(json.dumps([4, unique_id, answer.code, "", {}]))
        elif answer is not None:
            self.send(json.dumps([3, unique_id, answer]))

    # What a charge point says

    def boot(self, **more: Any) -> dict[str, Any]:
        return self.call(
            "BootNotification", {"chargePointVendor": "Hand", "chargePointModel": "Typed", **more}
        )

    def status(self, status: str, connector: int = 1, **more: Any) -> None:
        self.call(
            "StatusNotification", {"connectorId": connector, "status": status, "errorCode": "NoError", **more}
        )

    def start(
        self, id_tag: str = "TAG", *, meter_wh: int = 1_000, at: str | None = None, connector: int = 1
    ) -> Any:
        payload = {
            "connectorId": connector,
            "idTag": id_tag,
            "meterStart": meter_wh,
            "timestamp": at or utc_now(),
        }
        return self.call("StartTransaction", payload)

    def stop(self, transaction_id: int, *, meter_wh: int = 2_000, at: str | None = None, **more: Any) -> Any:
        payload = {
            "transactionId": transaction_id,
            "meterStop": meter_wh,
            "timestamp": at or utc_now(),
            **more,
        }
        return self.call("StopTransaction", payload)

    def meter(
        self, transaction_id: int | None, register: float, *, at: str | None = None, connector: int = 1
    ) -> Any:
        payload = {
            "connectorId": connector,
            "meterValue": [
                {"timestamp": at or utc_now(), "sampledValue": [{"value": str(register), "unit": "Wh"}]}
            ],
        }
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return self.call("MeterValues", payload)


def utc_now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def until(condition: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    """Poll for something that another process or thread commits."""
    deadline_s = time.monotonic() + wait_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, "it did not come true in time"
        time.sleep(0.01)
    return found


@pytest.fixture
def start_endpoint(transactional_db: None) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**options: Any) -> Running:
        running = Running(**options)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def endpoint(start_endpoint: Callable[..., Running]) -> Running:
    return start_endpoint()


@pytest.fixture
def connector(transactional_db: None) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def add_charger(endpoint: Running) -> Iterator[Callable[..., Charger]]:
    """Charge points with a key of their own; closed at the end of the test."""
    chargers: list[Charger] = []

    def add(connector: Connector | None = None) -> Charger:
        charge_point: ChargePoint = (connector or ConnectorFactory()).charge_point
        key = keys.issue_key(charge_point, actor=SYSTEM, now=datetime.now(UTC))
        charger = Charger(f"ws://127.0.0.1:{endpoint.port}", charge_point.identity, key)
        chargers.append(charger)
        return charger

    yield add
    for charger in chargers:
        charger.close()


@pytest.fixture
def charger(add_charger: Callable[..., Charger], connector: Connector) -> Charger:
    """Not connected yet."""
    return add_charger(connector)


@pytest.fixture
def online(charger: Charger) -> Charger:
    """Connected, booted, and done with its first configuration."""
    charger.connect()
    charger.boot()
    for action in FIRST_CALLS:
        charger.expect(action)
    return charger
