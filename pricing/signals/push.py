"""A signal as a program pushes it: the first moment, the step and a value for each step."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pricing.signals.series import Reading, Told, Unit


@dataclass(frozen=True, slots=True)
class PushSource:
    begins_at: datetime
    step_s: int
    unit: Unit
    values: tuple[Decimal, ...]
    currency: str = ""
    published_at: datetime | None = None

    def read(self) -> Told:
        step, begin = timedelta(seconds=self.step_s), self.begins_at.astimezone(UTC)
        readings = (
            Reading(begin + number * step, begin + (number + 1) * step, value, f"Value {number + 1}")
            for number, value in enumerate(self.values)
        )
        return Told(tuple(readings), self.unit, self.currency, self.published_at)
