from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from evbalancer.life.clock import true_time
from evbalancer.life.world import World


@dataclass(frozen=True, slots=True)
class Violation:
    at: float
    judge: str
    sentence: str

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.at, UTC):%d %b %H:%M:%S} {self.judge}: {self.sentence}"


class Judge:
    """Looks at one life, and says what did not hold. It sees what it has to see, and nothing else."""

    name: ClassVar[str]

    def __init__(self, world: World, violations: list[Violation]) -> None:
        self.world = world
        self._violations = violations

    def blame(self, sentence: str, *, judge: str = "") -> None:
        self._violations.append(Violation(true_time(), judge or self.name, sentence))

    def see_change(self, at: float) -> None:
        """A current has changed."""

    def see_minute(self) -> None:
        """Another minute has passed."""

    def see_end(self) -> None:
        """All has been quiet for some minutes, and everything that was broken is whole."""
