"""Price, carbon or peak as the second aim: how much all cars together should draw now, when there is slack."""

from dataclasses import dataclass

from scheduling.solver.ideal import Outlook
from scheduling.solver.limits import Rows, Tree
from scheduling.solver.problem import Aim, Problem
from scheduling.solver.site import Site


@dataclass(frozen=True, slots=True)
class SoftCap:
    """root: the circuit to cap, power_w: the most for now, later_s: when this may change."""

    root: int
    power_w: float
    later_s: int | None


def soft_cap(problem: Problem, site: Site, limits: Tree | Rows, outlook: Outlook) -> SoftCap | None:
    if problem.policy.aim is Aim.NONE:
        return None
    return None
