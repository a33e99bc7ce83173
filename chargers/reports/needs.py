"""What a car asks for by ISO 15118, and the schedule that it chose."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar

from chargers.reports.base import Report
from chargers.reports.news import LimitStep


@dataclass(frozen=True, slots=True, kw_only=True)
class CarNeeds:
    """None where the car does not say. Currents are those of a phase; `max_w` is of all phases together. `departs_at` is ISO 8601."""

    mode: str
    energy_wh: int | None = None
    min_ma: int | None = None
    max_ma: int | None = None
    max_w: int | None = None
    charge_pct: int | None = None
    departs_at: str | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> "CarNeeds | None":
        """As it was kept with the session."""
        if not kept:
            return None
        return cls(**{one.name: kept[one.name] for one in fields(cls) if one.name in kept})


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsReport(Report):
    locks: ClassVar[bool] = True

    connector_number: int
    needs: CarNeeds


class NeedsOutcome(Enum):
    """PROCESSING: its limit comes with its transaction."""

    ACCEPTED = "Accepted"
    PROCESSING = "Processing"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleReport(Report):
    """The schedule by which the car will charge."""

    locks: ClassVar[bool] = True

    connector_number: int
    steps: tuple[LimitStep, ...]


class ScheduleOutcome(Enum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
