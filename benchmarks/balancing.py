"""A full car park on the wire: how long a rebalance takes, and how long until every charger acknowledged a cut.

    DATABASE_URL=postgres://... python benchmarks/balancing.py [--charge-points 500] [--cuts 3] [--json]

Builds a community of its own in a migrated database, serves it from a process on one core (`manage.py serve`), plugs a car
into every charge point from this process on another core, and waits until each one has power. Then the transformer's limit
is halved and restored, again and again, as a manager would; a cut's latency is from the manager's commit to the commit of
each charge point's Accepted. The duration of a rebalance is the one stored with each run: lock, reading, solving, checking
and writing, on the database. At the end the same rebalances are made by this process, undone each time, while the server is idle:
they say what one takes by the clock and of the processor (the database's own is not in it) when nothing else wants either.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
import django  # noqa: E402
import own_database  # noqa: E402

django.setup()
own_database.migrate()

from asgiref.sync import sync_to_async  # noqa: E402
from django.db import transaction  # noqa: E402

from chargers.domain.sockets import keys  # noqa: E402
from chargers.enums import CommandKind, CommandState, SessionState  # noqa: E402
from chargers.models import ChargePoint, ChargerCommand, Connector, Session  # noqa: E402
from chargers.simulator.plant.battery import Car  # noqa: E402
from chargers.simulator.plant.spec import ChargePointSpec  # noqa: E402
from chargers.simulator.play.site import Site  # noqa: E402
from drivers.models import Driver, IdTag  # noqa: E402
from evbalancer.common.collector import calm_collector  # noqa: E402
from evbalancer.ops.drill.processes import Server  # noqa: E402
from grid.domain import limits  # noqa: E402
from grid.domain.audit import SYSTEM  # noqa: E402
from grid.models import Circuit, Cluster, Community  # noqa: E402
from scheduling.domain.balancing.rebalance import share_power  # noqa: E402
from scheduling.models import RebalanceRun  # noqa: E402

PER_PANEL = 50
LIMIT_PER_CHARGE_POINT_MA = 4_000  # of the transformer, on each phase; a third of them loads each phase
FALLBACK_MA = 0
NAMEPLATE_MA = 32_000
# Raises come later: a cut has to settle first.
CUTS_ARE_QUEUED_WITHIN = timedelta(seconds=10)
CORES = sorted(os.sched_getaffinity(0))
ROTATIONS = {"R": "L1", "S": "L2", "T": "L3"}
# The product's own terms; only the samples are rarer than the demo's, as a car park of this size would set them.
SERVER = {
    "LEASE_S": "120",
    "HOLD_S": "240",
    "FALLBACK_WAIT_S": "300",
    "START_WAY_S": "70",
    "OCPP_HEARTBEAT_S": "60",
} | {
    "OCPP_METER_SAMPLE_S": "30",
    "OCPP_CALL_TIMEOUT_S": "30",
}


def build(count: int, now: datetime) -> tuple[Cluster, Circuit, list[ChargePointSpec]]:
    name = f"Balancing {now:%Y-%m-%d %H:%M:%S}"
    community = Community.objects.create(name=name, slug=f"balancing-{now:%Y%m%d%H%M%S%f}")
    cluster = Cluster.objects.create(community=community, name=name, cut_notice_s=60)
    transformer = _circuit(cluster, "Transformer", count * LIMIT_PER_CHARGE_POINT_MA, None)
    specs = []
    for number in range(count):
        if number % PER_PANEL == 0:
            limit_ma = PER_PANEL * LIMIT_PER_CHARGE_POINT_MA * 5 // 4
            panel = _circuit(cluster, f"Panel {number // PER_PANEL}", limit_ma, transformer)
        rotation = "RST"[number % 3]
        identity = f"B{number:04}-{community.slug[-12:]}"
        tenant = {"community": community}
        charge_point = ChargePoint.objects.create(
            **tenant, cluster=cluster, identity=identity, name=f"B{number:04}"
        )
        Connector.objects.create(
            **tenant,
            charge_point=charge_point,
            circuit=panel,
            number=1,
            phase_rotation=rotation,
            max_current_ma=NAMEPLATE_MA,
            chosen_fallback_ma=FALLBACK_MA,
        )
        driver = Driver.objects.create(**tenant, name=f"Driver {number}")
        IdTag.objects.create(**tenant, driver=driver, token=f"TAG{number:04}")
        key = keys.issue_key(charge_point, actor=SYSTEM, now=now)
        specs.append(
            ChargePointSpec(id=identity, key=key, phases=1, rotation=ROTATIONS[rotation], model="Balancing")
        )
    return cluster, transformer, specs


def _circuit(cluster: Cluster, name: str, limit_ma: int, parent: Circuit | None) -> Circuit:
    phases = {f"limit_l{phase}_ma": limit_ma for phase in (1, 2, 3)}
    return Circuit.objects.create(
        community_id=cluster.community_id, cluster=cluster, name=name, parent=parent, **phases
    )


def cut(transformer: Circuit, pct: int) -> limits.TemporaryLimit:
    return limits.impose_limit(transformer, reason="Benchmark", actor=SYSTEM, now=datetime.now(UTC), pct=pct)


def alone(cluster: Cluster, transformer: Circuit, repeats: int) -> dict[str, int]:
    """Milliseconds of a rebalance that finds little to do and of one that cuts everybody, by the clock and of the processor."""
    found: dict[str, int] = {}
    calm_collector()  # as the server and its workers do at their start
    for name in ("quiet", "cut"):
        took = []
        for _ in range(repeats):
            with transaction.atomic():
                if name == "cut":
                    cut(transformer, 50)
                by_clock, of_processor = time.perf_counter(), time.process_time()
                share_power(cluster.pk, now=datetime.now(UTC))
                took.append((time.perf_counter() - by_clock, time.process_time() - of_processor))
                transaction.set_rollback(True)
        by_clock_s, of_processor_s = (statistics.median(part) for part in zip(*took, strict=True))
        found |= {
            f"{name}_alone_ms": round(by_clock_s * 1000),
            f"{name}_alone_cpu_ms": round(of_processor_s * 1000),
        }
    return found


def charging(cluster: Cluster) -> int:
    sessions = Session.objects.filter(connector__charge_point__cluster=cluster, state=SessionState.ACTIVE)
    return sessions.filter(connector__confirmed_ma__gte=6_000).count()


def latencies_s(cluster: Cluster, since: datetime) -> tuple[list[float], int]:
    """Of every limit queued in answer to the cut, until it was accepted; and how many are not answered yet."""
    of_cluster = ChargerCommand.objects.filter(
        charge_point__cluster=cluster,
        kind=CommandKind.SET_LIMIT,
        queued_at__gte=since,
        queued_at__lt=since + CUTS_ARE_QUEUED_WITHIN,
    )
    accepted = of_cluster.filter(state=CommandState.ACCEPTED).values_list("answered_at", flat=True)
    waiting = of_cluster.filter(state__in=(CommandState.QUEUED, CommandState.SENT)).count()
    return sorted((at - since).total_seconds() for at in accepted), waiting


async def measure(asked: argparse.Namespace) -> dict[str, object]:
    cluster, transformer, specs = await sync_to_async(build)(asked.charge_points, datetime.now(UTC))
    server = Server(log=Path(tempfile.mkdtemp(prefix="balancing-")) / "server.log", environment=SERVER)
    if len(CORES) > 1:
        os.sched_setaffinity(0, CORES[:1])  # inherited by the server
    await asyncio.to_thread(server.start)
    if len(CORES) > 1:
        os.sched_setaffinity(0, CORES[1:])
    try:
        return await _on(server, cluster, transformer, specs, asked)
    finally:
        await asyncio.to_thread(server.stop)


async def _on(
    server: Server,
    cluster: Cluster,
    transformer: Circuit,
    specs: list[ChargePointSpec],
    asked: argparse.Namespace,
) -> dict[str, object]:
    rng = random.Random(1)
    site = Site(server.ocpp, tick_s=1.0, seed=1, keep_samples=10)
    for spec in specs:
        site.add(spec).settings.sample_s = 30
    async with site:
        began = time.monotonic()
        await site.connected(timeout_s=120)
        connected_s = time.monotonic() - began
        print(f"{len(specs)} charge points connected in {connected_s:.1f} s")
        for number, station in enumerate(site.charge_points.values()):
            car = Car(battery_wh=80_000, soc_pct=rng.uniform(5, 40), phases=1, max_ma=32_000)
            await station.plug_in(car, id_tag=f"TAG{number:04}")
        counted = sync_to_async(charging)
        for _ in range(asked.patience_s // 5):
            running = await counted(cluster)
            print(f"{time.monotonic() - began:5.0f} s: {running} have power, {site.totals()}")
            if running >= asked.charge_points * 0.6:
                break
            await asyncio.sleep(5)
        cuts = [await _one_cut(cluster, transformer, asked) for _ in range(asked.cuts)]
        by_itself = await sync_to_async(alone)(cluster, transformer, asked.repeats)
    durations_ms = await sync_to_async(
        lambda: sorted(RebalanceRun.objects.filter(cluster=cluster).values_list("duration_ms", flat=True))
    )()
    everyone = sorted(latency for one in cuts for latency in one)
    return {
        "charge_points": len(specs),
        "connected_s": round(connected_s, 1),
        "rebalances": len(durations_ms),
        "rebalance_p50_ms": statistics.median(durations_ms),
        "rebalance_p95_ms": _share(durations_ms, 0.95),
        "rebalance_most_ms": durations_ms[-1],
        **by_itself,
        "cut_limits": len(everyone),
        "cut_p50_s": round(statistics.median(everyone), 2),
        "cut_p99_s": round(_share(everyone, 0.99), 2),
        "cut_most_s": round(everyone[-1], 2),
    }


async def _one_cut(cluster: Cluster, transformer: Circuit, asked: argparse.Namespace) -> list[float]:
    """Halve, wait until all that was queued within the first seconds is answered, restore, let it settle."""
    imposed = await sync_to_async(cut)(transformer, 50)
    found: list[float] = []
    for second in range(40):
        await asyncio.sleep(1)
        found, waiting = await sync_to_async(latencies_s)(cluster, imposed.announced_at)
        if second > CUTS_ARE_QUEUED_WITHIN.seconds and found and not waiting:
            break
    print(
        f"cut: {len(found)} limits acknowledged, the last after {found[-1] if found else 0:.2f} s, {waiting} unanswered"
    )
    await sync_to_async(limits.lift_limit)(imposed, actor=SYSTEM, now=datetime.now(UTC))
    await asyncio.sleep(asked.settle_s)
    return found


def _share(values: list, part: float) -> float:
    return values[min(len(values) - 1, round(part * (len(values) - 1)))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--charge-points", type=int, default=500)
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--patience-s", type=int, default=180, help="until most cars have power")
    parser.add_argument("--settle-s", type=int, default=45, help="between two cuts")
    parser.add_argument("--repeats", type=int, default=7, help="of each rebalance that is made alone")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    asked = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"{platform.machine()}, {len(CORES)} cores, load {os.getloadavg()[0]:.1f}, commit {commit}")
    figures = asyncio.run(measure(asked))
    for name, figure in figures.items():
        print(f"{name:>24}  {figure}")
    if asked.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
