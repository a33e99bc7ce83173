"""Frames for the OCPP log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from chargers.reports.base import Source


class Correction(NamedTuple):
    """What was put right in a message before it was read, and how often in it. `word`: an unknown word that was said there."""

    place: str
    how: str
    word: str = ""
    times: int = 1

    def __str__(self) -> str:
        word = f" ({self.word})" if self.word else ""
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.place}: {self.how}{word}{often}"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A frame for the OCPP log. The payload is as it came; `corrections` say how it was read."""

    source: Source
    at: datetime
    direction: str
    action: str
    unique_id: str
    payload: Mapping[str, Any] | None
    error: str = ""
    answered_ms: int | None = None
    corrections: tuple[Correction, ...] = ()
