import logging
from collections.abc import Iterator
from contextlib import contextmanager

from evbalancer.life.judges.alarms import Alarms
from evbalancer.life.judges.audit import Audit
from evbalancer.life.judges.belief import Belief
from evbalancer.life.judges.bounds import Bounds
from evbalancer.life.judges.energy import Energy
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.judges.ledger import Ledger
from evbalancer.life.judges.leftovers import Leftovers
from evbalancer.life.judges.limits import Cuts, Limits
from evbalancer.life.judges.log import Ear, Log
from evbalancer.life.judges.minimum import Minimum
from evbalancer.life.judges.promises import Promises
from evbalancer.life.judges.rest import Rest
from evbalancer.life.judges.tenants import Tenants
from evbalancer.life.judges.tokens import Tokens
from evbalancer.life.world import World

JUDGES: tuple[type[Judge], ...] = (
    Limits,
    Cuts,
    Belief,
    Minimum,
    Tokens,
    Rest,
    Energy,
    Ledger,
    Promises,
    Audit,
    Tenants,
    Leftovers,
    Bounds,
    Alarms,
)


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
