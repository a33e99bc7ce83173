"""Which numbers of a row were heard, as ranges: "0-41,43". Pure.

OCPP 2 numbers the events of a transaction from 0; a number heard twice is a repetition, a hole is an event that is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

# A station that leaves holes on purpose must not make rows of any length; the oldest holes are forgotten.
MOST_RANGES = 200


@dataclass(frozen=True, slots=True)
class Heard:
    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        spans = (span.partition("-") for span in text.split(",") if span)
        return cls(tuple((int(first), int(last or first)) for first, _, last in spans))

    def __str__(self) -> str:
        return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in self.ranges)

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.ranges)

    @property
    def newest(self) -> int | None:
        return self.ranges[-1][1] if self.ranges else None

    def adding(self, number: int) -> Self:
        """With one more number, ranges that touch joined."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted((*self.ranges, (number, number))):
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        if len(joined) > MOST_RANGES:
            joined[:2] = [(joined[0][0], joined[1][1])]
        return type(self)(tuple(joined))

    def holes(self) -> Iterator[tuple[int, int]]:
        """The ranges of numbers between the first and the newest that were never heard."""
        for (_, before), (after, _) in zip(self.ranges, self.ranges[1:], strict=False):
            yield before + 1, after - 1
