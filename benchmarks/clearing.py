"""How long clearing holds SQLite's only write lock.

    DATABASE_URL=sqlite:////tmp/years.sqlite3 python -m benchmarks.years fill --scale 0.05
    DATABASE_URL=sqlite:////tmp/years.sqlite3 python benchmarks/clearing.py [--minutes 2]

Runs the periodic work until it is through or the time is over, and measures each transaction from the answer to BEGIN IMMEDIATE to that to
COMMIT. For how long others really can't write: what runs before and after is not in it.
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
import django

django.setup()

from django.db import connection

from evbalancer.ops.retention import ledgers
from grid.domain.retention.rounds import clear_ledger
from grid.models import RetentionMark


class Holds:
    """Of this connection's transactions."""

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self._began_s: float | None = None
        self._commit = connection._commit  # noqa: SLF001 (there is no hook at the commit itself)
        connection._commit = self._note_end  # type: ignore[method-assign] # noqa: SLF001
        connection.execute_wrappers.append(self._note_begin)

    def _note_begin(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if sql.startswith("BEGIN"):
            self._began_s = time.perf_counter()
        return answer

    def _note_end(self) -> Any:
        answer = self._commit()
        if self._began_s is not None:
            self.took_s.append(time.perf_counter() - self._began_s)
            self._began_s = None
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="For all ledgers together.")
    asked = parser.parse_args()
    now = datetime.now(UTC)
    RetentionMark.objects.all().delete()
    found = ledgers(now=now)
    holds = Holds()
    print(f"{'ledger':24} {'rows':>8} {'holds':>6} {'p50':>6} {'p95':>6} {'p99':>6} {'most':>6}  over 50 ms")
    every: list[float] = []
    for ledger in found:
        holds.took_s.clear()
        gone = clear_ledger(ledger, now=now, ends_s=time.monotonic() + 60 * asked.minutes / len(found))
        every += holds.took_s
        _tell(ledger.name, gone, holds.took_s)
    _tell("all", 0, every)


def _tell(name: str, rows: int, took_s: list[float]) -> None:
    ordered = sorted(took_s) or [0.0]
    p50, p95, p99, most = (
        1_000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95, 0.99, 1)
    )
    over = sum(each > 0.05 for each in took_s)
    print(f"{name:24} {rows:8} {len(took_s):6} {p50:6.1f} {p95:6.1f} {p99:6.1f} {most:6.1f}  {over}")


if __name__ == "__main__":
    main()
