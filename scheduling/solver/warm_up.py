"""Load the compiled kernels before the first tick that matters."""

from scheduling.solver.problem import Aim, Circuit, Demand, PhasorLimit, Policy, Problem
from scheduling.solver.solve import solve


def warm_up() -> None:
    """Solve small problems of each kind, so that compiling or loading kernels delays nobody."""
    circuit = Circuit("warm", limit_ma=(20_000, 20_000, 20_000), limit_w=9_000.0)
    cars = tuple(_car(key, phases) for key, phases in (("a", (0,)), ("b", (0, 1, 2)), ("c", (1,))))
    alike = tuple(_car(key, (0, 1, 2)) for key in "ab")
    turned = PhasorLimit("warm", 20_000, (("a", 0.87, 0.5), ("b", -0.87, 0.5)))
    cases: tuple[tuple[tuple[Demand, ...], tuple[PhasorLimit, ...], Aim], ...] = (
        (cars, (), Aim.NONE),
        (alike, (), Aim.PRICE),
        (alike, (), Aim.PEAK),
        (alike, (turned,), Aim.NONE),
    )
    for demands, phasors, aim in cases:
        for quantise in (True, False):
            policy = Policy(aim=aim, quantise=quantise)
            solve(Problem((circuit,), demands, phasors=phasors, policy=policy, price=(2.0, 1.0)))


def _car(key: str, phases: tuple[int, ...]) -> Demand:
    return Demand(key, "warm", phases, energy_wh=9_000.0, remaining_wh=9_000.0, depart_s=7_200)
