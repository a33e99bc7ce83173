"""What was done to a payload: where, how, and how often. Named by the schema's places, so that there are few of them."""

from collections import Counter

from chargers.reports.log import Correction

MOST_PLACES = 40
LONGEST_WORD = 40


class Lacking(Exception):  # noqa: N818 (named for what happened)
    """What the handler can't do without is missing or can't be read."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class Corrections:
    """Gathers corrections; the thousandth of a kind is a number and not a row."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def note(self, place: str, how: str, word: object = "") -> None:
        key = (place, how, str(word)[:LONGEST_WORD])
        if key in self._counts or len(self._counts) < MOST_PLACES:
            self._counts[key] += 1

    def mark(self) -> Counter[tuple[str, str, str]]:
        """To return to, where what was corrected turns out to be of no use."""
        return self._counts.copy()

    def forget_since(self, mark: Counter[tuple[str, str, str]]) -> None:
        self._counts = mark

    def summary(self) -> tuple[Correction, ...]:
        return tuple(
            Correction(place, how, word, count) for (place, how, word), count in self._counts.items()
        )
