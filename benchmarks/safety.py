"""How much of the power is used, and whether any limit is ever broken: three car parks for an hour, again and again.

    python -m benchmarks.safety [--runs 5000] [--minutes 60] [--park 12x1] [--json]

Every run is a simulated cluster in steps of a second, with the product's own reservations and gate. Utilisation is what the
cars drew over what limit and cars would have allowed on each phase. The fallback is 6 A on as many connectors as fit.
"""

import argparse
import json
import random
import time
from typing import Any

from tests.scheduling.safety.sites import car_park
from tests.scheduling.safety.world import CALM, MILD, STRESS, Trouble, World

PARKS = {
    "34 on 145 A": {"count": 34, "limit_ma": 145_000, "phases": 3},
    "34x1 on 145 A": {"count": 34, "limit_ma": 145_000, "phases": 1},
    "12x1 on 48 A": {"count": 12, "limit_ma": 48_000, "phases": 1},
    "12x3 on 48 A": {"count": 12, "limit_ma": 48_000, "phases": 3},
}
DAYS = {"fault-free": CALM, "mild": MILD, "stress": STRESS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000, help="in all, shared among parks and days")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--fallback-a", type=int, default=6)
    parser.add_argument("--park", default="")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    parks = {name: park for name, park in PARKS.items() if asked.park in name}
    each = max(1, asked.runs // (len(parks) * len(DAYS)))
    for park, built in parks.items():
        for day, trouble in DAYS.items():
            report = {
                "park": park,
                "day": day,
                **measure(each, asked.minutes * 60, asked.fallback_a, built, trouble),
            }
            print(json.dumps(report) if asked.json else sentence(report), flush=True)


def measure(
    runs: int, seconds: int, fallback_a: int, built: dict[str, int], trouble: Trouble
) -> dict[str, Any]:
    began, used, possible, writes, renewals, broken = time.process_time(), 0.0, 0.0, 0, 0, 0
    for seed in range(runs):
        rng = random.Random(seed)
        result = World(car_park(fallback_ma=fallback_a * 1_000, **built), trouble, rng).run(seconds)
        used, possible = used + result.used, possible + result.possible
        writes, renewals = writes + result.writes, renewals + result.renewals
        broken += bool(result.violations)
    connector_hours = runs * built["count"] * seconds / 3_600
    return {
        "runs": runs,
        "broken": broken,
        "utilisation": round(used / possible, 3),
        "writes_per_connector_hour": round(writes / connector_hours, 1),
        "renewals_per_connector_hour": round(renewals / connector_hours, 1),
        "cpu_s_per_run": round((time.process_time() - began) / runs, 2),
    }


def sentence(report: dict[str, Any]) -> str:
    return (
        f"{report['park']:14} {report['day']:10} {report['broken']} of {report['runs']} runs broke a limit, "
        f"{report['utilisation']:.3f} of the power used, {report['writes_per_connector_hour']} writes a connector-hour "
        f"({report['renewals_per_connector_hour']} renewals), {report['cpu_s_per_run']} s a run"
    )


if __name__ == "__main__":
    main()
