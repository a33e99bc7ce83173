"""The long fault drill on the wire, with its report: 30 kills at random moments, restarts after 0-20 s, leases of 12 s.

    DATABASE_URL=postgres://... python -m benchmarks.fault_drill [--kills 30] [--seed 1]

On the database that the settings name; it adds a community of its own and retires it. Exits with 1 when a limit was broken.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import django


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
    django.setup()
    from evbalancer.ops import drill

    log = Path(tempfile.mkdtemp(prefix="drill-")) / "server.log"
    plan = drill.Plan(kills=asked.kills, seed=asked.seed)
    report = asyncio.run(drill.play(drill.ServerProcess(log=log, environment={}), plan, tell=print))
    print(report)
    return int(report.is_broken)


if __name__ == "__main__":
    sys.exit(main())
