"""A load generator for WebSockets that costs little: frames by hand, one process, one core.

Messages are masked with zeros, so that the client's own masking is no work; the server unmasks all the same.
"""

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

OPEN_AT_ONCE = 100


class Peer(asyncio.Protocol):
    """One WebSocket. `on_text` is called with every text message."""

    def __init__(
        self, path: str, *, authorization: str, subprotocol: str, on_text: Callable[["Peer", bytes], None]
    ) -> None:
        self.path = path
        self.on_text = on_text
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._headers = (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n"
            + (f"Authorization: Basic {authorization}\r\n" if authorization else "")
            + "\r\n"
        )
        self._buffer = b""
        self._is_open = False
        self.state: object = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        transport.write(self._headers.encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed in the handshake"))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(data[:40].decode()))
                return
            self._is_open = True
            self.opened.set_result(None)
            data = data[end + 4 :]
        self._buffer = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        at = 0
        while len(data) - at >= 2:
            opcode, size, begin = data[at] & 15, data[at + 1] & 127, at + 2
            if size == 126:
                if len(data) - at < 4:
                    break
                size, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if len(data) < begin + size:
                break
            payload = data[begin : begin + size]
            at = begin + size
            if opcode == 1:
                self.on_text(self, payload)
            elif opcode == 9:
                self._write(10, payload)
        return data[at:]

    def send(self, text: bytes) -> None:
        self._write(1, text)

    def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        head = (
            struct.pack("!BB", 128 | opcode, 128 | size)
            if size < 126
            else struct.pack("!BBH", 128 | opcode, 254, size)
        )
        self.transport.write(head + b"\0\0\0\0" + payload)


def transaction_event(
    kind: str, trigger: str, uid: str, number: int, *, register: int | None = None
) -> bytes:
    """A TransactionEvent of OCPP 2.0.1; with a register it brings the same five sampled values as `meter_values`."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    start = '"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"","type":"NoAuthorization"},'
    values = (
        ("Energy.Active.Import.Register", "Wh", register, ""),
        ("Current.Import", "A", 11.2, ',"phase":"L1"'),
        ("Current.Import", "A", 11.1, ',"phase":"L2"'),
        ("Current.Import", "A", 11.3, ',"phase":"L3"'),
        ("Power.Active.Import", "W", 7728.0, ""),
    )
    sampled = ",".join(
        f'{{"value":{value},"context":"Sample.Periodic","measurand":"{measurand}"{phase},"unitOfMeasure":{{"unit":"{unit}"}}}}'
        for measurand, unit, value, phase in values
    )
    meter = (
        f'"meterValue":[{{"timestamp":"{at}","sampledValue":[{sampled}]}}],' if register is not None else ""
    )
    return (
        f'[2,"{number}","TransactionEvent",{{"eventType":"{kind}","timestamp":"{at}","triggerReason":"{trigger}",'
        f"{start if kind == 'Started' else ''}{meter}"
        f'"seqNo":{number},"transactionInfo":{{"transactionId":"{uid}","chargingState":"Charging"}}}}]'
    ).encode()


def meter_values(number: int, transaction_id: int, register: int, *, is_drawing: bool = True) -> bytes:
    """MeterValues with five sampled values, as a three-phase wallbox sends them."""
    l1_a, l2_a, l3_a, power_w = ("11.2", "11.1", "11.3", "7728.0") if is_drawing else ("0.0",) * 4
    sampled = ",".join(
        f'{{"value":"{value}","context":"Sample.Periodic","measurand":"{measurand}","unit":"{unit}"{phase}}}'
        for value, measurand, unit, phase in (
            (register, "Energy.Active.Import.Register", "Wh", ""),
            (l1_a, "Current.Import", "A", ',"phase":"L1"'),
            (l2_a, "Current.Import", "A", ',"phase":"L2"'),
            (l3_a, "Current.Import", "A", ',"phase":"L3"'),
            (power_w, "Power.Active.Import", "W", ""),
        )
    )
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return (
        f'[2,"{number}","MeterValues",{{"connectorId":1,"transactionId":{transaction_id},'
        f'"meterValue":[{{"timestamp":"{at}","sampledValue":[{sampled}]}}]}}]'
    ).encode()


async def open_peers(
    port: int,
    names: list[str],
    *,
    password: str,
    on_text: Callable[[Peer, bytes], None],
    subprotocol: str = "ocpp1.6",
) -> tuple[list[Peer], float]:
    """Open a socket a name, a hundred at a time; the sockets, and how many were opened a second."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(OPEN_AT_ONCE)

    async def open_one(name: str) -> Peer:
        authorization = base64.b64encode(f"{name}:{password}".encode()).decode() if password else ""

        def make() -> Peer:
            return Peer(
                f"/ocpp/{name}", authorization=authorization, subprotocol=subprotocol, on_text=on_text
            )

        async with gate:
            _, peer = await loop.create_connection(make, "127.0.0.1", port)
            await peer.opened
            return peer

    began_s = time.perf_counter()
    peers = await asyncio.gather(*(open_one(name) for name in names))
    return peers, len(names) / (time.perf_counter() - began_s)


async def ask_all(peers: list[Peer], texts: list[bytes], *, wait_s: float) -> None:
    """Send each peer its text and wait until all are answered with a result."""
    answered = asyncio.Semaphore(0)
    refusals: list[bytes] = []

    def heard(peer: Peer, text: bytes) -> None:
        if not text.startswith(b"[3,"):
            refusals.append(text)
        answered.release()

    for peer, text in zip(peers, texts, strict=True):
        peer.on_text = heard
        peer.send(text)
    async with asyncio.timeout(wait_s):
        for _ in peers:
            await answered.acquire()
    if refusals:
        raise RuntimeError(refusals[0].decode())


Write = Callable[[int, Any, int], bytes]


async def closed_loop(
    peers: list[Peer],
    transaction_ids: Sequence[Any],
    seconds: float,
    *,
    warm_s: float = 1.0,
    write: Write = meter_values,
    first: int = 1_001,
    total: list[int] | None = None,
) -> float:
    """Every socket sends its next message when the one before is answered; answers a second, after a warm-up.

    `total` is given the number of all answers, those of the warm-up and the last second too.
    """
    answers = 0
    running = True
    registers = dict.fromkeys(peers, first - 1)
    ids = dict(zip(peers, transaction_ids, strict=True))

    def say(peer: Peer) -> None:
        registers[peer] += 1
        peer.send(write(registers[peer], ids[peer], registers[peer]))

    def heard(peer: Peer, text: bytes) -> None:
        nonlocal answers
        answers += 1
        if running:
            say(peer)

    for peer in peers:
        peer.on_text = heard
        say(peer)
    await asyncio.sleep(warm_s)
    began, began_s = answers, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (answers - began) / (time.perf_counter() - began_s)
    running = False
    await asyncio.sleep(1)
    if total is not None:
        total.append(answers)
    return rate


async def open_loop(
    peers: list[Peer], transaction_ids: list[int], seconds: float, *, per_s: float
) -> list[float]:
    """Messages at a fixed rate, whether or not the ones before were answered; each one's wait in ms, from when it was due."""
    waits_ms: list[float] = []
    due_s: dict[Peer, float] = {}
    registers = dict.fromkeys(peers, 100_000)

    def heard(peer: Peer, text: bytes) -> None:
        due = due_s.pop(peer, None)
        if due is not None:
            waits_ms.append((time.perf_counter() - due) * 1_000)

    for peer in peers:
        peer.on_text = heard
    began_s = time.perf_counter()
    for n in range(int(seconds * per_s)):
        due = began_s + n / per_s
        if (ahead_s := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead_s)
        at = n % len(peers)
        peer = peers[at]
        registers[peer] += 1
        due_s[peer] = due
        peer.send(meter_values(n, transaction_ids[at], registers[peer]))
    await asyncio.sleep(1)
    return waits_ms + [1_000.0] * len(due_s)
