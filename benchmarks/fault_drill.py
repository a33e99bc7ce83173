"""The long fault drill on the wire, with its report: 30 kills at random moments with restarts after 0-20 s, PostgreSQL and Redis
each stopped, killed and frozen for 3-30 s, limits cut and lifted, leases of 12 s.

    python -m benchmarks.fault_drill [--kills 30] [--seed 1] [--json]

It is `manage.py drill --own-services`: the services are its own, in a directory of its own. Exits with 1 when anything was broken.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    environment = {"EVB_DEMO": "1", **os.environ}
    command = [sys.executable, "manage.py", "drill", "--own-services", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
