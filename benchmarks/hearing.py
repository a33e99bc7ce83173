"""How soon does a charge point hear of a command that another process queued, without Redis, and what does listening cost?

    .venv/bin/python benchmarks/hearing.py [--commands 200] [--idle-s 30]

This process queues commands and is the charge point; a server process holds its socket, without REDIS_URL. A latency is from the
return of the committed transaction to the frame on the wire. The cost is the processor's time of a process that only
listens. DATABASE_URL names a PostgreSQL database that may be filled with test data (SQLite without it).
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
import own_database  # noqa: E402

os.environ["REDIS_URL"] = ""
import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402
from websockets.asyncio.client import connect  # noqa: E402
from websockets.typing import Subprotocol  # noqa: E402

from chargers.domain.orders import commands  # noqa: E402
from chargers.domain.sockets import keys  # noqa: E402
from chargers.models import ChargePoint, Connector  # noqa: E402
from chargers.orders.upkeep import Trigger  # noqa: E402
from evbalancer.common.db.news import Ear  # noqa: E402
from evbalancer.common.loopback import free_port  # noqa: E402
from grid.models import Circuit, Cluster, Community  # noqa: E402

KEY = secrets.token_hex(20)


def build() -> ChargePoint:
    name = f"hearing-{secrets.token_hex(4)}"
    community = Community.objects.create(name=name, slug=name)
    cluster = Cluster.objects.create(community=community, name=name)
    limits = {f"limit_l{phase}_ma": 64_000 for phase in (1, 2, 3)}
    circuit = Circuit.objects.create(community=community, cluster=cluster, name="Main", **limits)
    charge_point = ChargePoint.objects.create(
        community=community, cluster=cluster, identity=name, name=name, key_hash=keys.hash_key(KEY.encode())
    )
    Connector.objects.create(
        community=community, charge_point=charge_point, circuit=circuit, number=1, max_current_ma=32_000
    )
    return charge_point


@contextmanager
def serving(port: int) -> Iterator[None]:
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)]
    environment = {**os.environ, "BALANCE_RUNNER": "none", "EVB_DEMO": "1", "DEBUG": "1"}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait()


async def connected(url: str, identity: str) -> Any:
    for _ in range(600):
        try:
            return await connect(
                url,
                subprotocols=[Subprotocol("ocpp1.6")],
                additional_headers={"Authorization": _basic(identity)},
            )
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the server did not start")


def _basic(identity: str) -> str:
    return "Basic " + b64encode(f"{identity}:{KEY}".encode()).decode()


async def measure(charge_point: ChargePoint, *, port: int, count: int) -> list[float]:
    """Seconds from the commit to the frame, of each command."""
    took_s: list[float] = []
    heard: asyncio.Queue[float] = asyncio.Queue()
    async with await connected(
        f"ws://127.0.0.1:{port}/ocpp/{charge_point.identity}", charge_point.identity
    ) as line:

        async def answer() -> None:
            async for text in line:
                frame = json.loads(text)
                if frame[0] == 2:
                    if frame[2] == "TriggerMessage":
                        heard.put_nowait(time.perf_counter())
                    await line.send(json.dumps([3, frame[1], {"status": "Rejected"}]))

        reader = asyncio.create_task(answer())
        boot = {"chargePointVendor": "Hearing", "chargePointModel": "Bench"}
        await line.send(json.dumps([2, "boot", "BootNotification", boot]))
        await asyncio.sleep(5)
        for _ in range(count):
            committed_s = await asyncio.to_thread(queue, charge_point)
            took_s.append(await asyncio.wait_for(heard.get(), 10) - committed_s)
            await asyncio.sleep(0.02 + secrets.randbelow(100) / 1000)
        reader.cancel()
    return took_s


def queue(charge_point: ChargePoint) -> float:
    commands.queue_command(charge_point, Trigger(message="Heartbeat"), by="benchmark", now=datetime.now(UTC))
    return time.perf_counter()


def idle_share(seconds: float) -> float:
    """The part of a core that a process takes which only listens."""
    ear = Ear(hear=lambda _: None, look=lambda: None)
    ear.start()
    time.sleep(1)
    began_s = time.process_time()
    threading.Event().wait(seconds)
    share = (time.process_time() - began_s) / seconds
    ear.stop()
    return share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=200)
    parser.add_argument("--idle-s", type=float, default=30)
    options = parser.parse_args()
    own_database.migrate()
    share = idle_share(options.idle_s)
    charge_point, port = build(), free_port()
    with serving(port):
        took_s = sorted(asyncio.run(measure(charge_point, port=port, count=options.commands)))
    p99_s = took_s[int(len(took_s) * 0.99) - 1]
    print(
        f"{connection.vendor}: {len(took_s)} commands heard after {statistics.median(took_s) * 1000:.0f} ms (median), "
        f"{p99_s * 1000:.0f} ms (p99), {took_s[-1] * 1000:.0f} ms (most); listening takes {share:.2%} of a core"
    )


if __name__ == "__main__":
    main()
