"""Long work on big tables in short transactions, so that nobody waits for a lock for longer than a moment."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

# No transaction should hold its locks for longer; the pace aims well below, because the next batch may be slower.
LOCKED_S: Final = 0.05
AIM_S: Final = 0.01
# PostgreSQL locks these rows alone, which nobody else wants.
AIM_OF_ROWS_S: Final = 0.02
# A machine that was busy for a moment is busy for a while: so many batches in a row are quick before they grow again.
CALM_BATCHES: Final = 8
# Rows with large columns take a millisecond each; below a handful most of a batch is its statements.
FEWEST_ROWS, MOST_ROWS = 5, 2_000
FIRST_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """The next rows of a ledger that are over their time.

    `place` is where the batch after it begins, in the ledger's own terms, as JSON; None at the end of the ledger. `kept` counts rows that
    are over their time and that something still needs, and `seen` all that were read for it.
    """

    rows: Sequence[Any]
    place: Any
    kept: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """A table that only grows, and how the rows that are over their time leave it.

    `find` reads outside a transaction. `clear` runs in one, does away with these rows, and returns how many are gone.
    """

    name: str
    find: Callable[[Any, int], Batch]
    clear: Callable[[Sequence[Any]], int]


@dataclass(slots=True)
class Pace:
    """How many rows the next batch may have, by the time that the last one took."""

    rows: int = FIRST_ROWS
    calm: int = CALM_BATCHES
    aim_s: float = AIM_S

    def note(self, took_s: float, rows: int) -> None:
        """A batch of few rows that was quick says nothing about a large one."""
        if took_s > self.aim_s:
            self.rows = max(FEWEST_ROWS, int(self.rows * max(0.25, self.aim_s / took_s)))
            self.calm = 0
            return
        self.calm += 1
        if rows >= self.rows and self.calm > CALM_BATCHES:
            self.rows = min(
                MOST_ROWS, int(self.rows * min(2.0, self.aim_s / max(took_s, self.aim_s / 2))) + 1
            )


class RowsMoved(RuntimeError):  # noqa: N818 (named for what happened)
    """Rows of a batch were gone or new before it was cleared: nothing was changed, and the next run reads them again."""


def rest(took_s: float) -> None:
    """Leave the others as much time as a batch has taken."""
    time.sleep(min(took_s, LOCKED_S))


def dated_ledger(name: str, rows: QuerySet[Any], *, moment: str) -> Ledger:
    """Rows that simply go, the oldest first; `rows` are those that are over their time. Nothing of ours may cascade from them."""

    def find(place: Any, size: int) -> Batch:
        found = list(rows.order_by(moment, "pk").values_list("pk", flat=True)[:size])
        return Batch(found, [] if len(found) == size else None)

    def clear(keys: Sequence[Any]) -> int:
        gone, _ = rows.model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001 (Django's documented API)
        return int(gone)

    return Ledger(name, find, clear)
