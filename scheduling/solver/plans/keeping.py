"""A promise comes before fair shares: a car that the plan leaves short of its promise asks for that part alone, before all others.

This is the fair plan under the bound that nobody ends below a promise: a car that the bound holds up gets just what was promised.
Plans of rows know the bound (`scheduling.solver.kernels.row_kernels`); a plan on a tree finds in rounds who it holds up.
"""

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.plans.site import Site
from scheduling.solver.plans.tree_plan import TreePlan

SHORT = 1e-4
RESERVE = 1.05  # setpoints in whole amperes, above a minimum, bring less than the plan


def careful_promises(site: Site) -> Floats:
    """The energy that the plan keeps for each promise. An emergency has its own claim."""
    careful_w = np.minimum(site.promised_w * RESERVE, site.need_w)
    kept: Floats = np.where(site.emergency_ma > 0, 0.0, careful_w)
    return kept


class Keeper:
    """Holds the cars of one plan up to their promises, and lets go of them when the plan has settled."""

    def __init__(self, plan: TreePlan, site: Site, first: Floats) -> None:
        """first: how little a car yields (its width) while it is held up."""
        self._plan = plan
        self._promised = careful_promises(site)
        self._first = first
        self.is_held = np.zeros(site.need_w.size, dtype=bool)
        self._any = bool((self._promised > 0).any())

    def hold(self) -> bool:
        """Let each car that is short of its promise come first with that. Whether there was one."""
        if not self._any:
            return False
        planned = self._plan.need - np.asarray(self._plan.deficit)
        short = (planned < self._promised * (1 - SHORT)) & ~self.is_held
        self._ask(short, np.where(short, self._promised, self._plan.need))
        for car in np.nonzero(short)[0]:
            self._plan.width[car] = self._first[car]
        self.is_held |= short
        return bool(short.any())

    def let_go(self, need: Floats) -> None:
        """They want all of it again, for what is left when everybody else has their share."""
        if self.is_held.any():
            self._ask(self.is_held, need)

    def _ask(self, cars: np.ndarray, need: Floats) -> None:
        for car in np.nonzero(cars)[0]:
            self._plan.deficit[car] += need[car] - self._plan.need[car]
        self._plan.need = need
