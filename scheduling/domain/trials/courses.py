"""When a car is expected to charge: the newest rebalance planned again, with the cars that are booked and with a wish to try."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chargers.enums import SessionState
from chargers.models import Connector, Session
from drivers.models import Driver
from evbalancer.common.units import ma_to_w
from fleet.models import Vehicle
from grid.domain import readings, topology
from grid.models import Cluster
from pricing.domain import signals
from pricing.signals.series import QUARTER
from scheduling import solver
from scheduling.domain.balancing.problem import NORMAL
from scheduling.domain.balancing.replay import unpack_problem
from scheduling.domain.learning import windows
from scheduling.domain.trials.cutting import FRESH
from scheduling.models import RebalanceRun, SlotRequest
from scheduling.models.slot_request import WAITING_SLOT_STATES
from scheduling.solver.play.ahead import Span, play_ahead

WISH: Final = "wish"
# Beyond it nobody knows who else will be there.
FARTHEST_S: Final = 24 * 3600
# Each step ahead plans all of them; with more a person would wait for it.
MOST_CARS: Final = 150


@dataclass(frozen=True, slots=True)
class Stretch:
    """Expected power of one car, in one stretch."""

    begins_at: datetime
    ends_at: datetime
    power_w: int

    @property
    def energy_wh(self) -> float:
        return self.power_w * (self.ends_at - self.begins_at).total_seconds() / 3600


Course = tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Energy that a car is to have, of which so much is promised."""

    connector: Connector
    vehicle: Vehicle | None
    energy_wh: int
    promised_wh: int
    not_before: datetime
    ready_by: datetime


def foresee_courses(
    cluster: Cluster,
    *,
    of: Collection[str],
    now: datetime,
    wish: Wanted | None = None,
    instead_of: SlotRequest | None = None,
) -> Mapping[str, Course]:
    """The courses of these: cars that charge by their connectors' ids, open slots by theirs, and `wish` as WISH.

    `instead_of`: a slot that the wish would replace. A car that is expected to get nothing has an empty course. Empty while no fresh
    run says what is charging. Writes nothing.
    """
    run = RebalanceRun.objects.filter(cluster=cluster).order_by("-at").first()
    if run is None or run.safe_plan or not run.inputs or now - run.at > FRESH:
        return {}
    problem = unpack_problem(bytes(run.inputs))
    known = {circuit.id for circuit in problem.circuits}
    demands = _demands(problem.demands, cluster, run.at, wish=wish, instead_of=instead_of)
    demands = [demand for demand in demands if demand.circuit_id in known]
    found = {demand.id for demand in demands}.intersection(of)
    if not found or len(demands) > MOST_CARS:
        return {}
    first_s = problem.period_s - int(run.at.timestamp()) % problem.period_s
    wide = _with_buildings(replace(problem, demands=tuple(demands)), cluster, run.at)
    played = play_ahead(wide, of=sorted(found), first_s=first_s, most_s=FARTHEST_S)
    return {key: _course(spans, run.at) for key, spans in played.items()}


@dataclass(frozen=True, slots=True)
class Planned:
    """A driver's car that charges, or a slot to come, with its course."""

    driver: Driver
    cluster: Cluster
    connector: Connector | None
    session: Session | None
    slot: SlotRequest | None
    course: Course


def foresee_of_drivers(drivers: Iterable[Driver], *, now: datetime) -> list[Planned]:
    """Of all cars of these that charge and all their slots to come, as far as anything can be foreseen: one play of each cluster."""
    own = {driver.pk: driver for driver in drivers}
    running = Session.objects.filter(driver_id__in=own, state=SessionState.ACTIVE)
    slots = SlotRequest.objects.filter(driver_id__in=own, state__in=WAITING_SLOT_STATES, ready_by__gt=now)
    known: dict[UUID, tuple[Cluster, dict[str, Planned]]] = {}
    for session in running.select_related("connector__charge_point__cluster__community").order_by("pk"):
        cluster = session.connector.charge_point.cluster
        assert session.driver_id is not None  # noqa: S101 (asked for so; for the type checker)
        planned = Planned(own[session.driver_id], cluster, session.connector, session, None, ())
        known.setdefault(cluster.pk, (cluster, {}))[1][str(session.connector_id)] = planned
    for slot in slots.select_related("cluster__community", "connector", "planned_connector").order_by("pk"):
        place = slot.planned_connector or slot.connector
        planned = Planned(own[slot.driver_id], slot.cluster, place, None, slot, ())
        known.setdefault(slot.cluster_id, (slot.cluster, {}))[1][str(slot.pk)] = planned
    found = []
    for cluster, wanted in known.values():
        courses = foresee_courses(cluster, of=wanted, now=now)
        found += [replace(wanted[key], course=course) for key, course in courses.items()]
    return found


def _demands(
    here: Iterable[solver.Demand],
    cluster: Cluster,
    at: datetime,
    *,
    wish: Wanted | None,
    instead_of: SlotRequest | None,
) -> list[solver.Demand]:
    """The cars that are here, the wish in place of the one that it is for, and the cars of slots to come."""
    slots = [slot for slot in _slots_to_come(cluster, at) if instead_of is None or slot.pk != instead_of.pk]
    ahead = [_demand(str(slot.pk), _wanted(slot), cluster, at) for slot in slots]
    if wish is None:
        return [*here, *ahead]
    # A connector that somebody else uses is planned for nobody who could charge now.
    place = str(wish.connector.pk) if wish.not_before <= at + FRESH else None
    others = [demand for demand in here if demand.id != place]
    own = [_wished_for(demand, wish, at) for demand in here if demand.id == place]
    return [*others, *(own or [_demand(WISH, wish, cluster, at)]), *ahead]


def _wished_for(demand: solver.Demand, wish: Wanted, at: datetime) -> solver.Demand:
    """A car that charges, if its driver wished for this. The energy of a wish is that of the whole stay."""
    session = Session.objects.filter(connector=wish.connector, state=SessionState.ACTIVE).first()
    had_wh = session.stay_energy_wh if session is not None else 0
    return replace(
        demand,
        id=WISH,
        energy_wh=wish.energy_wh,
        remaining_wh=max(0, wish.energy_wh - had_wh),
        promised_wh=max(0, wish.promised_wh - had_wh),
        depart_s=max(1, int((wish.ready_by - at).total_seconds())),
        priority=NORMAL,
    )


def _slots_to_come(cluster: Cluster, at: datetime) -> list[SlotRequest]:
    rows = SlotRequest.objects.filter(
        cluster=cluster,
        state__in=WAITING_SLOT_STATES,
        ready_by__gt=at,
        not_before__lt=at + timedelta(seconds=FARTHEST_S),
    ).select_related("connector", "planned_connector", "vehicle")
    return [slot for slot in rows.order_by("pk") if slot.connector or slot.planned_connector]


def _wanted(slot: SlotRequest) -> Wanted:
    connector = slot.planned_connector or slot.connector
    assert connector is not None  # noqa: S101 (read so; for the type checker)
    return Wanted(connector, slot.vehicle, slot.energy_wh, slot.promised_wh, slot.not_before, slot.ready_by)


def _demand(key: str, wanted: Wanted, cluster: Cluster, at: datetime) -> solver.Demand:
    connector, vehicle = wanted.connector, wanted.vehicle
    max_ma = max(windows.max_ma(connector, vehicle), connector.min_current_ma)
    power_phases = windows.power_phases(connector, vehicle)
    return solver.Demand(
        id=key,
        circuit_id=str(connector.circuit_id),
        phases=windows.phases_of_car(connector, vehicle),
        min_ma=connector.min_current_ma,
        max_ma=max_ma,
        max_w=float(ma_to_w(max_ma, voltage_v=cluster.voltage_v, phases=power_phases)),
        step_ma=connector.step_ma,
        volts=float(cluster.voltage_v),
        energy_wh=wanted.energy_wh,
        remaining_wh=wanted.energy_wh,
        promised_wh=wanted.promised_wh,
        arrive_s=max(0 if key == WISH else 1, int((wanted.not_before - at).total_seconds())),
        depart_s=max(2, int((wanted.ready_by - at).total_seconds())),
        priority=NORMAL,
    )


def _with_buildings(problem: solver.Problem, cluster: Cluster, at: datetime) -> solver.Problem:
    """The building as now, and later by its curves: a night is not planned with the stoves of the evening."""
    last_s = max(demand.depart_s or 0 for demand in problem.demands)
    quarters = [
        signals.quarter_of(at) + number * QUARTER for number in range(1, last_s // problem.period_s + 2)
    ]
    zone, tree = cluster.community.time_zone, topology.read_tree(cluster)
    circuits = []
    for circuit in problem.circuits:
        known = tree.circuits.get(UUID(circuit.id))
        expected = (
            [] if known is None else [readings.expected_ma(known, quarter, zone) for quarter in quarters]
        )
        circuits.append(replace(circuit, base_load_ma_series=(circuit.base_load_ma, *expected)))
    return replace(problem, circuits=tuple(circuits))


def _course(spans: Iterable[Span], start: datetime) -> Course:
    return tuple(
        Stretch(
            (start + timedelta(seconds=span.start_s)).replace(microsecond=0),
            (start + timedelta(seconds=span.end_s)).replace(microsecond=0),
            round(span.power_w),
        )
        for span in spans
    )
