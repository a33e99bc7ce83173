"""Whole transactions in a closed loop: does anything lock anything else out, and how long does an answer take?

    DATABASE_URL=postgres://... .venv/bin/python benchmarks/transactions.py [--charge-points 500] [--seconds 60] [--warm 5] [--json]

Every charge point says Authorize, StartTransaction, eight MeterValues and StopTransaction, each as soon as the one before is
answered, and begins again; it takes every limit that it is sent. Measured is from `--warm` seconds after the last boot was answered: what a boot asks of its charge point
is answered by then or not. The server balances in its own process. Deadlocks are those that PostgreSQL
counted in this database.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import django  # noqa: E402
import own_database  # noqa: E402

django.setup()

import load  # noqa: E402
import ocpp_endpoint  # noqa: E402
import uvloop  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from django.db import connection  # noqa: E402

from chargers.domain.sockets.keys import hash_key  # noqa: E402
from chargers.models import ChargePoint, Connector  # noqa: E402
from drivers.models import Driver, IdTag  # noqa: E402
from evbalancer.common.loopback import free_port  # noqa: E402
from grid.models import Circuit, Cluster, Community  # noqa: E402

KEY = secrets.token_hex(20)
METER_VALUES = 8
LONGEST_BOOTS_S = 120.0


def seed(count: int, clusters: int) -> list[tuple[str, str]]:
    """Charge points in clusters of one community each, with a driver each; identities and cards."""
    label = secrets.token_hex(3)
    key_hash, found = hash_key(KEY.encode()), []
    for n in range(clusters):
        community = Community.objects.create(name=f"Transactions {label} {n}", slug=f"benchmark-{label}-{n}")
        cluster = Cluster.objects.create(community=community, name=f"{label} {n}")
        limits = dict.fromkeys(("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"), 145_000)
        circuit = Circuit.objects.create(
            community=community, cluster=cluster, name="Root", kind="transformer", **limits
        )
        for m in range(n, count, clusters):
            identity, token = f"{label}-{m}", f"{label}{m:05}"
            station = ChargePoint.objects.create(
                community=community, cluster=cluster, identity=identity, name=f"{m}", key_hash=key_hash
            )
            Connector.objects.create(
                community=community, charge_point=station, circuit=circuit, number=1, phase_rotation="RST"
            )
            driver = Driver.objects.create(community=community, name=f"Driver {m}")
            IdTag.objects.create(community=community, driver=driver, token=token)
            found.append((identity, token))
    return found


class Loop:
    """One charge point's endless day."""

    def __init__(self, peer: load.Peer, card: str, waits: dict[str, list[float]]) -> None:
        self.peer, self._card, self._waits = peer, card, waits
        self._register, self._step, self._transaction = 0, 0, 0
        self._asked_s, self._action, self._id = 0.0, "", ""
        self.running, self.transactions, self.refused = True, 0, 0
        self.booted = asyncio.Event()

    def say(self) -> None:
        if not self.running:
            return
        if not self.booted.is_set():
            boot = {"chargePointVendor": "Benchmark", "chargePointModel": "Loop"}
            self._ask("BootNotification", boot)
            return
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self._step == 0:
            self._ask("Authorize", {"idTag": self._card})
        elif self._step == 1:
            start = {"connectorId": 1, "idTag": self._card, "meterStart": self._register, "timestamp": at}
            self._ask("StartTransaction", start)
        elif self._step <= 1 + METER_VALUES:
            self._register += 10
            self._asked_s, self._action = time.perf_counter(), "MeterValues"
            self._id = f"{self._register}"
            self.peer.send(load.meter_values(self._register, self._transaction, self._register))
        else:
            stop = {"transactionId": self._transaction, "meterStop": self._register, "timestamp": at}
            self._ask("StopTransaction", stop)

    def hear(self, text: bytes) -> None:
        frame = json.loads(text)
        if frame[0] == 2:
            self.peer.send(json.dumps([3, frame[1], _taken(frame[2])]).encode())
            return
        if frame[1] != self._id:
            return
        self._waits[self._action].append((time.perf_counter() - self._asked_s) * 1_000)
        if not self.booted.is_set():
            self.booted.set()
            self.say()
            return
        if frame[0] == 4:
            self.refused += 1
        elif self._action == "StartTransaction":
            self._transaction = frame[2]["transactionId"]
        elif self._action == "StopTransaction":
            self.transactions += 1
        self._step = (self._step + 1) % (METER_VALUES + 3)
        self.say()

    def _ask(self, action: str, payload: dict[str, Any]) -> None:
        self._asked_s, self._action, self._id = time.perf_counter(), action, secrets.token_hex(8)
        self.peer.send(json.dumps([2, self._id, action, payload]).encode())


def _taken(action: str) -> dict[str, Any]:
    if action == "GetConfiguration":
        return {}
    return {"status": "Accepted"}


def deadlocks() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


async def play(
    port: int, process: Any, stations: list[tuple[str, str]], *, warm_s: float, seconds: float
) -> dict[str, Any]:
    waits: dict[str, list[float]] = defaultdict(list)
    loops: dict[load.Peer, Loop] = {}
    names = [identity for identity, _ in stations]
    peers, _ = await load.open_peers(
        port,
        names,
        password=KEY,
        on_text=lambda peer, text: loops[peer].hear(text) if peer in loops else None,
    )
    loops |= {peer: Loop(peer, card, waits) for peer, (_, card) in zip(peers, stations, strict=True)}
    for peer, loop in loops.items():
        peer.on_text = lambda each, text: loops[each].hear(text)
        loop.say()
    async with asyncio.timeout(LONGEST_BOOTS_S):
        await asyncio.gather(*(loop.booted.wait() for loop in loops.values()))
    booted_s = max(waits["BootNotification"]) / 1_000
    # What is queued with a boot is answered first, and the cars that came with it begin to charge.
    await asyncio.sleep(warm_s)
    waits.clear()
    done = sum(loop.transactions for loop in loops.values())
    before = await sync_to_async(deadlocks)()
    began_s, used_s = time.perf_counter(), ocpp_endpoint.cpu_s(process)
    await asyncio.sleep(seconds)
    took_s = time.perf_counter() - began_s
    everything = [wait for each in waits.values() for wait in each]
    results: dict[str, Any] = {
        "all_booted_s": booted_s,
        "transactions_per_s": (sum(loop.transactions for loop in loops.values()) - done) / took_s,
        "messages_per_s": len(everything) / took_s,
        # Of one core: what is missing to 1 others had, or the database was waited for.
        "server_cpu_share": (ocpp_endpoint.cpu_s(process) - used_s) / took_s,
        "refused": sum(loop.refused for loop in loops.values()),
    }
    for name, found in {"all": everything, **waits}.items():
        if len(found) > 1:
            results[f"{name}_p50_ms"] = statistics.median(found)
            results[f"{name}_p99_ms"] = statistics.quantiles(found, n=100)[98]
            results[f"{name}_most_ms"] = max(found)
    await asyncio.sleep(2)
    results["deadlocks"] = await sync_to_async(deadlocks)() - before
    for loop in loops.values():
        loop.running = False
    for peer in peers:
        peer.transport.abort()
    return results


def tell(results: dict[str, Any], *, as_json: bool) -> None:
    results = {
        name: round(value, 2) if isinstance(value, float) else value for name, value in results.items()
    }
    if as_json:
        print(json.dumps(results))
        return
    for name, value in results.items():
        print(f"{name:>28}  {value}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--charge-points", type=int, default=500)
    parser.add_argument("--clusters", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=5, help="seconds after the last boot")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    args = parser.parse_args()
    load_1min = os.getloadavg()[0]
    own_database.migrate()
    stations = seed(args.charge_points, args.clusters)
    port = free_port()
    with ocpp_endpoint.server(*ocpp_endpoint.our_server(port), port=port, balance="inprocess") as process:
        results = {
            "load_at_start": load_1min,
            **uvloop.run(play(port, process, stations, warm_s=args.warm, seconds=args.seconds)),
        }
    tell(results, as_json=args.json)


if __name__ == "__main__":
    main()
