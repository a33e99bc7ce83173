from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class Clock:
    """A charge point's own idea of the time: the machine's, plus what a fault adds to it."""

    skew_s: float = 0.0
    zoneless: bool = False
    utc_offset_s: int = 0  # local time written without a zone
    slower_by: float = 0.0  # the share of a second that it loses in each
    slow_since: float = 0.0

    def now(self) -> float:
        at = time.time()
        return at + self.skew_s - self.slower_by * (at - self.slow_since)

    def go_slower(self, share: float) -> None:
        """Lose this share of every second from now on; 0 sets it right."""
        self.slower_by, self.slow_since = share, time.time()

    def text(self, at: float) -> str:
        """An OCPP dateTime; a zoneless clock writes its local time and hides the zone."""
        moment = datetime.fromtimestamp(at, UTC)
        if self.zoneless:
            local = moment + timedelta(seconds=self.utc_offset_s)
            return local.replace(tzinfo=None).isoformat(timespec="seconds")
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> float:
    """Unix seconds of an OCPP dateTime; one without a zone is read as UTC. ValueError when it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
