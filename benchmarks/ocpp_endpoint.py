"""How many MeterValues a second does the OCPP endpoint store and acknowledge, beside what others do without storing?

    .venv/bin/python benchmarks/ocpp_endpoint.py [--quick] [--json]

Every server has one core to itself and meets the same load generator on another: an echo with `websockets`, a server with
the `ocpp` package that stores nothing, and this project's own server process. The whole run also kills the server under
5,000 sockets, waits for all to be back, and looks at its memory before and after minutes of work. DATABASE_URL names a PostgreSQL database
that may be filled with test data (SQLite without it), REDIS_URL the channel layer that commands are nudged through.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
import load  # noqa: E402
import own_database  # noqa: E402
import uvloop  # noqa: E402

from evbalancer.common.loopback import free_port  # noqa: E402

if TYPE_CHECKING:
    from chargers.models import Connector, Session

KEY = secrets.token_hex(20)
RUN = secrets.token_hex(3)
CORES = sorted(os.sched_getaffinity(0))
STATIONS_PER_CLUSTER = 34

ECHO = """
import asyncio, logging, sys, uvloop
logging.disable(logging.CRITICAL)
from websockets.asyncio.server import serve
async def echo(ws):
    async for message in ws:
        await ws.send(message)
async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), compression=None, subprotocols=["ocpp1.6"]):
        await asyncio.get_running_loop().create_future()
uvloop.run(main())
"""
OCPP_PACKAGE = """
import asyncio, logging, sys, uvloop
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from websockets.asyncio.server import serve
logging.disable(logging.CRITICAL)
class Station(ChargePoint):
    @on("MeterValues")
    async def meter_values(self, **payload):
        return call_result.MeterValues()
async def serve_one(ws):
    await Station(ws.request.path.rsplit("/", 1)[1], ws).start()
async def main():
    async with serve(serve_one, "127.0.0.1", int(sys.argv[1]), compression=None, subprotocols=["ocpp1.6"]):
        await asyncio.get_running_loop().create_future()
uvloop.run(main())
"""


@contextlib.contextmanager
def server(*command: str, port: int, balance: str = "none") -> Iterator[subprocess.Popen[bytes]]:
    """A server process on the first core; this process and its load stay on the others."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "BALANCE_RUNNER": balance, "LOG_LEVEL": "WARNING"},
    )
    os.sched_setaffinity(process.pid, CORES[:1])  # before it has threads, which inherit it
    try:
        deadline_s = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{command[:4]} did not start")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def django_setup() -> None:
    import django

    django.setup()


def seed(
    count: int, *, prefix: str = "B", charging: bool = True, is_named: bool = False
) -> tuple[list[str], list[int]]:
    """Charge points, with a running transaction each if `charging`; their identities and transaction ids.

    `is_named`: those of OCPP 2, named by the identities, of which the events 0 and 1 were heard.
    """
    from chargers.domain.sockets.keys import hash_key
    from chargers.enums import ConnectorStatus
    from chargers.models import ChargePoint, Connector, Session, TransactionNumber
    from grid.models import Circuit, Cluster, Community

    now = datetime.now(UTC)
    label = f"{prefix}{RUN}"
    community = Community.objects.create(name=f"Benchmark {label}", slug=f"benchmark-{label.lower()}")
    key_hash = hash_key(KEY.encode())
    stations, connectors, sessions = [], [], []
    numbers = TransactionNumber.objects.bulk_create([TransactionNumber() for _ in range(count)])
    circuit: Any = None
    for n in range(count):
        if n % STATIONS_PER_CLUSTER == 0:
            cluster = Cluster.objects.create(community=community, name=f"{label} {n}")
            limits = dict.fromkeys(("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"), 145_000)
            circuit = Circuit.objects.create(
                community=community, cluster=cluster, name="Root", kind="transformer", **limits
            )
        station = ChargePoint(
            community=community,
            cluster=circuit.cluster,
            identity=f"{label}-{n}",
            name=f"{n}",
            key_hash=key_hash,
            booted_at=now,
        )
        connector = Connector(
            community=community,
            charge_point=station,
            circuit=circuit,
            number=1,
            phase_rotation="RST",
            status=ConnectorStatus.CHARGING if charging else ConnectorStatus.AVAILABLE,
        )
        stations.append(station)
        connectors.append(connector)
        sessions.append(_running(connector, numbers[n].pk, now=now, is_named=is_named))
    ChargePoint.objects.bulk_create(stations, batch_size=500)
    Connector.objects.bulk_create(connectors, batch_size=500)
    if charging:
        Session.objects.bulk_create(sessions, batch_size=500)
    return [station.identity for station in stations], [session.transaction_id for session in sessions]


def _running(connector: "Connector", transaction_id: int, *, now: datetime, is_named: bool) -> "Session":
    from chargers.domain.metering.sequences import mark_of
    from chargers.enums import SessionState, TransactionPhase
    from chargers.models import Session

    phases = (TransactionPhase.STARTED, TransactionPhase.UPDATED) if is_named else ()
    return Session(
        community=connector.community,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=now,
        plugged_at=now,
        started_at=now,
        charger_started_at=now,
        meter_start_wh=0,
        transaction_id=transaction_id,
        transaction_uid=connector.charge_point.identity if is_named else "",
        events_heard="0-1" if is_named else "",
        event_marks=",".join(f"{number}:{mark_of(phase, now)}" for number, phase in enumerate(phases)),
    )


def our_server(port: int) -> tuple[str, ...]:
    return (sys.executable, "manage.py", "serve", "--port", str(port))


def resident_kb(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """What all its threads have used of the processors, user and system."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def updates() -> dict[str, tuple[int, int]]:
    """Rows updated so far, and those of them that touched no index (heap-only tuples). PostgreSQL only."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return {}
    tables = ["chargers_session", "chargers_chargepoint", "chargers_connector"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [tables],
        )
        return {name: (total, hot) for name, total, hot in cursor.fetchall()}


def hot_share(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, float]:
    shares = {}
    for name, (total, hot) in after.items():
        old_total, old_hot = before.get(name, (0, 0))
        if total > old_total:
            shares[f"hot_share_{name.removeprefix('chargers_')}"] = (hot - old_hot) / (total - old_total)
    return shares


def ignore(peer: load.Peer, text: bytes) -> None:
    return None


async def throughput(
    port: int, names: list[str], transactions: list[int], seconds: float, password: str = ""
) -> float:
    peers, _ = await load.open_peers(port, names, password=password, on_text=ignore)
    rate = await load.closed_loop(peers, transactions, seconds)
    for peer in peers:
        peer.transport.abort()
    return rate


def others(code: str, names: list[str], transactions: list[int], seconds: float) -> float:
    port = free_port()
    with server(sys.executable, "-c", code, str(port), port=port):
        return uvloop.run(throughput(port, names, transactions, seconds))


async def ours(
    port: int, process: Any, names: list[str], transactions: list[int], args: Any
) -> dict[str, float]:
    results: dict[str, float] = {}
    before_kb = resident_kb(process)
    peers, results["handshakes_per_s"] = await load.open_peers(port, names, password=KEY, on_text=ignore)
    await asyncio.sleep(3)
    results["kb_per_connection"] = (resident_kb(process) - before_kb) / len(names)
    active, ids = peers[: args.connections], transactions[: args.connections]
    results |= await stored(active, ids, process, args)
    waits_ms = await load.open_loop(active, ids, args.seconds, per_s=500)
    results["p99_ms_at_500_per_s"] = statistics.quantiles(waits_ms, n=100)[98]
    results["p50_ms_at_500_per_s"] = statistics.median(waits_ms)
    results["command_p50_ms"] = await commands(active, args.commands)
    if args.long_s:
        warm_kb = resident_kb(process)
        await load.closed_loop(active, ids, args.long_s, first=1_000_000)
        results["long_run_s"] = args.long_s
        results["long_run_growth_kb"] = resident_kb(process) - warm_kb
    for peer in peers:
        peer.transport.abort()
    return results


async def stored(peers: list[load.Peer], ids: list[int], process: Any, args: Any) -> dict[str, float]:
    """Messages stored and answered a second, what they cost the server, and how its updates were made."""
    from chargers.models import MeterValue

    rows_before = await asyncio.to_thread(MeterValue.objects.count)
    updates_before = await asyncio.to_thread(updates)
    used_s = cpu_s(process)
    answers: list[int] = []
    rate = await load.closed_loop(peers, ids, args.seconds, warm_s=2, total=answers)
    used_s = cpu_s(process) - used_s
    await asyncio.sleep(1.5)  # PostgreSQL counts with a second's delay
    rows = await asyncio.to_thread(MeterValue.objects.count) - rows_before
    return {
        "stored_per_s": rate,
        "stored_rows": rows,
        "cpu_us_16": used_s / answers[0] * 1_000_000,
        **hot_share(updates_before, await asyncio.to_thread(updates)),
    }


async def events(
    port: int, names: list[str], process: Any, args: Any, *, subprotocol: str = "ocpp2.0.1"
) -> dict[str, float]:
    """TransactionEvents of OCPP 2 stored and answered, in the middle of transactions that these stations began."""
    peers, _ = await load.open_peers(port, names, password=KEY, on_text=ignore, subprotocol=subprotocol)
    rate, cost = await costed(peers, names, process, args, write=write_event)
    for peer in peers:
        peer.transport.abort()
    return {"per_s": rate, "cpu_us": cost}


async def mixed(
    port: int, fleet_16: tuple[list[str], list[int]], names_2: list[str], process: Any, args: Any
) -> dict[str, float]:
    """A fleet of which half speaks 1.6 and a quarter each 2.0.1 and 2.1."""
    half = len(names_2) // 2
    names_16, numbers = fleet_16
    peers, _ = await load.open_peers(port, names_16, password=KEY, on_text=ignore)
    for names, subprotocol in ((names_2[:half], "ocpp2.0.1"), (names_2[half:], "ocpp2.1")):
        opened, _ = await load.open_peers(port, names, password=KEY, on_text=ignore, subprotocol=subprotocol)
        peers += opened

    def write(number: int, about: int | str, register: int) -> bytes:
        if isinstance(about, str):
            return write_event(number, about, register)
        return load.meter_values(number, about, register)

    rate, cost = await costed(peers, [*numbers, *names_2], process, args, write=write)
    for peer in peers:
        peer.transport.abort()
    return {"per_s": rate, "cpu_us": cost}


def write_event(number: int, uid: str, register: int) -> bytes:
    return load.transaction_event("Updated", "MeterValuePeriodic", uid, number, register=register)


async def costed(
    peers: list[load.Peer], about: list[Any], process: Any, args: Any, *, write: load.Write
) -> tuple[float, float]:
    """Answers a second, and the server's processor time for each in microseconds."""
    used_s = cpu_s(process)
    answers: list[int] = []
    rate = await load.closed_loop(peers, about, args.seconds, write=write, first=2, total=answers)
    return rate, (cpu_s(process) - used_s) / answers[0] * 1_000_000


async def back(port: int, names: list[str]) -> float:
    """Seconds until every charge point is back on a server that just began."""
    began_s = time.perf_counter()
    peers, _ = await load.open_peers(port, names, password=KEY, on_text=ignore)
    took_s = time.perf_counter() - began_s
    for peer in peers:
        peer.transport.abort()
    return took_s


async def commands(peers: list[load.Peer], count: int) -> float:
    """From the moment this process queues a command to the moment its charge point hears it."""
    from chargers.domain.orders.commands import queue_command
    from chargers.models import ChargePoint
    from chargers.orders.trust import ClearCache

    heard: asyncio.Queue[float] = asyncio.Queue()

    def answer(peer: load.Peer, text: bytes) -> None:
        at_s = time.perf_counter()
        frame = json.loads(text)
        if frame[0] == 2:
            peer.send(json.dumps([3, frame[1], {"status": "Accepted"}]).encode())
            heard.put_nowait(at_s)

    for peer in peers:
        peer.on_text = answer
    chosen = [peer.path.rsplit("/", 1)[1] for peer in peers[:count]]
    stations = await asyncio.to_thread(lambda: list(ChargePoint.objects.filter(identity__in=chosen)))
    waits_ms = []
    for station in stations:
        began_s = time.perf_counter()
        await asyncio.to_thread(queue_command, station, ClearCache(), by="benchmark", now=datetime.now(UTC))
        waits_ms.append((await asyncio.wait_for(heard.get(), 10) - began_s) * 1_000)
        await asyncio.sleep(0.02)
    return statistics.median(waits_ms)


def run(args: Any) -> dict[str, Any]:
    load_1min = os.getloadavg()[0]
    os.sched_setaffinity(0, CORES[1:] or CORES)
    names = [f"X{n}" for n in range(args.connections)]
    numbers = list(range(args.connections))
    results: dict[str, Any] = {
        "load_at_start": load_1min,
        "echo_per_s": others(ECHO, names, numbers, args.seconds),
        "ocpp_package_per_s": others(OCPP_PACKAGE, names, numbers, args.seconds),
    }
    django_setup()
    from django.db import connection

    own_database.migrate()
    results["database"] = connection.vendor
    names, numbers = seed(args.idle)
    # As many of each version, since a batch of many costs less for each.
    fleets = {
        prefix: seed(args.connections, prefix=prefix, is_named=prefix != "M")
        for prefix in ("E", "F", "M", "N")
    }
    port = free_port()
    with server(*our_server(port), port=port) as process:
        results |= uvloop.run(ours(port, process, names, numbers, args))
        half = args.connections // 2
        part = fleets["M"][0][:half], fleets["M"][1][:half]
        ids = {prefix: fleet[0] for prefix, fleet in fleets.items()}
        for label, running in (
            ("201", events(port, ids["E"], process, args)),
            ("21", events(port, ids["F"], process, args, subprotocol="ocpp2.1")),
            ("mixed", mixed(port, part, ids["N"][:half], process, args)),
        ):
            told = uvloop.run(running)
            results |= {f"stored_{label}_per_s": told["per_s"], f"cpu_us_{label}": told["cpu_us"]}
            results[f"{label}_share_of_16"] = told["per_s"] / results["stored_per_s"]
        if args.long_s:
            process.kill()
    if args.long_s:
        with server(*our_server(port), port=port):
            results["all_back_s"] = uvloop.run(back(port, names))
    results["times_ocpp_package"] = results["stored_per_s"] / results["ocpp_package_per_s"]
    results["share_of_echo"] = results["stored_per_s"] / results["echo_per_s"]
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in results.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="within two minutes")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    parser.add_argument("--connections", type=int, default=1_000)
    args = parser.parse_args()
    args.seconds = 5.0 if args.quick else 20.0
    args.idle = args.connections if args.quick else 5_000
    args.commands = 50 if args.quick else 300
    args.long_s = 0.0 if args.quick else 120.0
    results = run(args)
    for name, value in results.items():
        print(f"{name:>24}  {value}")
    if args.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
