"""Loops over all rows of a kind: one that fails is logged, and the others have their turn."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from billiard.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)

T = TypeVar("T")


def for_each(
    rows: Iterable[T], act: Callable[[T], int | bool], *, what: str, longest_s: float | None = None
) -> int:
    """Run `act` for each row and return the sum of what it returned. `what` names a row in the log, beside its key.

    After `longest_s` seconds the rest is left for the next run.
    """
    began_s = time.monotonic()
    done = 0
    for row in rows:
        if longest_s is not None and time.monotonic() - began_s > longest_s:
            break
        try:
            done += act(row)
        except SoftTimeLimitExceeded:
            # The worker's own clock ends the whole loop.
            raise
        except Exception:
            logger.exception("%s %s is left for the next time", what, getattr(row, "pk", row))
    return done
