"""A drill: simulated charge points on a real server that is killed again and again, while cars and lines misbehave.

Judged is the physical sum of currents on every circuit and phase, at every change. The server's leases are shortened so that
minutes show what takes hours otherwise.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
from asgiref.sync import sync_to_async

from chargers.domain import keys
from chargers.models import ChargePoint, Connector
from chargers.simulator import faults
from chargers.simulator.battery import Car
from chargers.simulator.site import Site
from chargers.simulator.spec import ChargePointSpec
from chargers.simulator.station import Station
from drivers.models import Driver, IdTag
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, Community

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
START_S, STOP_S = 40, 15
TRANSFORMER_MA, PANEL_MA, MARGIN_MA = 63_000, 40_000, 1_000
FALLBACK_MA = 6_000
# What a car and a lease take, shortened; the rules count with the same numbers.
BRISK = {
    "LEASE_S": "12",
    "HOLD_S": "45",
    "DEFAULT_WAIT_S": "55",
    "START_WAY_S": "15",
    "OCPP_HEARTBEAT_S": "5",
    "OCPP_METER_SAMPLE_S": "5",
    "OCPP_CALL_TIMEOUT_S": "5",
}
SETTLE_S, CAR_SETTLE_S = 6, 4.0
# Name, panel and wiring of each place.
PLACES = [
    (f"{panel[-1]}{number}", panel, rotation)
    for panel in ("Panel A", "Panel B")
    for number, rotation in enumerate(("R", "S", "T", "RST", "STR", "TRS"), start=1)
]
TROUBLES = (
    "offline",
    "cut",
    "silence",
    "late_answers",
    "profiles_rejected",
    "profiles_unanswered",
    "profiles_error",
    "reboot",
    "replayed_start",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is to go wrong. `down_s`: how long the server stays dead after a kill, at least and at most."""

    kills: int = 30
    down_s: tuple[float, float] = (0.0, 20.0)
    up_s: tuple[float, float] = (4.0, 12.0)
    seed: int = 1


@dataclass(slots=True)
class Circuits:
    """What one circuit carried at most, and what it may carry, in mA."""

    name: str
    limit_ma: int
    peak_ma: tuple[int, int, int] = (0, 0, 0)

    @property
    def is_broken(self) -> bool:
        return max(self.peak_ma) > self.limit_ma


@dataclass(slots=True)
class Report:
    seed: int
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    circuits: list[Circuits] = field(default_factory=list)
    utilisation: float = 0.0
    seconds: float = 0.0

    @property
    def is_broken(self) -> bool:
        return any(circuit.is_broken for circuit in self.circuits)

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "broken": self.is_broken}

    def __str__(self) -> str:
        lines = [f"{self.kills} kills in {self.seconds:.0f} s, faults: {self.faults}, seed {self.seed}"]
        lines += [
            f"{circuit.name}: at most {max(circuit.peak_ma) / 1000:.1f} A of {circuit.limit_ma / 1000:.0f} A"
            + (" BROKEN" if circuit.is_broken else "")
            for circuit in self.circuits
        ]
        return "\n".join([*lines, f"{self.utilisation:.2f} of what the transformer carries was used"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class ServerProcess:
    """`manage.py serve` on a port of its own, on this process's database, with short leases."""

    log: Path
    environment: dict[str, str]
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def ocpp(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 (our own manage.py)
                [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, **BRISK, **self.environment},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended while starting, see {self.log}")
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not answer within {START_S} s, see {self.log}")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def build(*, now: datetime) -> tuple[Cluster, tuple[ChargePointSpec, ...]]:
    """A community of its own for this drill: a transformer too small for twelve cars, with fallbacks that fit."""
    name = f"Drill {now:%Y-%m-%d %H:%M:%S}"
    community = Community.objects.create(name=name, slug=f"drill-{now:%Y%m%d-%H%M%S-%f}")
    cluster = Cluster.objects.create(
        community=community,
        name=name,
        settle_s=SETTLE_S,
        min_interval_s=5,
        margin_ma=MARGIN_MA,
        is_public=False,
    )
    transformer = _circuit(cluster, "Transformer", TRANSFORMER_MA, None)
    panels = {panel: _circuit(cluster, panel, PANEL_MA, transformer) for panel in ("Panel A", "Panel B")}
    specs = []
    for place, panel, rotation in PLACES:
        identity = f"{place}-{community.slug}"[-48:]
        charge_point = ChargePoint.objects.create(
            community=community, cluster=cluster, identity=identity, name=place
        )
        Connector.objects.create(
            community=community,
            charge_point=charge_point,
            circuit=panels[panel],
            number=1,
            phase_rotation=rotation,
            max_current_ma=16_000 if len(rotation) > 1 else 32_000,
            chosen_fallback_ma=FALLBACK_MA if len(rotation) == 1 else 0,
        )
        driver = Driver.objects.create(community=community, name=f"Driver of {place}")
        IdTag.objects.create(community=community, driver=driver, token=f"TAG{place}")
        specs.append(
            ChargePointSpec(
                id=identity,
                key=keys.issue_key(charge_point, actor=SYSTEM, now=now),
                phases=len(rotation),
                rotation=rotation if len(rotation) > 1 else {"R": "L1", "S": "L2", "T": "L3"}[rotation],
                circuit=panel,
                nameplate_ma=16_000 if len(rotation) > 1 else 32_000,
                model="Drill",
            )
        )
    return cluster, tuple(specs)


def retire(cluster: Cluster, *, now: datetime) -> None:
    """History is kept; nothing of the drill takes part in anything any more."""
    Connector.objects.filter(charge_point__cluster=cluster).update(retired_at=now)
    ChargePoint.objects.filter(cluster=cluster).update(retired_at=now)
    Cluster.objects.filter(pk=cluster.pk).update(retired_at=now)
    Community.objects.filter(pk=cluster.community_id).update(retired_at=now)


async def run(
    server: ServerProcess,
    cluster: Cluster,
    specs: tuple[ChargePointSpec, ...],
    plan: Plan,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Play the plan; the server is running. Returns what was done and what each circuit carried at most."""
    rng = random.Random(plan.seed)
    report = Report(seed=plan.seed)
    parents: dict[str, str | None] = {"Transformer": None, "Panel A": "Transformer", "Panel B": "Transformer"}
    site = Site(server.ocpp, circuits=parents, tick_s=0.1, seed=plan.seed)
    for spec in specs:
        station = site.add(spec)
        station.settings.sample_s = 5
        station.settings.backoff_first_s, station.settings.backoff_most_s = 0.2, 1.0
    async with site:
        await site.connected(timeout_s=START_S)
        await _all_safe(cluster)
        began = time.time()
        troubles = [asyncio.create_task(_misbehave(station, rng, report)) for station in _stations(site)]
        for number in range(1, plan.kills + 1):
            await asyncio.sleep(rng.uniform(*plan.up_s))
            await asyncio.to_thread(server.kill)
            report.kills = number
            down_s = rng.uniform(*plan.down_s)
            tell(f"kill {number} of {plan.kills}, down for {down_s:.1f} s, {site.totals()}")
            await asyncio.sleep(down_s)
            await asyncio.to_thread(server.start)
        await asyncio.sleep(rng.uniform(*plan.up_s))
        for task in troubles:
            task.cancel()
        await asyncio.gather(*troubles, return_exceptions=True)
        report.seconds = time.time() - began
    limits = {"Transformer": TRANSFORMER_MA, "Panel A": PANEL_MA, "Panel B": PANEL_MA}
    report.circuits = [
        Circuits(name, limit_ma, site.history.peak_ma(name)) for name, limit_ma in limits.items()
    ]
    report.utilisation = _used(site, since=began)
    return report


def _stations(site: Site) -> list[Station]:
    return list(site.charge_points.values())


def _circuit(cluster: Cluster, name: str, limit_ma: int, parent: Circuit | None) -> Circuit:
    return Circuit.objects.create(
        community_id=cluster.community_id,
        cluster=cluster,
        parent=parent,
        name=name,
        limit_l1_ma=limit_ma,
        limit_l2_ma=limit_ma,
        limit_l3_ma=limit_ma,
    )


async def _all_safe(cluster: Cluster) -> None:
    """Cars come once every default is confirmed: no server can undo what a charger does before its first answer."""
    for _ in range(300):
        if not await Connector.objects.filter(charge_point__cluster=cluster, fallback_ma=None).aexists():
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("not every charge point confirmed its default within 30 s")


async def _misbehave(station: Station, rng: random.Random, report: Report) -> None:
    """Cars come and go, and something is always about to go wrong."""
    place = station.spec.id.split("-", 1)[0]
    await asyncio.sleep(rng.uniform(0, 3))
    while True:
        if station.connectors[1].car is None:
            car = Car(
                battery_wh=80_000,
                soc_pct=10,
                phases=station.spec.phases,
                max_ma=32_000,
                settle_s=CAR_SETTLE_S,
            )
            await station.plug_in(car, id_tag=f"TAG{place}")
        elif rng.random() < 0.15:
            await station.unplug()
        await asyncio.sleep(rng.uniform(2, 10))
        if rng.random() < 0.35:
            kind = rng.choice(TROUBLES)
            report.faults[kind] = report.faults.get(kind, 0) + 1
            await faults.inject(station, kind, duration_s=rng.uniform(2, 20), value=None)


def _used(site: Site, *, since: float) -> float:
    """Mean of the transformer's phases over what it carries for cars, from the first car on."""
    series = [sample for sample in site.history.series["Transformer"] if sample.at >= since]
    if len(series) < 2:
        return 0.0
    weighed = sum(sum(left.ma) * (right.at - left.at) for left, right in pairwise(series))
    return weighed / (series[-1].at - series[0].at) / (3 * (TRANSFORMER_MA - MARGIN_MA))


async def play(server: ServerProcess, plan: Plan, *, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Build, serve, play, retire: a whole drill on this process's database."""
    cluster, specs = await sync_to_async(build)(now=datetime.now(UTC))
    await asyncio.to_thread(server.start)
    try:
        return await run(server, cluster, specs, plan, tell=tell)
    finally:
        await asyncio.to_thread(server.stop)
        await sync_to_async(retire)(cluster, now=datetime.now(UTC))
