"""How fast pages are over three years of records.

    DATABASE_URL=postgres://... python -m benchmarks.years fill [--scale 0.1]      # an empty database: it is migrated first
    DATABASE_URL=postgres://... python -m benchmarks.years measure [--only chargers] [--all]

`fill` writes 125,000 sessions, 10 million meter values, 3 million rows of the OCPP log, 1.5 million commands and the other records of
three years, or a part of all that. `measure` asks for every page of the back office (lists, their filters, orders, searches and last
pages, and rows), every address of the API that is read, and `/metrics`, through the whole stack but the socket, and says which take
more than 200 ms (median of three) or 100 kB; with `--all`, each.
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]
import django
import own_database

django.setup()

from benchmarks.years import pages, seed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("act", choices=["fill", "measure"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="", help="Addresses that contain this.")
    parser.add_argument("--all", action="store_true", help="Tell of pages within the bars, too.")
    asked = parser.parse_args()
    began_s = time.perf_counter()
    if asked.act == "fill":
        own_database.migrate()
        seed.fill(
            now=datetime.now(UTC),
            scale=asked.scale,
            tell=lambda what: print(f"{time.perf_counter() - began_s:6.0f} s  {what}", flush=True),
        )
    else:
        pages.measure(only=asked.only, is_all=asked.all)
    print(f"{time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
