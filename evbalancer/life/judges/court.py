import logging
from collections.abc import Iterator
from contextlib import contextmanager

from evbalancer.life.judges.energy import Energy
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.judges.leftovers import Leftovers
from evbalancer.life.judges.limits import Limits
from evbalancer.life.judges.log import Ear, Log
from evbalancer.life.judges.minimum import Minimum
from evbalancer.life.world import World

JUDGES: tuple[type[Judge], ...] = (Limits, Minimum, Energy, Leftovers)


class Court:
    """All judges of one life. `violations` is empty when everything held."""

    def __init__(self, world: World) -> None:
        self.violations: list[Violation] = []
        self._judges = [judge(world, self.violations) for judge in JUDGES]
        self._ear = Ear(Log(world, self.violations))
        world.site.watch = self._see_change

    @contextmanager
    def sits(self) -> Iterator[None]:
        """Inside, the log is heard."""
        logging.getLogger().addHandler(self._ear)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self._ear)

    def _see_change(self, at: float) -> None:
        for judge in self._judges:
            judge.see_change(at)

    def see_minute(self) -> None:
        for judge in self._judges:
            judge.see_minute()

    def see_end(self) -> None:
        for judge in self._judges:
            judge.see_end()
