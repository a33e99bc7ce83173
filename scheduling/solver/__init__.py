"""The allocation engine: pure Python and numpy, no Django, no I/O, the same answer for the same input."""

from scheduling.solver.errors import BadInputError
from scheduling.solver.feasible import Violation, violations
from scheduling.solver.problem import (
    Aim,
    Circuit,
    Demand,
    PhasorLimit,
    Policy,
    Problem,
    Reservation,
    ShortageRule,
)
from scheduling.solver.solution import Allotment, Certificate, Plan, Reason, ReasonKind, Solution
from scheduling.solver.solve import solve

__all__ = [
    "Aim",
    "Allotment",
    "BadInputError",
    "Certificate",
    "Circuit",
    "Demand",
    "PhasorLimit",
    "Plan",
    "Policy",
    "Problem",
    "Reason",
    "ReasonKind",
    "Reservation",
    "ShortageRule",
    "Solution",
    "Violation",
    "solve",
    "violations",
]
