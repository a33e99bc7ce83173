"""Load the compiled kernels before the first tick that matters."""

from scheduling.solver.problem import Aim, Circuit, Demand, PhasorLimit, Policy, Problem
from scheduling.solver.solve import solve


def warm_up() -> None:
    """Solve small problems of each kind, so that compiling or loading kernels delays nobody."""
    circuit = Circuit("warm", limit_ma=(20_000, 20_000, 20_000), limit_w=9_000.0)
    wishes = {"energy_wh": 9_000.0, "remaining_wh": 9_000.0, "depart_s": 7_200}
    cars = (Demand("a", "warm", (0,), **wishes), Demand("b", "warm", (0, 1, 2), **wishes), Demand("c", "warm", (1,), **wishes))
    alike = tuple(Demand(key, "warm", (0, 1, 2), **wishes) for key in "ab")
    turned = PhasorLimit("warm", 20_000, (("a", 0.87, 0.5), ("b", -0.87, 0.5)))
    for demands, phasors, aim in (
        (cars, (), Aim.NONE),
        (alike, (), Aim.PRICE),
        (alike, (), Aim.PEAK),
        (alike, (turned,), Aim.NONE),
    ):
        for quantise in (True, False):
            policy = Policy(aim=aim, quantise=quantise)
            solve(Problem((circuit,), demands, phasors=phasors, policy=policy, price=(2.0, 1.0)))
