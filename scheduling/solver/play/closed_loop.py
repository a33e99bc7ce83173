"""The engine in closed loop over a scenario: each tick it knows only who is there, and its setpoints are obeyed."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from scheduling.solver.play.scenario import Scenario, Session
from scheduling.solver.play.ticks import in_ticks
from scheduling.solver.problem import Circuit, Demand, PhasorLimit, Policy, Problem
from scheduling.solver.solution import Solution
from scheduling.solver.solve import solve

NEVER_STARTED_S = 7 * 24 * 3600
MINUTE_S = 60


@dataclass(slots=True)
class Stay:
    """What the loop remembers of one session."""

    session: Session
    left_wh: float
    promised_wh: float = 0.0
    current_ma: int = 0
    since_s: int = NEVER_STARTED_S
    starts: int = 0
    rates_kw: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """rates_kw: per session and `period_s`, from the start; tick_ms: what each tick took, in order."""

    period_s: int
    rates_kw: dict[str, list[float]]
    tick_ms: list[float]
    last: Solution | None = None

    def received_wh(self, session_id: str) -> float:
        return sum(self.rates_kw[session_id]) * 1000 * self.period_s / 3600

    def result(self) -> dict[str, object]:
        """The scorer's format."""
        ordered = sorted(self.tick_ms) or [0.0]
        return {
            "period_s": self.period_s,
            "rates_kw": {key: [round(rate, 6) for rate in rates] for key, rates in self.rates_kw.items()},
            "tick_ms": {"median": ordered[len(ordered) // 2], "max": ordered[-1]},
        }


def run_scenario(
    scenario: Scenario,
    policy: Policy,
    *,
    tick_s: int | None = None,
    step_ma: int = 1_000,
    expect: Callable[[Scenario, int], Sequence[Demand]] | None = None,
    promise: Callable[[int, Session, Sequence[Stay]], float] | None = None,
    on_period: Callable[[int, int], None] | None = None,
    on_tick: Callable[[int, Problem, Solution], None] | None = None,
) -> Run:
    """Play the scenario. `expect` forecasts arrivals, `promise` says how much energy a car is promised when it comes beside
    those that are there, `on_period` hears progress, `on_tick` sees each decision.

    Without `tick_s` it decides once a period, and what a car draws is constant in it. With it, it decides that often, and
    cars are followed by the minute: one that has all its energy stops between two decisions.
    """
    unit_s = scenario.period_s
    if tick_s is not None:
        scenario = in_ticks(scenario, tick_s)
        unit_s = scenario.period_s if scenario.period_s % MINUTE_S else MINUTE_S
    stays = [Stay(session, session.energy_wh) for session in scenario.sessions]
    waiting = sorted(stays, key=lambda stay: (stay.session.begin, stay.session.id), reverse=True)
    present: list[Stay] = []
    ticks: list[float] = []
    solution: Solution | None = None
    peak_w = 0.0
    for period in range(scenario.n_periods):
        while waiting and waiting[-1].session.begin <= period:
            came = waiting.pop()
            if promise is not None:
                came.promised_wh = promise(period, came.session, present)
            present.append(came)
        present = [stay for stay in present if stay.session.end > period]
        wanting = [stay for stay in present if _wants(scenario, policy, stay, unit_s)]
        load_w = _base_w(scenario, period)
        if wanting:
            expected = tuple(expect(scenario, period)) if expect is not None else ()
            problem = _problem(
                scenario, policy, period, wanting, expected=expected, peak_w=peak_w, step_ma=step_ma
            )
            begun = time.perf_counter()
            solution = solve(problem, solution)
            ticks.append((time.perf_counter() - begun) * 1000)
            if on_tick is not None:
                on_tick(period, problem, solution)
            for stay in wanting:
                load_w += _obey(scenario, policy, stay, solution, period=period, unit_s=unit_s)
        peak_w = max(peak_w, load_w)
        for stay in present:
            stay.since_s += scenario.period_s
        if on_period is not None:
            on_period(period + 1, scenario.n_periods)
    return Run(unit_s, {stay.session.id: stay.rates_kw for stay in stays}, ticks, solution)


def _wants(scenario: Scenario, policy: Policy, stay: Stay, unit_s: int) -> bool:
    """A remainder below what the charger's minimum gives in a unit of time would have to be cut short: it is left."""
    if not policy.quantise:
        return stay.left_wh > 1e-6
    least_wh = scenario.chargers[stay.session.charger].min_w * unit_s / 3600
    return stay.left_wh > 1e-6 and stay.left_wh >= least_wh - 1e-9


def _base_w(scenario: Scenario, period: int) -> float:
    return sum(each.base_load_w_series[period] for each in scenario.circuits if each.base_load_w_series)


def _obey(
    scenario: Scenario, policy: Policy, stay: Stay, solution: Solution, *, period: int, unit_s: int
) -> float:
    """The car draws what its setpoint lets through, up to what it still wants. Returns W, the most of the tick."""
    allotment = solution.allotments[stay.session.id]
    if (allotment.limit_ma > 0) != (stay.current_ma > 0):
        stay.since_s = 0
        stay.starts += allotment.limit_ma > 0
    stay.current_ma = allotment.limit_ma
    units = scenario.period_s // unit_s
    stay.rates_kw += [0.0] * (period * units - len(stay.rates_kw))
    most_w = 0.0
    for _ in range(units):
        goes_on = _wants(scenario, policy, stay, unit_s)
        power_w = _drawn_w(scenario, policy, stay, allotment.power_w, unit_s=unit_s) if goes_on else 0.0
        stay.left_wh -= power_w * unit_s / 3600
        stay.rates_kw.append(power_w / 1000)
        most_w = max(most_w, power_w)
    return most_w


def _drawn_w(scenario: Scenario, policy: Policy, stay: Stay, offered_w: float, *, unit_s: int) -> float:
    """What it takes of the offer, so that no remainder is left that the charger's minimum would be too much for."""
    left_w = stay.left_wh * 3600 / unit_s
    power_w = min(offered_w, left_w)
    least_w = scenario.chargers[stay.session.charger].min_w
    by_the_minute = policy.quantise and unit_s < scenario.period_s
    leaves_crumb = by_the_minute and 1e-6 < left_w - power_w < least_w
    return max(left_w - least_w, least_w) if leaves_crumb and power_w > least_w else power_w


def _problem(
    scenario: Scenario,
    policy: Policy,
    period: int,
    wanting: Sequence[Stay],
    *,
    expected: tuple[Demand, ...],
    peak_w: float,
    step_ma: int,
) -> Problem:
    until = max(stay.session.end for stay in wanting)
    circuits = [_from(circuit, period, until) for circuit in scenario.circuits]
    demands = [_demand(scenario, stay, period, step_ma=step_ma) for stay in wanting]
    circuits += _shared_chargers(scenario, wanting)
    by_charger: dict[str, list[str]] = {}
    for stay in wanting:
        by_charger.setdefault(stay.session.charger, []).append(stay.session.id)
    shared = {circuit.id for circuit in circuits[len(scenario.circuits) :]}
    demands = [
        replace(demand, circuit_id=f"charger {stay.session.charger}")
        if f"charger {stay.session.charger}" in shared
        else demand
        for demand, stay in zip(demands, wanting, strict=True)
    ]
    phasors = tuple(
        PhasorLimit(
            each.id,
            math.floor(each.limit_ma),
            tuple(
                (key, c.real, c.imag) for name, c in each.terms.items() for key in by_charger.get(name, ())
            ),
            scenario.phasor_volts,
        )
        for each in scenario.phasors
    )
    return Problem(
        circuits=tuple(circuits),
        demands=tuple(demands),
        phasors=phasors,
        policy=policy,
        period_s=scenario.period_s,
        price=scenario.tariff[period:],
        carbon=scenario.carbon[period:],
        expected=expected,
        peak_w=peak_w,
        at_s=period * scenario.period_s,
    )


def _from(circuit: Circuit, period: int, until: int) -> Circuit:
    if not circuit.base_load_w_series:
        return circuit
    return replace(
        circuit,
        base_load_w_series=circuit.base_load_w_series[period:until],
        base_load_ma_series=circuit.base_load_ma_series[period:until],
    )


def _shared_chargers(scenario: Scenario, wanting: Sequence[Stay]) -> list[Circuit]:
    """Where two sessions overlap on one charger, the charger is a limit of its own."""
    counts: dict[str, int] = {}
    for stay in wanting:
        counts[stay.session.charger] = counts.get(stay.session.charger, 0) + 1
    return [
        Circuit(f"charger {key}", scenario.chargers[key].node, limit_w=scenario.chargers[key].max_w)
        for key, count in sorted(counts.items())
        if count > 1
    ]


def _demand(scenario: Scenario, stay: Stay, period: int, *, step_ma: int) -> Demand:
    session = stay.session
    charger = scenario.chargers[session.charger]
    watts_per_ma = charger.volts * len(charger.phases) / 1000
    return Demand(
        id=session.id,
        circuit_id=charger.node,
        phases=charger.phases,
        min_ma=math.ceil(charger.min_w / watts_per_ma - 1e-6),
        max_ma=math.ceil(charger.max_w / watts_per_ma - 1e-6),
        step_ma=step_ma,
        volts=charger.volts,
        max_w=min(session.max_w, charger.max_w),
        energy_wh=session.energy_wh,
        remaining_wh=stay.left_wh,
        promised_wh=max(0.0, stay.promised_wh - session.energy_wh + stay.left_wh),
        depart_s=(session.end - period) * scenario.period_s,
        priority=session.priority,
        weight=session.weight,
        current_ma=stay.current_ma,
        since_s=stay.since_s,
        starts=stay.starts,
        connected_s=period * scenario.period_s - session.arrive_s,
    )
