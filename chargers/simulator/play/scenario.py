from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from chargers.simulator import faults
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.history import check_circuits
from chargers.simulator.play.site import Site
from chargers.simulator.station import Station

logger = logging.getLogger(__name__)

CARD_AGAIN_S = 15.0
EVERY = "*"  # a fault of every charge point


class ScenarioError(ValueError):
    """A scenario that cannot be played, with the place and the reason in one sentence."""


@dataclass(frozen=True, slots=True)
class CarSpec:
    """A car as a scenario names it; each visit gets a fresh one."""

    battery_wh: int = 60_000
    soc_pct: float = 40.0
    target_pct: float = 100.0
    phases: int = 3
    max_ma: int = 16_000
    settle_s: float = 3.0
    wake_s: float = 0.0
    obeys: bool = True
    name: str = ""

    def build(self) -> Car:
        return Car(**{one.name: getattr(self, one.name) for one in fields(self)})


@dataclass(frozen=True, slots=True)
class Visit:
    """A car's stay; depart_s None stays to the end. Times are seconds since the scenario began."""

    charge_point: str
    arrive_s: float
    id_tag: str
    depart_s: float | None = None
    connector: int = 1
    car: CarSpec = field(default_factory=CarSpec)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    charge_point: str
    at_s: float
    kind: str
    duration_s: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    charge_points: tuple[ChargePointSpec, ...]
    circuits: dict[str, str | None] = field(default_factory=dict)
    cars: tuple[Visit, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    speed: float = 1.0
    seed: int = 0
    sample_s: int | None = None

    def with_keys(self, keys: Mapping[str, str]) -> Scenario:
        """The same scenario with keys from elsewhere; they need not be written into it."""
        specs = (replace(spec, key=keys.get(spec.id, spec.key)) for spec in self.charge_points)
        return replace(self, charge_points=tuple(specs))

    def site(self, url: str, *, speed: float | None = None, keep_samples: int | None = None) -> Site:
        """The site of this scenario, not yet started."""
        site = Site(
            url,
            circuits=self.circuits,
            speed=self.speed if speed is None else speed,
            seed=self.seed,
            keep_samples=keep_samples,
        )
        for spec in self.charge_points:
            station = site.add(spec)
            if self.sample_s is not None:
                station.settings.sample_s = self.sample_s
        return site


async def play(site: Site, visits: Iterable[Visit], plans: Iterable[FaultPlan] = ()) -> None:
    """Play visits (in the order of arrival; may be endless) and faults on a running site, then return.

    Cars that have no departure stay; a car whose connector is still taken drives on.
    """
    start_s = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for plan in plans:
            group.create_task(_play_fault(site, plan, start_s))
        for visit in visits:
            await _sleep_until(start_s + visit.arrive_s)
            group.create_task(_play_visit(site, visit, start_s))


async def _play_visit(site: Site, visit: Visit, start_s: float) -> None:
    station = site[visit.charge_point]
    if station.connector(visit.connector).car is not None:
        logger.info("%s is taken; the car of %s drives on", visit.charge_point, visit.id_tag)
        return
    await station.plug_in(visit.car.build(), connector_id=visit.connector)
    leaves_s = start_s + visit.depart_s if visit.depart_s is not None else None
    try:
        async with asyncio.timeout_at(leaves_s):
            await _show_card(station, visit)
            if leaves_s is None:
                return
            await asyncio.Event().wait()
    except TimeoutError:
        await station.unplug(connector_id=visit.connector)


async def _show_card(station: Station, visit: Visit) -> None:
    """People try again while the charge point cannot reach its server, and not when they are refused."""
    connector = station.connector(visit.connector)
    while connector.transaction is None:
        if await station.present_card(visit.id_tag, connector_id=visit.connector) is not None:
            return
        await asyncio.sleep(CARD_AGAIN_S)


async def _play_fault(site: Site, plan: FaultPlan, start_s: float) -> None:
    await _sleep_until(start_s + plan.at_s)
    stations = list(site.charge_points.values()) if plan.charge_point == EVERY else [site[plan.charge_point]]
    await asyncio.gather(
        *(faults.inject(one, plan.kind, duration_s=plan.duration_s, value=plan.value) for one in stations)
    )


async def _sleep_until(when_s: float) -> None:
    await asyncio.sleep(max(0.0, when_s - asyncio.get_running_loop().time()))


# Reading


def load_scenario(path: Path) -> Scenario:
    """Read and check a JSON scenario; ScenarioError says where it is wrong."""
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ScenarioError(f"{path} is not JSON: {error}") from error
    return read_scenario(data)


def read_scenario(data: Any) -> Scenario:
    """A scenario from parsed JSON; ScenarioError says where it is wrong."""
    values = _object(data, Scenario, "scenario")
    values["charge_points"] = _list(data, "charge_points", _read_charge_point)
    if not values["charge_points"]:
        raise ScenarioError("charge_points: a scenario has at least one")
    values["cars"] = tuple(sorted(_list(data, "cars", _read_visit), key=lambda visit: visit.arrive_s))
    values["faults"] = _list(data, "faults", _read_fault)
    scenario = Scenario(**values)
    if scenario.speed <= 0:
        raise ScenarioError("scenario.speed: must be above 0")
    _check(scenario)
    return scenario


def _list(data: dict[str, Any], name: str, read: Any) -> tuple[Any, ...]:
    entries = data.get(name, [])
    if not isinstance(entries, list):
        raise ScenarioError(f"{name}: must be a list")
    return tuple(read(entry, f"{name}[{number}]") for number, entry in enumerate(entries))


def _read_charge_point(data: Any, where: str) -> ChargePointSpec:
    values = _object(data, ChargePointSpec, where)
    if "tls" in values:
        raise ScenarioError(f"{where}.tls: cannot be set in a scenario")
    try:
        return ChargePointSpec(**values)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from error


def _read_visit(data: Any, where: str) -> Visit:
    values = _object(data, Visit, where)
    if "car" in values:
        values["car"] = CarSpec(**_object(values["car"], CarSpec, f"{where}.car"))
        try:
            values["car"].build()
        except ValueError as error:
            raise ScenarioError(f"{where}.car: {error}") from error
    visit = Visit(**values)
    if visit.arrive_s < 0:
        raise ScenarioError(f"{where}.arrive_s: must not be negative")
    if visit.depart_s is not None and visit.depart_s <= visit.arrive_s:
        raise ScenarioError(f"{where}.depart_s: must be later than arrive_s")
    return visit


def _read_fault(data: Any, where: str) -> FaultPlan:
    plan = FaultPlan(**_object(data, FaultPlan, where))
    if plan.kind not in faults.KINDS:
        raise ScenarioError(f"{where}.kind: {plan.kind!r} is none of {', '.join(sorted(faults.KINDS))}")
    if plan.at_s < 0 or (plan.duration_s is not None and plan.duration_s <= 0):
        raise ScenarioError(f"{where}: at_s must not be negative and duration_s must be above 0")
    if plan.value is not None and not faults.KINDS[plan.kind].value:
        raise ScenarioError(f"{where}.value: {plan.kind} takes none")
    return plan


JSON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
}


def _object(data: Any, shape: type, where: str) -> dict[str, Any]:
    """The fields of a dataclass out of a JSON object: nothing unknown, nothing missing, plain types checked."""
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}: must be an object")
    known = {one.name: one for one in fields(shape)}
    for name in data:
        if name not in known:
            raise ScenarioError(f"{where}.{name}: is not known (known: {', '.join(known)})")
    for name, one in known.items():
        if name not in data:
            if one.default is MISSING and one.default_factory is MISSING:
                raise ScenarioError(f"{where}.{name}: is missing")
            continue
        allowed = JSON_TYPES.get(str(one.type))
        value = data[name]
        wrong_flag = isinstance(value, bool) and allowed is not None and bool not in allowed
        if allowed is not None and (wrong_flag or not isinstance(value, allowed)):
            raise ScenarioError(f"{where}.{name}: must be {one.type}, not {value!r}")
    return dict(data)


def _check(scenario: Scenario) -> None:
    if not isinstance(scenario.circuits, dict):
        raise ScenarioError("circuits: must be an object of circuit and parent")
    try:
        check_circuits(scenario.circuits)
    except ValueError as error:
        raise ScenarioError(f"circuits: {error}") from error
    known: dict[str, ChargePointSpec] = {}
    for spec in scenario.charge_points:
        if spec.id in known:
            raise ScenarioError(f"charge_points: {spec.id!r} is there twice")
        if spec.circuit and spec.circuit not in scenario.circuits:
            raise ScenarioError(f"charge_points: {spec.id!r} hangs on {spec.circuit!r}, which does not exist")
        known[spec.id] = spec
    for plan in scenario.faults:
        if plan.charge_point != EVERY and plan.charge_point not in known:
            raise ScenarioError(f"faults: charge point {plan.charge_point!r} does not exist")
    _check_visits(scenario.cars, known)


def _check_visits(visits: Iterable[Visit], known: dict[str, ChargePointSpec]) -> None:
    free_from: dict[tuple[str, int], float] = {}
    for visit in visits:
        spec = known.get(visit.charge_point)
        if spec is None:
            raise ScenarioError(f"cars: charge point {visit.charge_point!r} does not exist")
        if not 1 <= visit.connector <= spec.connectors:
            raise ScenarioError(f"cars: {spec.id!r} has no connector {visit.connector}")
        outlet = (visit.charge_point, visit.connector)
        if visit.arrive_s < free_from.get(outlet, 0.0):
            raise ScenarioError(f"cars: two cars at {spec.id!r} connector {visit.connector} at once")
        free_from[outlet] = float("inf") if visit.depart_s is None else visit.depart_s
