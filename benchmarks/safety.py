"""How much of the power is used, and whether any limit is ever broken: three car parks for an hour, again and again.

    python -m benchmarks.safety [--runs 5000] [--minutes 60] [--jobs 2] [--first-seed 0] [--park 12x1]
        [--policy live|equal] [--json]

Every run is a simulated cluster in steps of a second, with the product's own reservations and gate and, unless it
is told to share equally, the policy that the balancer runs. Utilisation is what the
cars drew over what limit and cars would have allowed on each phase. The fallback is 6 A on as many connectors as fit. A seed is
a run that can be repeated: a long campaign is made in parts, each beginning where the last one ended. Exits with 1 when a
limit was broken.
"""

import argparse
import json
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import standalone  # noqa: F401 (first: it sets Django up)
from tests.scheduling.safety.live import LiveServer
from tests.scheduling.safety.server import Server
from tests.scheduling.safety.sites import car_park
from tests.scheduling.safety.world import CALM, MILD, STRESS, Trouble, World

PARKS = {
    "34 on 145 A": {"count": 34, "limit_ma": 145_000, "phases": 3},
    "34x1 on 145 A": {"count": 34, "limit_ma": 145_000, "phases": 1},
    "12x1 on 48 A": {"count": 12, "limit_ma": 48_000, "phases": 1},
    "12x3 on 48 A": {"count": 12, "limit_ma": 48_000, "phases": 3},
}
POLICIES = {"live": LiveServer, "equal": Server}
DAYS = {"fault-free": CALM, "mild": MILD, "stress": STRESS}


@dataclass(frozen=True, slots=True)
class Hour:
    """One run, in figures that can be sent between processes and added up."""

    seed: int
    used: float
    possible: float
    writes: int
    renewals: int
    is_broken: bool
    cpu_s: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000, help="in all, shared among parks and days")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--fallback-a", type=int, default=6)
    parser.add_argument("--park", default="")
    parser.add_argument("--policy", choices=POLICIES, default="live")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    parks = {name: park for name, park in PARKS.items() if asked.park in name}
    each = max(1, asked.runs // (len(parks) * len(DAYS)))
    seeds = range(asked.first_seed, asked.first_seed + each)
    any_broken = False
    with ProcessPoolExecutor(asked.jobs) as processes:
        for park, built in parks.items():
            for day, trouble in DAYS.items():
                play = partial(
                    hour,
                    seconds=asked.minutes * 60,
                    fallback_a=asked.fallback_a,
                    built=built,
                    trouble=trouble,
                    server=POLICIES[asked.policy],
                )
                hours = list(processes.map(play, seeds))
                report = {"park": park, "day": day, **summed(hours, built["count"] * asked.minutes / 60)}
                any_broken |= bool(report["broken"])
                print(json.dumps(report) if asked.json else sentence(report), flush=True)
    return int(any_broken)


def hour(
    seed: int,
    *,
    seconds: int,
    fallback_a: int,
    built: dict[str, int],
    trouble: Trouble,
    server: type[Server],
) -> Hour:
    began_s = time.process_time()
    park = car_park(fallback_ma=fallback_a * 1_000, **built)
    result = World(park, trouble, random.Random(seed), server=server).run(seconds)
    return Hour(
        seed=seed,
        used=result.used,
        possible=result.possible,
        writes=result.writes,
        renewals=result.renewals,
        is_broken=bool(result.violations),
        cpu_s=time.process_time() - began_s,
    )


def summed(hours: list[Hour], connector_hours_a_run: float) -> dict[str, Any]:
    connector_hours = connector_hours_a_run * len(hours)
    return {
        "runs": len(hours),
        "broken": [run.seed for run in hours if run.is_broken],
        "utilisation": round(sum(run.used for run in hours) / sum(run.possible for run in hours), 3),
        "writes_per_connector_hour": round(sum(run.writes for run in hours) / connector_hours, 1),
        "renewals_per_connector_hour": round(sum(run.renewals for run in hours) / connector_hours, 1),
        "cpu_s_per_run": round(sum(run.cpu_s for run in hours) / len(hours), 2),
    }


def sentence(report: dict[str, Any]) -> str:
    return (
        f"{report['park']:14} {report['day']:10} {len(report['broken'])} of {report['runs']} runs broke a limit"
        f"{', seeds ' if report['broken'] else ''}{', '.join(map(str, report['broken']))}, "
        f"{report['utilisation']:.3f} of the power used, {report['writes_per_connector_hour']} writes a connector-hour "
        f"({report['renewals_per_connector_hour']} renewals), {report['cpu_s_per_run']} s a run"
    )


if __name__ == "__main__":
    sys.exit(main())
