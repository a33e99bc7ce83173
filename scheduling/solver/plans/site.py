"""The problem as arrays: circuits in depth-first order, cars in the order of their circuits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.problem import Circuit, Demand, Problem

NO_LIMIT = 1e18
UNKNOWN_STAY_S = 8 * 3600
POWER = 3  # the row of a circuit's total, after its three phases
_id_of = attrgetter("id")


@dataclass(frozen=True, slots=True)
class Site:
    """parent[v] < v, -1 for a root; node_end[v] is one past the last circuit below v.

    room[v, q, t]: what cars may use of circuit v: mA for phases q = 0..2, W for q = POWER; NO_LIMIT where there is none.
    load_w[v, t]: what is on it without the cars, in W.
    Per car: watts_per_ma, top_w (most it takes), begin and end (periods), need_w (missing energy as W x periods),
    ask_w (all it asked for, the same unit), promised_w (what of need_w was promised).
    """

    node_ids: tuple[str, ...]
    parent: Ints
    node_end: Ints
    room: Floats
    load_w: Floats
    demands: tuple[Demand, ...]
    real: Ints
    node_of: Ints
    mask: Ints
    watts_per_ma: Floats
    top_w: Floats
    begin: Ints
    end: Ints
    tail: Floats
    need_w: Floats
    ask_w: Floats
    promised_w: Floats
    weight: Floats
    priority: Ints
    emergency_ma: Floats
    n_periods: int

    @property
    def n_nodes(self) -> int:
        return len(self.node_ids)

    @property
    def claim(self) -> Ints:
        """Priority class, emergencies above all."""
        claim: Ints = np.where(self.emergency_ma > 0, 10, self.priority)
        return claim

    def reordered(self, order: Ints) -> "Site":
        """The same site with its cars in another order."""
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        per_car = {
            name: getattr(self, name)[order]
            for name in (
                "node_of", "mask", "watts_per_ma", "top_w", "begin", "end", "tail", "need_w", "ask_w", "promised_w",
                "weight", "priority", "emergency_ma",
            )
        }  # fmt: skip
        demands = tuple(self.demands[at] for at in order)
        return replace(self, demands=demands, real=np.sort(place[self.real]), **per_car)


def lay_out(problem: Problem) -> Site:
    """Arrays for a checked problem. `real` holds the cars that get a setpoint, the others are only expected."""
    circuits, parent, node_end = _depth_first(problem.circuits)
    index = {circuit.id: at for at, circuit in enumerate(circuits)}
    everybody = sorted(problem.demands, key=_id_of) + sorted(problem.expected, key=_id_of)
    places = np.array([index[each.circuit_id] for each in everybody], dtype=np.int64)
    order = np.argsort(places, kind="stable")
    demands = tuple(everybody[at] for at in order)
    begin, end, tail = _stays(demands, problem.period_s, problem.horizon)
    n_periods = max(1, int(end.max(initial=1)))
    watts_per_ma = np.array([each.volts * len(each.phases) / 1000 for each in demands])
    top_w = np.array([float(each.max_ma) for each in demands]) * watts_per_ma
    ceiling = np.array([NO_LIMIT if each.max_w is None else float(each.max_w) for each in demands])
    full_w = np.minimum(top_w, ceiling)
    least_w = np.array([float(each.min_ma) for each in demands]) * watts_per_ma
    top_w = np.maximum(full_w * _taper(demands), np.minimum(least_w, full_w))
    stay = np.maximum(end - begin, 1).astype(float)
    to_power = 3600 / problem.period_s
    unknown = top_w * stay
    need_w = _energies([each.remaining_wh for each in demands], unknown, to_power)
    ask_w = np.maximum(_energies([each.energy_wh for each in demands], need_w, to_power), need_w)
    promised_w = np.array([float(each.promised_wh) for each in demands]) * to_power
    room, load_w = _rooms(circuits, parent, problem, index, n_periods)
    return Site(
        node_ids=tuple(circuit.id for circuit in circuits),
        parent=parent,
        node_end=node_end,
        room=room,
        load_w=load_w,
        demands=demands,
        real=np.nonzero(order < len(problem.demands))[0],
        node_of=places[order],
        mask=np.array([sum(1 << phase for phase in each.phases) for each in demands], dtype=np.int64),
        watts_per_ma=watts_per_ma,
        top_w=top_w,
        begin=begin,
        end=end,
        tail=tail,
        need_w=np.where(end > begin, need_w, 0.0),
        ask_w=np.maximum(ask_w, 1e-6),
        promised_w=np.where(end > begin, np.minimum(promised_w, need_w), 0.0),
        weight=np.array([float(each.weight) for each in demands]),
        priority=np.array([each.priority for each in demands], dtype=np.int64),
        emergency_ma=np.array([float(each.emergency_min_ma) for each in demands]),
        n_periods=n_periods,
    )


def _taper(demands: Sequence[Demand]) -> Floats:
    """The part of its most that a nearly full car still takes."""
    return np.array(
        [
            1.0
            if each.remaining_wh is None or each.remaining_wh >= each.taper_wh
            else each.remaining_wh / each.taper_wh
            for each in demands
        ]
    )


def _energies(known: Sequence[float | None], otherwise: Floats, to_power: float) -> Floats:
    values = np.array([np.nan if each is None else float(each) for each in known]) * to_power
    filled: Floats = np.where(np.isnan(values), otherwise, values)
    return filled


def _stays(demands: Sequence[Demand], period_s: int, horizon: int | None) -> tuple[Ints, Ints, Floats]:
    """First period, one past the last, and the fraction of the last that the car is still there."""
    arrive = np.array([each.arrive_s for each in demands], dtype=np.int64)
    depart = np.array(
        [each.arrive_s + UNKNOWN_STAY_S if each.depart_s is None else each.depart_s for each in demands],
        dtype=np.int64,
    )
    begin = np.maximum(-(-arrive // period_s), 0)
    end = np.maximum(-(-depart // period_s), begin)
    tail = (depart - (end - 1) * period_s) / period_s
    tail = np.where((tail > 0) & (tail < 1) & (end - begin > 1), tail, 1.0)
    if horizon is not None:
        tail = np.where(end > horizon, 1.0, tail)
        begin, end = np.minimum(begin, horizon), np.minimum(end, horizon)
    return begin, end, tail


def _depth_first(circuits: Sequence[Circuit]) -> tuple[list[Circuit], Ints, Ints]:
    children: dict[str | None, list[Circuit]] = {}
    for circuit in sorted(circuits, key=lambda each: each.id, reverse=True):
        children.setdefault(circuit.parent_id, []).append(circuit)
    order: list[Circuit] = []
    waiting = list(children.get(None, ()))
    while waiting:
        circuit = waiting.pop()
        order.append(circuit)
        waiting += children.get(circuit.id, ())
    index = {circuit.id: at for at, circuit in enumerate(order)}
    parent = np.array(
        [-1 if each.parent_id is None else index[each.parent_id] for each in order], dtype=np.int64
    )
    node_end = np.arange(1, len(order) + 1, dtype=np.int64)
    for at in range(len(order) - 1, -1, -1):
        if parent[at] >= 0:
            node_end[parent[at]] = max(node_end[parent[at]], node_end[at])
    return order, parent, node_end


def _series(entries: Sequence[object], now: object, n_periods: int, width: int) -> Floats:
    """One column per period, or a single column that holds for all."""
    if not entries:
        return np.array(now, dtype=float).reshape(width, 1)
    values = np.array(entries[:n_periods], dtype=float).reshape(-1, width)
    return np.concatenate([values, np.repeat(values[-1:], n_periods - len(values), axis=0)]).T


def _rooms(
    circuits: Sequence[Circuit], parent: Ints, problem: Problem, index: dict[str, int], n_periods: int
) -> tuple[Floats, Floats]:
    load = np.zeros((len(circuits), 4, n_periods))
    for at, circuit in enumerate(circuits):
        if circuit.base_load_ma_series or any(circuit.base_load_ma):
            load[at, :3] += _series(circuit.base_load_ma_series, circuit.base_load_ma, n_periods, 3)
        if circuit.base_load_w_series or circuit.base_load_w:
            load[at, POWER] += _series(circuit.base_load_w_series, circuit.base_load_w, n_periods, 1)[0]
    for held in problem.reservations:
        span = slice(max(0, held.from_period), held.until_period)
        load[index[held.circuit_id], :3, span] += np.array(held.load_ma, dtype=float)[:, None]
        load[index[held.circuit_id], POWER, span] += held.load_w
    for at in range(len(circuits) - 1, -1, -1):
        if parent[at] >= 0:
            load[parent[at]] += load[at]
    room = np.full((len(circuits), 4, n_periods), NO_LIMIT)
    for at, circuit in enumerate(circuits):
        if circuit.limit_ma is not None or circuit.limit_ma_series:
            limit = _series(circuit.limit_ma_series, circuit.limit_ma, n_periods, 3)
            room[at, :3] = np.maximum(0.0, limit - load[at, :3] - circuit.margin_ma)
        if circuit.limit_w is not None or circuit.limit_w_series:
            limit = _series(circuit.limit_w_series, circuit.limit_w, n_periods, 1)[0]
            room[at, POWER] = np.maximum(0.0, limit - load[at, POWER])
    return room, load[:, POWER]
