"""How long a beat takes for clusters in which nothing happens, as at night: each with idle charge points that are online.

    python benchmarks/quiet.py [--clusters 130] [--charge-points 4] [--beats 5]

Says, by the clock and of this process's processor, what one beat of all clusters takes while they rest, and what it takes where each
rebalances as an event makes it do. The clusters are retired at the end.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
import django  # noqa: E402
import own_database  # noqa: E402

django.setup()
own_database.migrate()

from django.db import transaction  # noqa: E402

from chargers.models import ChargePoint, Connector, Make  # noqa: E402
from grid.models import Circuit, Cluster, Community  # noqa: E402
from scheduling.domain.balancing import resting  # noqa: E402
from scheduling.domain.balancing.rebalance import share_power  # noqa: E402
from scheduling.enums import RunTrigger  # noqa: E402

BEAT = timedelta(seconds=3)


@transaction.atomic
def build(clusters: int, charge_points: int, *, now: datetime) -> list[Cluster]:
    run = uuid4().hex[:8]
    community = Community.objects.create(name=f"Quiet {run}", slug=f"quiet-{run}")
    make, _ = Make.objects.get_or_create(vendor="Bench", model="Quiet")
    built = []
    for number in range(clusters):
        cluster = Cluster.objects.create(community=community, name=f"Quiet {number}")
        limits = {f"limit_l{phase}_ma": 63_000 for phase in (1, 2, 3)}
        circuit = Circuit.objects.create(community=community, cluster=cluster, name="Root", **limits)
        for place in range(charge_points):
            socket = uuid4()
            charge_point = ChargePoint.objects.create(
                community=community,
                cluster=cluster,
                identity=f"Q{run}-{number}-{place}",
                name=f"{place}",
                make=make,
                connection_id=socket,
                connected_at=now,
                booted_at=now,
                online_until=now + timedelta(hours=1),
            )
            Connector.objects.create(
                community=community,
                charge_point=charge_point,
                circuit=circuit,
                number=1,
                phase_rotation="RST",
                max_current_ma=16_000,
                status="Available",
                fallback_ma=6_000,
                chosen_fallback_ma=6_000,
                fallback_confirmed_at=now,
                state_known_at=now + timedelta(seconds=30),
                told_connection_id=socket,
            )
        built.append(cluster)
    return built


def timed(act: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return 1_000 * (time.perf_counter() - wall), 1_000 * (time.process_time() - processor)


def beat(clusters: list[Cluster], *, now: datetime, trigger: RunTrigger) -> None:
    for cluster in clusters:
        share_power(cluster.pk, now=now, trigger=trigger)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clusters", type=int, default=130)
    parser.add_argument("--charge-points", type=int, default=4)
    parser.add_argument("--beats", type=int, default=5)
    options = parser.parse_args()
    now = datetime.now(UTC)
    clusters = build(options.clusters, options.charge_points, now=now)
    try:
        for number in range(2):
            beat(clusters, now=now + number * BEAT, trigger=RunTrigger.BEAT)
        moments = [now + number * BEAT for number in range(2, 2 + options.beats)]
        resting_now = sum(resting.look_at(cluster.pk, now=moments[-1]).rests for cluster in clusters)
        print(f"{len(clusters)} clusters of {options.charge_points} charge points, {resting_now} rest")
        for trigger, what in ((RunTrigger.BEAT, "a beat"), (RunTrigger.EVENT, "a rebalance of each")):
            took = [timed(lambda at=at, why=trigger: beat(clusters, now=at, trigger=why)) for at in moments]
            wall_ms, processor_ms = (statistics.median(column) for column in zip(*took, strict=True))
            print(f"{what}: {wall_ms:.0f} ms, of the processor {processor_ms:.0f} ms")
    finally:
        Cluster.objects.filter(pk__in=[cluster.pk for cluster in clusters]).update(retired_at=now)


if __name__ == "__main__":
    main()
