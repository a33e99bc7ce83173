"""Scenarios of schema ``evb-scenario/1``: read from parsed JSON, checked field by field, as dataclasses in W and Wh."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduling.solver.errors import BadInputError
from scheduling.solver.problem import Circuit
from scheduling.solver.validate import MOST_PERIODS

VOLTS = 230.0  # phase limits are between phase and neutral
LEAST_A = 6.0
PLAUSIBLE_VOLTS = (100.0, 280.0)
PHASES = ("L1", "L2", "L3")


@dataclass(frozen=True, slots=True)
class Charger:
    id: str
    node: str
    max_w: float
    min_w: float
    phases: tuple[int, ...]
    volts: float


@dataclass(frozen=True, slots=True)
class Session:
    """A stay; begin and end are the periods it may use, end exclusive. weight: the fairness ledger's, 1.0 neutral."""

    id: str
    charger: str
    arrive_s: int
    depart_s: int
    begin: int
    end: int
    energy_wh: float
    max_w: float
    priority: int
    driver: str | None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Phasor:
    id: str
    limit_ma: float
    terms: Mapping[str, complex]


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    period_s: int
    n_periods: int
    circuits: tuple[Circuit, ...]
    chargers: Mapping[str, Charger]
    sessions: tuple[Session, ...]
    tariff: tuple[float, ...]
    phasors: tuple[Phasor, ...]
    phasor_volts: float
    carbon: tuple[float, ...] = ()


def read_scenario(data: Any) -> Scenario:
    """A scenario from parsed JSON. Raises BadInputError with the path of the field at fault."""
    _expect(data, dict, "scenario", "an object")
    schema = data.get("schema", "evb-scenario/1")
    if schema != "evb-scenario/1":
        raise BadInputError("schema", f"{schema!r} is not evb-scenario/1")
    period_s = _whole(data, "period_s", "", least=1)
    n_periods = _whole(data, "n_periods", "", least=1)
    if n_periods > MOST_PERIODS:
        raise BadInputError("n_periods", f"more than {MOST_PERIODS}")
    chargers_raw = _list(data, "chargers")
    phased = any(isinstance(each, dict) and each.get("phase") for each in chargers_raw)
    circuits = _circuits(data, n_periods, phased=phased)
    known = {circuit.id for circuit in circuits}
    volts = _number(data, "phasor_volts", "", least=1e-9) if data.get("phasor_constraints") else None
    chargers: dict[str, Charger] = {}
    for at, raw in enumerate(chargers_raw):
        charger = _charger(raw, f"chargers[{at}]", known)
        if charger.id in chargers:
            raise BadInputError(f"chargers[{at}].id", f"{charger.id!r} is there twice")
        chargers[charger.id] = charger
    sessions: dict[str, Session] = {}
    for at, raw in enumerate(_list(data, "sessions")):
        session = _session(raw, f"sessions[{at}]", chargers, period_s, n_periods)
        if session.id in sessions:
            raise BadInputError(f"sessions[{at}].id", f"{session.id!r} is there twice")
        sessions[session.id] = session
    return Scenario(
        name=str(data.get("name", "scenario")),
        period_s=period_s,
        n_periods=n_periods,
        circuits=circuits,
        chargers=chargers,
        sessions=tuple(sessions.values()),
        tariff=_series(data["tariff"], "tariff", n_periods, least=None)
        if data.get("tariff") is not None
        else (),
        phasors=_phasors(data, chargers),
        phasor_volts=volts or VOLTS,
        carbon=_series(data["carbon"], "carbon", n_periods, least=0.0)
        if data.get("carbon") is not None
        else (),
    )


def _circuits(data: Mapping[str, Any], n_periods: int, *, phased: bool) -> tuple[Circuit, ...]:
    nodes = _list(data, "nodes")
    if not nodes:
        raise BadInputError("nodes", "a site has at least one")
    base_raw = data.get("base_load") or {}
    _expect(base_raw, dict, "base_load", "an object of node: [kW per period]")
    base = {
        key: _series(values, f"base_load.{key}", n_periods, least=0.0) for key, values in base_raw.items()
    }
    parents: dict[str, str | None] = {}
    for at, raw in enumerate(nodes):
        _expect(raw, dict, f"nodes[{at}]", "an object")
        key = _text(raw, "id", f"nodes[{at}]")
        if key in parents:
            raise BadInputError(f"nodes[{at}].id", f"{key!r} is there twice")
        parent = raw.get("parent")
        if parent is not None and not isinstance(parent, str):
            raise BadInputError(f"nodes[{at}].parent", "must be a node's id or null")
        parents[key] = parent
    for key in base:
        if key not in parents:
            raise BadInputError(f"base_load.{key}", f"no node {key!r}")
    _check_parents(parents)
    return tuple(_circuit(raw, f"nodes[{at}]", base, phased=phased) for at, raw in enumerate(nodes))


def _check_parents(parents: Mapping[str, str | None]) -> None:
    place = {key: at for at, key in enumerate(parents)}
    for key, parent in parents.items():
        if parent is not None and parent not in parents:
            raise BadInputError(f"nodes[{place[key]}].parent", f"no node {parent!r}")
    for start in parents:
        seen = {start}
        above = parents[start]
        while above is not None:
            if above in seen:
                raise BadInputError(f"nodes[{place[start]}].parent", "the tree has a cycle")
            seen.add(above)
            above = parents[above]


def _circuit(
    raw: Mapping[str, Any], path: str, base: Mapping[str, tuple[float, ...]], *, phased: bool
) -> Circuit:
    limit_w = _number(raw, "limit_kw", path, least=0.0) * 1000
    load_w = tuple(kw * 1000 for kw in base.get(raw["id"], ()))
    limit_ma = None
    if phased and raw.get("limit_a_per_phase") is not None:
        limit_ma = (_number(raw, "limit_a_per_phase", path, least=0.0) * 1000,) * 3
    load_ma = tuple((watts / 3 / VOLTS * 1000,) * 3 for watts in load_w) if phased else ()
    return Circuit(
        id=raw["id"], parent_id=raw.get("parent"), limit_ma=limit_ma, limit_w=limit_w,
        base_load_w_series=load_w, base_load_ma_series=load_ma,
    )  # fmt: skip


def _charger(raw: Any, path: str, nodes: set[str]) -> Charger:
    _expect(raw, dict, path, "an object")
    node = _text(raw, "node", path)
    if node not in nodes:
        raise BadInputError(f"{path}.node", f"no node {node!r}")
    count = _whole(raw, "phases", path, least=1) if raw.get("phases") is not None else 1
    if count > len(PHASES):
        raise BadInputError(f"{path}.phases", "more than 3")
    wiring = raw.get("phase")
    phases = tuple(range(count))
    if wiring:
        phases = tuple(at for at, name in enumerate(PHASES) if isinstance(wiring, str) and name in wiring)
        if not phases:
            raise BadInputError(f"{path}.phase", f"{wiring!r} names none of L1, L2, L3")
    max_w = _number(raw, "max_kw", path, least=0.0) * 1000
    min_w = _number(raw, "min_kw", path, least=0.0) * 1000 if raw.get("min_kw") is not None else 0.0
    # The scenario gives powers only: a minimum of 6 A tells at which voltage.
    implied = min_w / LEAST_A / len(phases)
    volts = implied if not wiring and PLAUSIBLE_VOLTS[0] <= implied <= PLAUSIBLE_VOLTS[1] else VOLTS
    return Charger(_text(raw, "id", path), node, max_w, min_w, phases, volts)


def _session(raw: Any, path: str, chargers: Mapping[str, Charger], period_s: int, n_periods: int) -> Session:
    _expect(raw, dict, path, "an object")
    charger = _text(raw, "charger", path)
    if charger not in chargers:
        raise BadInputError(f"{path}.charger", f"no charger {charger!r}")
    arrive_s = _number(raw, "arrive_s", path, least=0.0)
    depart_s = _number(raw, "depart_s", path, least=0.0)
    if depart_s < arrive_s:
        raise BadInputError(f"{path}.depart_s", f"{depart_s:g} is before arrive_s {arrive_s:g}")
    begin = math.ceil(arrive_s / period_s)
    end = min(math.floor(depart_s / period_s), n_periods)
    return Session(
        id=_text(raw, "id", path),
        charger=charger,
        arrive_s=math.floor(arrive_s),
        depart_s=math.ceil(depart_s),
        begin=begin,
        end=max(begin, end),
        energy_wh=_number(raw, "energy_kwh", path, least=0.0) * 1000,
        max_w=_number(raw, "max_kw", path, least=0.0) * 1000 if raw.get("max_kw") is not None else math.inf,
        priority=_priority(raw, path),
        driver=raw.get("driver") if isinstance(raw.get("driver"), str) else None,
    )


def _priority(raw: Mapping[str, Any], path: str) -> int:
    if raw.get("priority") is None:
        return 1
    priority = _whole(raw, "priority", path, least=1)
    if priority > 3:
        raise BadInputError(f"{path}.priority", "must be 1, 2 or 3")
    return priority


def _phasors(data: Mapping[str, Any], chargers: Mapping[str, Charger]) -> tuple[Phasor, ...]:
    found = []
    for at, raw in enumerate(data.get("phasor_constraints") or ()):
        path = f"phasor_constraints[{at}]"
        _expect(raw, dict, path, "an object")
        terms_raw = raw.get("terms")
        _expect(terms_raw, dict, f"{path}.terms", "an object of charger: [re, im]")
        terms = {}
        for key, pair in terms_raw.items():
            where = f"{path}.terms.{key}"
            if key not in chargers:
                raise BadInputError(where, f"no charger {key!r}")
            if not isinstance(pair, list) or len(pair) != 2:
                raise BadInputError(where, "must be [re, im]")
            terms[key] = complex(_finite(pair[0], where), _finite(pair[1], where))
        found.append(Phasor(_text(raw, "id", path), _number(raw, "limit_a", path, least=0.0) * 1000, terms))
    return tuple(found)


def _expect(value: Any, kind: type, path: str, what: str) -> None:
    if not isinstance(value, kind):
        raise BadInputError(path, f"must be {what}")


def _list(data: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise BadInputError(key, "must be a list")
    return value


def _text(raw: Mapping[str, Any], key: str, path: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise BadInputError(f"{path}.{key}", "must be a name")
    return value


def _finite(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInputError(path, f"{value!r} is not a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise BadInputError(path, "is too large") from error
    if not math.isfinite(number):
        raise BadInputError(path, f"{value} is not a finite number")
    return number


def _number(raw: Mapping[str, Any], key: str, path: str, *, least: float) -> float:
    where = f"{path}.{key}" if path else key
    if key not in raw:
        raise BadInputError(where, "is missing")
    number = _finite(raw[key], where)
    if number < least:
        raise BadInputError(where, f"{number:g} is below {least:g}")
    return number


def _whole(raw: Mapping[str, Any], key: str, path: str, *, least: int) -> int:
    number = _number(raw, key, path, least=least)
    if number != int(number):
        raise BadInputError(f"{path}.{key}" if path else key, f"{number:g} is not a whole number")
    return int(number)


def _series(values: Any, path: str, n_periods: int, *, least: float | None) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise BadInputError(path, "must be a list")
    if len(values) < n_periods:
        raise BadInputError(path, f"has {len(values)} entries for {n_periods} periods")
    numbers = tuple(_finite(value, f"{path}[{at}]") for at, value in enumerate(values[:n_periods]))
    for at, number in enumerate(numbers):
        if least is not None and number < least:
            raise BadInputError(f"{path}[{at}]", f"{number:g} is below {least:g}")
    return numbers
