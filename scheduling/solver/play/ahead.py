"""The engine played forward from a problem: what cars draw in the hours to come if setpoints are obeyed and nobody else comes.

A plan alone does not say it: whatever can wait is planned late, and yet charges now where there is room.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from scheduling.solver.problem import Circuit, Demand, Problem, Reservation
from scheduling.solver.solution import Allotment, Solution
from scheduling.solver.solve import solve

T = TypeVar("T")

# A decision holds for so many periods: the next ones are known best.
NEAR_PERIODS, NEAR_STEPS, FAR_PERIODS = 2, 4, 4
# A car that lacks less than this has what it wants.
CRUMB_WH = 50.0


@dataclass(frozen=True, slots=True)
class Span:
    """Constant power of one car. Seconds count from the problem's moment."""

    start_s: float
    end_s: float
    power_w: float


def play_ahead(
    problem: Problem, *, of: Collection[str], first_s: int, most_s: int
) -> Mapping[str, list[Span]]:
    """The spans with power of the demands `of`, in order, until they have their energy or leave, at most for `most_s`.

    `first_s`: when the first entry of the series ends, because periods begin on the clock and `now` lies within one.
    """
    spans: dict[str, list[Span]] = {key: [] for key in of}
    cars = {demand.id: demand for demand in problem.demands}
    last: Solution | None = None
    for at, passed_s, step_s in _steps(problem.period_s, first_s, most_s):
        if not any(key in cars for key in spans):
            break
        last = solve(_from(problem, at, passed_s, tuple(cars.values())), last)
        moved = {}
        for key, demand in cars.items():
            allotment = last.allotments[key]
            drawn_wh, drawn_s = _drawn(demand, allotment, step_s)
            if drawn_wh and key in spans:
                _extend(spans[key], Span(passed_s, passed_s + drawn_s, drawn_wh * 3600 / drawn_s))
            later = _later(demand, allotment, drawn_wh, step_s)
            if later is not None:
                moved[key] = later
        cars = moved
    return spans


def _steps(period_s: int, first_s: int, most_s: int) -> Iterator[tuple[int, int, int]]:
    """Periods and seconds that have passed, and the seconds of the step."""
    at, passed_s, number = 0, 0, 0
    while passed_s < most_s:
        periods = NEAR_PERIODS if number <= NEAR_STEPS else FAR_PERIODS
        step_s, moved = (first_s, 1) if number == 0 else (periods * period_s, periods)
        yield at, passed_s, step_s
        at, passed_s, number = at + moved, passed_s + step_s, number + 1


def _from(problem: Problem, at: int, passed_s: int, demands: tuple[Demand, ...]) -> Problem:
    """The problem so many periods and seconds later."""
    ahead = [_moved(demand, passed_s) for demand in problem.expected if demand.arrive_s > passed_s]
    kept = [_kept(each, at) for each in problem.reservations]
    return replace(
        problem,
        circuits=tuple(_circuit(circuit, at) for circuit in problem.circuits),
        demands=demands,
        reservations=tuple(each for each in kept if each is not None),
        price=_tail(problem.price, at),
        carbon=_tail(problem.carbon, at),
        expected=tuple(ahead),
        at_s=problem.at_s + passed_s,
    )


def _circuit(circuit: Circuit, at: int) -> Circuit:
    return replace(
        circuit,
        limit_ma_series=_tail(circuit.limit_ma_series, at),
        base_load_ma_series=_tail(circuit.base_load_ma_series, at),
        limit_w_series=_tail(circuit.limit_w_series, at),
        base_load_w_series=_tail(circuit.base_load_w_series, at),
    )


def _tail(series: tuple[T, ...], at: int) -> tuple[T, ...]:
    """The last entry holds beyond the end."""
    return series[at:] or series[-1:]


def _kept(reservation: Reservation, at: int) -> Reservation | None:
    until = reservation.until_period
    if until is not None and until <= at:
        return None
    return replace(
        reservation,
        from_period=max(0, reservation.from_period - at),
        until_period=None if until is None else until - at,
    )


def _drawn(demand: Demand, allotment: Allotment, step_s: int) -> tuple[float, float]:
    """Wh, and in how many seconds of the step."""
    if allotment.power_w <= 0:
        return 0.0, 0.0
    here_s = step_s if demand.depart_s is None else min(step_s, demand.depart_s)
    most_wh = allotment.power_w * here_s / 3600
    if demand.remaining_wh is None or demand.remaining_wh >= most_wh:
        return most_wh, here_s
    return demand.remaining_wh, demand.remaining_wh * 3600 / allotment.power_w


def _later(demand: Demand, allotment: Allotment, drawn_wh: float, step_s: int) -> Demand | None:
    """The car after the step; None once it has what it wants, or has left."""
    left_wh = None if demand.remaining_wh is None else demand.remaining_wh - drawn_wh
    if left_wh is not None and left_wh < CRUMB_WH:
        return None
    if demand.depart_s is not None and demand.depart_s <= step_s:
        return None
    switched = (allotment.limit_ma > 0) != (demand.current_ma > 0)
    return replace(
        _moved(demand, step_s),
        remaining_wh=left_wh,
        promised_wh=max(0.0, demand.promised_wh - drawn_wh),
        current_ma=allotment.limit_ma,
        since_s=step_s if switched else demand.since_s + step_s,
        starts=demand.starts + (switched and allotment.limit_ma > 0),
        connected_s=demand.connected_s + (0 if demand.arrive_s else step_s),
    )


def _moved(demand: Demand, passed_s: int) -> Demand:
    depart_s = None if demand.depart_s is None else max(1, demand.depart_s - passed_s)
    return replace(demand, arrive_s=max(0, demand.arrive_s - passed_s), depart_s=depart_s)


def _extend(spans: list[Span], span: Span) -> None:
    """A span that goes on at the same power is one with the last."""
    last = spans[-1] if spans else None
    if last is not None and last.end_s == span.start_s and abs(last.power_w - span.power_w) < 1:
        spans[-1] = replace(last, end_s=span.end_s)
    else:
        spans.append(span)
