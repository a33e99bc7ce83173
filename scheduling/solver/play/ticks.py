"""A scenario cut into shorter periods, so that a simulation decides as often as the balancer does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from scheduling.solver.play.scenario import Scenario
from scheduling.solver.problem import Circuit
from scheduling.solver.validate import MOST_PERIODS

T = TypeVar("T")


def in_ticks(scenario: Scenario, tick_s: int) -> Scenario:
    """The same scenario in periods of `tick_s`; as it is, where that does not divide its periods or makes too many."""
    parts, odd = divmod(scenario.period_s, tick_s)
    if odd or parts <= 1 or scenario.n_periods * parts > MOST_PERIODS:
        return scenario
    return replace(
        scenario,
        period_s=tick_s,
        n_periods=scenario.n_periods * parts,
        circuits=tuple(_circuit(each, parts) for each in scenario.circuits),
        sessions=tuple(
            replace(each, begin=each.begin * parts, end=each.end * parts) for each in scenario.sessions
        ),
        tariff=_repeated(scenario.tariff, parts),
        carbon=_repeated(scenario.carbon, parts),
    )


def _circuit(circuit: Circuit, parts: int) -> Circuit:
    return replace(
        circuit,
        base_load_w_series=_repeated(circuit.base_load_w_series, parts),
        base_load_ma_series=_repeated(circuit.base_load_ma_series, parts),
    )


def _repeated(values: Sequence[T], parts: int) -> tuple[T, ...]:
    return tuple(value for value in values for _ in range(parts))
