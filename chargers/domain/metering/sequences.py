"""Which numbers of a row were heard, as ranges: "0-41,43". Pure.

OCPP 2 numbers the events of a transaction from 0; a hole is an event that is missing. A repetition has the number, the type
and the time of an event that was heard: some stations count from 0 again when they reboot within a transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from chargers.enums import TransactionPhase

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
        if self.ranges and number == self.ranges[-1][1] + 1:
            # So nearly every event comes.
            return type(self)((*self.ranges[:-1], (self.ranges[-1][0], number)))
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


LETTERS = {TransactionPhase.STARTED: "s", TransactionPhase.UPDATED: "u", TransactionPhase.ENDED: "e"}
# A charger repeats the event without an answer: the newest. Older ones are judged by their time alone.
MOST_MARKS = 32
# A station that stamps an event again when it repeats it is a moment late; one that counts from 0 again has rebooted meanwhile.
SAME_MOMENT_MS = 5_000


def mark_of(phase: TransactionPhase, at: datetime | None) -> str:
    """Type and time of an event, as short as can be."""
    return LETTERS[phase] + ("" if at is None else f"{round(at.timestamp() * 1000):x}")


@dataclass(frozen=True, slots=True)
class Marks:
    """The types and times of the newest events, by their numbers: "7:u19a,8:e19b"."""

    by_number: dict[int, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        pairs = (pair.partition(":") for pair in text.split(",") if pair)
        return cls({int(number): mark for number, _, mark in pairs})

    def __str__(self) -> str:
        return ",".join(f"{number}:{mark}" for number, mark in self.by_number.items())

    def adding(self, number: int, mark: str) -> Self:
        """With one more, without the oldest where there are too many."""
        kept = self.by_number.copy()
        kept.pop(number, None)
        kept[number] = mark
        if len(kept) > MOST_MARKS:
            del kept[next(iter(kept))]
        return type(self)(kept)

    def repeats(self, number: int, mark: str) -> bool:
        """Whether an event whose number was heard is that event again. One that is too old to be known is, unless its time
        is later than all that was heard."""
        known = self.by_number.get(number)
        if known is not None or not mark[1:] or not self.by_number:
            return known is None or _is_same(known, mark)
        newest = max((old[1:] for old in self.by_number.values()), key=lambda time: int(time or "0", 16))
        return int(mark[1:], 16) <= int(newest or "0", 16)


def add_mark(text: str, number: int, mark: str) -> str:
    """As `Marks.parse` and `adding` do it, for an event in its order, as nearly all are: nothing is taken apart."""
    if f",{number}:" in f",{text}":
        return str(Marks.parse(text).adding(number, mark))
    if text.count(",") + 1 >= MOST_MARKS:
        text = text.partition(",")[2]
    return f"{text},{number}:{mark}" if text else f"{number}:{mark}"


def _is_same(known: str, mark: str) -> bool:
    if known[0] != mark[0] or not (known[1:] and mark[1:]):
        return known == mark
    return abs(int(known[1:], 16) - int(mark[1:], 16)) <= SAME_MOMENT_MS
