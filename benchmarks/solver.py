"""How good and how fast the allocation engine is, beside what others do.

python -m benchmarks.solver [--scenarios FOLDER] [--quality] [--speed] [--out FOLDER]

Quality: closed loop over each scenario of the folder, the engine against earliest deadline first (EDF), least laxity
first (LLF), round robin (RR) and equal share (ours, simple), acnportal's own algorithms where that package is installed
and the site has neither base load nor phasors, and the offline optimum by HiGHS (scipy) as the limit. Speed: one tick at
60 to 100,000 cars on a three-level tree over 96 periods, cold, and after one arrival; writes a growth plot (SVG).
"""

import argparse
import gzip
import json
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from scheduling.solver import Circuit, Demand, Policy, Problem, solve
from scheduling.solver.kernels.compiled import HAVE_COMPILER
from scheduling.solver.play.closed_loop import Run, run_scenario
from scheduling.solver.play.figures import figures_of
from scheduling.solver.play.scenario import Scenario, Session, read_scenario
from scheduling.solver.warm_up import warm_up

SIZES = (60, 200, 1_000, 3_000, 10_000, 30_000, 100_000)
PERIODS = 96


def load(path: Path) -> Scenario:
    raw = path.read_bytes()
    return read_scenario(json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw))


# Simple controllers: each period, cars in some order take what the limits on their path leave.


def rows_of(scenario: Scenario, session: Session) -> list[tuple[tuple[str, int | None], float]]:
    charger = scenario.chargers[session.charger]
    circuits = {each.id: each for each in scenario.circuits}
    rows: list[tuple[tuple[str, int | None], float]] = []
    key: str | None = charger.node
    while key is not None:
        rows.append(((key, None), 1.0))
        if circuits[key].limit_ma is not None:
            rows += [((key, phase), 1.0 / len(charger.phases)) for phase in charger.phases]
        key = circuits[key].parent_id
    return rows


def rooms_of(scenario: Scenario, period: int) -> dict[tuple[str, int | None], float]:
    parents = {each.id: each.parent_id for each in scenario.circuits}
    load = dict.fromkeys(parents, 0.0)
    for each in scenario.circuits:
        key: str | None = each.id
        while key is not None and each.base_load_w_series:
            load[key] += each.base_load_w_series[period]
            key = parents[key]
    rooms: dict[tuple[str, int | None], float] = {}
    for each in scenario.circuits:
        rooms[each.id, None] = max(0.0, each.limit_w - load[each.id])
        for phase in range(3 if each.limit_ma else 0):
            rooms[each.id, phase] = max(0.0, each.limit_ma[phase] * 0.23 - load[each.id] / 3)
    return rooms


def greedy(order: Callable[[Session, float, int], float]) -> Callable[..., dict[str, float]]:
    def share(present, left, tops, *, rooms, rows, period):
        given = {}
        for session in sorted(
            present, key=lambda each: (order(each, left[each.id] / tops[each.id], period), each.id)
        ):
            power = min(
                [tops[session.id], left[session.id], *(rooms[row] / rate for row, rate in rows[session.id])]
            )
            given[session.id] = power
            for row, rate in rows[session.id]:
                rooms[row] -= power * rate
        return given

    return share


def in_turns(*, whole: bool) -> Callable[..., dict[str, float]]:
    """Round robin hands out small slices in turn; equal share does not let a finished car's part go to others."""

    def share(present, left, tops, *, rooms, rows, period):
        given = dict.fromkeys((each.id for each in present), 0.0)
        slice_w = 230.0
        turn = list(present)
        while turn:
            again = []
            for session in turn:
                top = tops[session.id] if whole else min(tops[session.id], left[session.id])
                step = min(slice_w, top - given[session.id])
                if step > 1e-6 and all(rooms[row] >= step * rate for row, rate in rows[session.id]):
                    given[session.id] += step
                    for row, rate in rows[session.id]:
                        rooms[row] -= step * rate
                    again.append(session)
            turn = again
        return {key: min(power, left[key]) for key, power in given.items()}

    return share


SIMPLE = {
    "EDF": greedy(lambda session, *_: session.end),
    "LLF": greedy(lambda session, periods, now: session.end - now - periods),
    "RR": in_turns(whole=False),
    "equal share": in_turns(whole=True),
}


def run_simple(scenario: Scenario, share: Callable[..., dict[str, float]]) -> Run:
    hours = scenario.period_s / 3600
    left = {each.id: each.energy_wh / hours for each in scenario.sessions}
    tops = {each.id: min(each.max_w, scenario.chargers[each.charger].max_w) for each in scenario.sessions}
    rows = {each.id: rows_of(scenario, each) for each in scenario.sessions}
    rates = {each.id: [0.0] * scenario.n_periods for each in scenario.sessions}
    ticks = []
    for period in range(scenario.n_periods):
        present = [
            each for each in scenario.sessions if each.begin <= period < each.end and left[each.id] > 1e-6
        ]
        rooms = rooms_of(scenario, period)
        begun = time.perf_counter()
        given = share(present, left, tops, rooms=rooms, rows=rows, period=period)
        if present:
            ticks.append((time.perf_counter() - begun) * 1000)
        for key, power in given.items():
            left[key] -= power
            rates[key][period] = power / 1000
    return Run(scenario.period_s, rates, ticks)


def run_acnportal(scenario: Scenario, kind: str) -> Run | None:
    """acnportal's own simulator and algorithm; None where it is missing or cannot model the site."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from acnportal import acnsim, algorithms
    except ImportError:
        return None
    if scenario.phasors or any(each.base_load_w_series or each.limit_ma for each in scenario.circuits):
        return None
    network = _network_of(scenario, acnsim)
    scheduler = _scheduler(kind, algorithms)
    ticks: list[float] = []
    plain = scheduler.schedule

    def timed(sessions):
        begun = time.perf_counter()
        answer = plain(sessions)
        ticks.append((time.perf_counter() - begun) * 1000)
        return answer

    scheduler.schedule = timed
    simulator = acnsim.Simulator(
        network, scheduler, acnsim.EventQueue(_arrivals_of(scenario, acnsim)), datetime(2019, 3, 12, tzinfo=UTC),
        period=scenario.period_s / 60, verbose=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simulator.run()
    rates = {each.id: [0.0] * scenario.n_periods for each in scenario.sessions}
    by_charger = dict(zip(network.station_ids, simulator.charging_rates, strict=False))
    for each in scenario.sessions:
        volts = scenario.chargers[each.charger].volts
        row = by_charger[each.charger][each.begin : each.end] * volts / 1000
        rates[each.id][each.begin : each.begin + len(row)] = [float(rate) for rate in row]
    return Run(scenario.period_s, rates, ticks)


def _network_of(scenario: Scenario, acnsim):
    volts = {key: each.volts for key, each in scenario.chargers.items()}
    network = acnsim.ChargingNetwork()
    for key, charger in scenario.chargers.items():
        network.register_evse(acnsim.EVSE(key, max_rate=charger.max_w / volts[key]), volts[key], 0)
    for circuit in scenario.circuits:
        below = [
            key
            for key, charger in scenario.chargers.items()
            if any(row[0] == circuit.id for row, _ in rows_of(scenario, _as_session(key, charger)))
        ]
        if below:
            limit_a = circuit.limit_w / volts[below[0]]
            network.add_constraint(acnsim.Current(dict.fromkeys(below, 1)), limit_a, circuit.id)
    return network


def _scheduler(kind: str, algorithms):
    if kind == "RR":
        return algorithms.RoundRobin(algorithms.first_come_first_served, continuous_inc=1)
    ranked = {"EDF": algorithms.earliest_deadline_first, "LLF": algorithms.least_laxity_first}
    return algorithms.SortedSchedulingAlgo(ranked[kind])


def _arrivals_of(scenario: Scenario, acnsim):
    events = []
    for each in scenario.sessions:
        battery = acnsim.Battery(
            each.energy_wh / 1000, 0, min(each.max_w, scenario.chargers[each.charger].max_w) / 1000
        )
        car = acnsim.EV(each.begin, each.end, each.energy_wh / 1000, each.charger, each.id, battery)
        events.append(acnsim.PluginEvent(each.begin, car))
    return events


def _as_session(key: str, charger) -> Session:
    return Session(key, key, 0, 0, 0, 0, 0.0, charger.max_w, 1, None)


def highs_optimum(scenario: Scenario) -> tuple[float, float] | None:
    """Most energy in kWh with everything known, and the seconds it took; None under phasors (a cone)."""
    if scenario.phasors:
        return None
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    index, tops, entries, bounds, rows = {}, [], [], [], {}
    hours = scenario.period_s / 3600
    for each in scenario.sessions:
        for period in range(each.begin, each.end):
            index[each.id, period] = len(tops)
            tops.append((0.0, min(each.max_w, scenario.chargers[each.charger].max_w)))
    for period in range(scenario.n_periods):
        for row, room in rooms_of(scenario, period).items():
            rows[row, period] = len(bounds)
            bounds.append(room)
    for each in scenario.sessions:
        paths = rows_of(scenario, each)
        for period in range(each.begin, each.end):
            entries += [(rows[row, period], index[each.id, period], rate) for row, rate in paths]
            entries.append((len(bounds), index[each.id, period], hours))
        bounds.append(each.energy_wh)
    at, to, value = zip(*entries, strict=True)
    matrix = coo_array((value, (at, to)), shape=(len(bounds), len(tops))).tocsr()
    begun = time.perf_counter()
    best = linprog(-np.full(len(tops), hours), A_ub=matrix, b_ub=bounds, bounds=tops, method="highs")
    return -best.fun / 1000, time.perf_counter() - begun


def quality(folder: Path) -> list[str]:
    lines = [
        "| scenario | controller | energy, % of offline | worst off | Jain | starts | cost | peak kW | tick ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")]):
        try:
            scenario = load(path)
        except ValueError:
            continue
        optimum = highs_optimum(scenario)
        limit_kwh = optimum[0] if optimum else math.nan
        runs: dict[str, Run | None] = {
            "engine": run_scenario(scenario, Policy()),
            "engine, continuous": run_scenario(scenario, Policy(quantise=False)),
        }
        if not scenario.phasors:
            runs |= {name: run_simple(scenario, share) for name, share in SIMPLE.items()}
        runs |= {f"acnportal {kind}": run_acnportal(scenario, kind) for kind in ("EDF", "LLF", "RR")}
        for name, run in runs.items():
            if run is None:
                continue
            got = figures_of(scenario, run)
            share = (
                f"{100 * got.delivered_wh / 1000 / limit_kwh:.2f}"
                if optimum
                else f"({got.delivered_wh / 1000:.1f} kWh)"
            )
            lines.append(
                f"| {scenario.name} | {name} | {share} | {got.worst_off:.3f} | {got.jain:.4f} | {got.starts_per_session:.2f}"
                f" | {got.cost:.2f} | {got.peak_w / 1000:.1f} | {got.tick_ms_median:.2f} |"
            )
        if optimum:
            lines.append(f"| {scenario.name} | HiGHS, all known | 100 | | | | | | {1000 * optimum[1]:.0f} |")
    return lines


def fleet(n_cars: int, *, phases: bool = False, seed: int = 0) -> Problem:
    """A congested three-level site with all cars plugged in."""
    random = np.random.default_rng(seed)
    n_feeders, wide = max(1, n_cars // 20), 8
    n_panels = max(1, n_feeders // wide)
    stay = random.integers(8, PERIODS + 1, n_cars)
    most_ma = random.choice([16_000, 16_000, 32_000, 11_000], n_cars)
    energy = np.minimum(random.lognormal(9.3, 0.7, n_cars), most_ma * 0.69 * stay * 0.24)
    root_w = float(energy.sum() * 4 / stay.mean() / 2)
    base = tuple(float(root_w * 0.1 * (1 + math.sin(t / 8))) for t in range(PERIODS))
    circuits = [Circuit("root", limit_w=root_w, base_load_w_series=base)]
    feeders = []
    for panel in range(n_panels):
        circuits.append(Circuit(f"p{panel}", "root", limit_w=root_w / n_panels * 1.15))
        for _ in range(max(1, n_feeders // n_panels)):
            feeders.append(f"f{len(feeders)}")
            circuits.append(Circuit(feeders[-1], f"p{panel}", limit_w=root_w / n_feeders * 1.4))
    if phases:
        circuits = [replace(each, limit_ma=(each.limit_w / 0.69,) * 3) for each in circuits]
    demands = tuple(
        Demand(
            f"c{at}",
            feeders[int(random.integers(len(feeders)))],
            ((0,), (1,), (2,), (0, 1, 2))[at % 4] if phases else (0, 1, 2),
            max_ma=int(most_ma[at]),
            energy_wh=float(energy[at]),
            remaining_wh=float(energy[at] * random.uniform(0.3, 1)),
            depart_s=int(stay[at]) * 900,
            current_ma=int(random.choice([0, 6_000])),
            starts=1,
            since_s=1_000,
        )
        for at in range(n_cars)
    )
    return Problem(tuple(circuits), demands, period_s=900)


def median_ms(action: Callable[[], object], times: int) -> float:
    """Median of the processor's time: the engine runs in one thread, and a shared machine is noisy by the clock."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        action()
        taken.append((time.process_time() - begun) * 1000)
    return sorted(taken)[len(taken) // 2]


def speed() -> tuple[list[str], dict[int, float]]:
    lines = ["| cars | tick, ms | after one arrival, ms |", "|---|---|---|"]
    growth = {}
    for size in SIZES:
        if not HAVE_COMPILER and size > 1_000:
            break
        problem = fleet(size)
        times = 9 if size <= 1_000 else 3
        before = solve(problem)
        growth[size] = median_ms(lambda problem=problem: solve(problem), times)
        one_more = replace(problem, demands=(*problem.demands, replace(problem.demands[0], id="new")))
        after = median_ms(lambda problem=one_more, before=before: solve(problem, before), times)
        lines.append(f"| {size:,} | {growth[size]:.1f} | {after:.1f} |")
    small = fleet(60, phases=True)
    solve(small)
    lines.append(f"| 60, per-phase limits | {median_ms(lambda: solve(small), 5):.1f} | |")
    return lines, growth


def plot(growth: dict[int, float]) -> str:
    """Time over cars on logarithmic axes, with n log n through the first point for comparison."""
    width, height, edge = 640, 420, 60
    sizes = list(growth)
    top = max(growth.values()) * 2
    left, right = math.log10(sizes[0]), math.log10(sizes[-1])
    low, high = math.log10(min(growth.values()) / 2), math.log10(top)

    def x(size: float) -> float:
        return edge + (math.log10(size) - left) / (right - left) * (width - 2 * edge)

    def y(ms: float) -> float:
        return height - edge - (math.log10(ms) - low) / (high - low) * (height - 2 * edge)

    anchor = 1_000 if 1_000 in growth else sizes[0]
    scale = growth[anchor] / (anchor * math.log(anchor))
    measured = " ".join(f"{x(size):.1f},{y(ms):.1f}" for size, ms in growth.items())
    compared = " ".join(
        f"{x(s):.1f},{min(height - edge, y(max(scale * s * math.log(s), 1e-3))):.1f}" for s in sizes
    )
    marks = "".join(
        f'<circle cx="{x(size):.1f}" cy="{y(ms):.1f}" r="4"/><text x="{x(size):.1f}" y="{height - edge + 20}" '
        f'text-anchor="middle">{size:,}</text><text x="{x(size):.1f}" y="{y(ms) - 10:.1f}" text-anchor="middle">{ms:.1f}</text>'
        for size, ms in growth.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/><polyline points="{compared}" fill="none" stroke="#999" '
        f'stroke-dasharray="6 4"/><polyline points="{measured}" fill="none" stroke="#1668b8" stroke-width="2"/>{marks}'
        f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle">cars (dashed: n log n)</text>'
        f'<text x="{edge}" y="24">one tick, ms</text></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenarios", type=Path, help="folder of evb-scenario/1 files")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    warm_up()
    print(f"kernels {'compiled' if HAVE_COMPILER else 'in plain Python'}\n")
    if options.scenarios:
        print("\n".join(quality(options.scenarios)), "\n")
    if options.speed or not options.scenarios:
        lines, growth = speed()
        print("\n".join(lines))
        (options.out / "solver_growth.svg").write_text(plot(growth))


if __name__ == "__main__":
    main()
