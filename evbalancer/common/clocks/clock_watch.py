"""Whether the clock of this machine was set while the process runs.

Leases and holds are moments on our clock. When it is set, those that were granted before end by so much earlier or later than their
rows say, until the last of them is over. Who reserves for them asks here how far off they may be.
"""

import logging
import time

from django.conf import settings

logger = logging.getLogger(__name__)

# What an adjustment of the clock may make in one go, and what two readings of two clocks lie apart.
TOLERATED_S = 2.0
# By then a car has followed the end of its limit, whatever its cluster allows it.
SETTLED_BY_S = 120


class ClockWatch:
    """`felt_s`: so long after the clock was set something that was granted before may still be in force."""

    def __init__(self, *, felt_s: float) -> None:
        self._felt_s = felt_s
        self._ahead_s = _ahead_s()
        self._off_s, self._until_s = 0.0, 0.0

    def off_s(self) -> float:
        """How far the moments in the rows may be off, in seconds; 0 where the clock was not set lately."""
        ahead_s, now_s = _ahead_s(), time.monotonic()
        step_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        if now_s >= self._until_s:
            self._off_s = 0.0
        if abs(step_s) >= TOLERATED_S:
            self._off_s += abs(step_s)
            # Set back, moments that were noted before stay in the future for as long as it was set back.
            self._until_s = max(self._until_s, now_s + self._felt_s + max(0.0, -step_s))
            logger.warning(
                "This machine's clock was set by %+.0f s: power is kept free for limits that may end at another time than "
                "noted, for %.0f s",
                step_s,
                self._until_s - now_s,
            )
        return self._off_s


_watch: ClockWatch | None = None


def begin_watch() -> None:
    """Watch the clock from now on. The composition does this once a process."""
    global _watch  # noqa: PLW0603
    _watch = ClockWatch(felt_s=settings.HOLD_S + SETTLED_BY_S)


def end_watch() -> None:
    global _watch  # noqa: PLW0603
    _watch = None


def clock_off_s() -> float:
    """How far moments in rows may be off, in seconds; 0 where nobody watches."""
    return 0.0 if _watch is None else _watch.off_s()


def _ahead_s() -> float:
    return time.time() - time.monotonic()
