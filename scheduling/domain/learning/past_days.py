"""A cluster's past days as scenarios: when cars came, how long they stayed and how much they wanted. To learn from, and to replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chargers.models import Connector, Session
from evbalancer.common.units import ma_to_w
from grid.domain import readings, topology
from grid.models import Cluster
from scheduling.models import FairnessEntry
from scheduling.solver.play.scenario import Charger, Scenario
from scheduling.solver.play.scenario import Session as PlayedSession
from scheduling.solver.problem import Circuit

PERIOD_S = 900
# Cars that come in the evening leave in the morning: a day is played to the end of the next one.
N_PERIODS = 2 * 24 * 3600 // PERIOD_S


@dataclass(slots=True)
class PastStay:
    """A car from plug to unplug. wanted_wh: as the fairness ledger has it, or what it took."""

    connector_id: UUID
    driver_id: UUID | None
    came_at: datetime
    left_at: datetime
    wanted_wh: int


def midnight_of(day: date, cluster: Cluster) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(cluster.community.time_zone))


def local_day(moment: datetime, cluster: Cluster) -> date:
    return moment.astimezone(ZoneInfo(cluster.community.time_zone)).date()


def past_days(cluster: Cluster, *, first: date, last: date) -> Mapping[date, Scenario]:
    """Each day from the first on which a car came, empty ones too, with the site as it is now. Stays belong to the day on which
    they began.
    """
    site = _site(cluster)
    found: dict[date, list[PlayedSession]] = {}
    for stay_id, stay in stays_between(
        cluster, midnight_of(first, cluster), midnight_of(last, cluster) + timedelta(days=1)
    ):
        day = local_day(stay.came_at, cluster)
        charger = site.chargers.get(str(stay.connector_id))
        if charger is not None and stay.wanted_wh > 0:
            begun = midnight_of(day, cluster)
            found.setdefault(day, []).append(_played(str(stay_id), stay, charger, begun=begun))
    if not found:
        return {}
    days = [min(found) + timedelta(days=number) for number in range((last - min(found)).days + 1)]
    return {day: _scenario(day, site, found.get(day, [])) for day in days}


def stays_between(cluster: Cluster, begin: datetime, end: datetime) -> list[tuple[UUID, PastStay]]:
    """Stays that began in that time, in the order in which they began. One that goes on has what it took so far, until `end`."""
    rows = (
        Session.objects.filter(
            community_id=cluster.community_id,
            connector__charge_point__cluster=cluster,
            plugged_at__gte=begin,
            plugged_at__lt=end,
        )
        .order_by("plugged_at")
        .values_list(
            "stay_id", "connector_id", "driver_id", "plugged_at", "unplugged_at", "stopped_at", "energy_wh"
        )
    )
    wanted = FairnessEntry.objects.filter(cluster=cluster, at__gte=begin).values_list("stay_id", "wanted_wh")
    wanted_of = dict(wanted.iterator())
    stays: dict[UUID, PastStay] = {}
    for stay_id, connector_id, driver_id, plugged_at, unplugged_at, stopped_at, energy_wh in rows.iterator():
        left_at = unplugged_at or stopped_at or end
        stay = stays.get(stay_id)
        if stay is None:
            stays[stay_id] = PastStay(connector_id, driver_id, plugged_at, left_at, energy_wh)
        else:
            stay.left_at = max(stay.left_at, left_at)
            stay.wanted_wh += energy_wh
    for stay_id, stay in stays.items():
        stay.wanted_wh = max(stay.wanted_wh, wanted_of.get(stay_id, 0))
    return list(stays.items())


@dataclass(frozen=True, slots=True)
class _Site:
    circuits: tuple[Circuit, ...]
    chargers: Mapping[str, Charger]


def _site(cluster: Cluster) -> _Site:
    """Permanent limits less the most that the building takes: as what promises and fallbacks are counted with."""
    tree = topology.read_tree(cluster)
    circuits = tuple(
        Circuit(
            id=str(pk),
            parent_id=str(circuit.parent_id) if circuit.parent_id else None,
            limit_ma=circuit.limit_ma,
            base_load_ma=readings.highest_load_ma(circuit),
            margin_ma=cluster.margin_ma,
        )
        for pk, circuit in tree.circuits.items()
    )
    connectors = Connector.objects.filter(circuit__in=tree.circuits, retired_at=None)
    chargers = {str(connector.pk): _charger(connector, cluster.voltage_v) for connector in connectors}
    return _Site(circuits, chargers)


def _charger(connector: Connector, voltage_v: int) -> Charger:
    phases = connector.wired_phases

    def power_w(current_ma: int) -> int:
        return ma_to_w(current_ma, voltage_v=voltage_v, phases=len(phases))

    return Charger(
        id=str(connector.pk),
        node=str(connector.circuit_id),
        max_w=power_w(connector.max_current_ma),
        min_w=power_w(connector.min_current_ma),
        phases=phases,
        volts=float(voltage_v),
    )


def _played(stay_id: str, stay: PastStay, charger: Charger, *, begun: datetime) -> PlayedSession:
    arrive_s = int((stay.came_at - begun).total_seconds())
    depart_s = max(arrive_s, int((stay.left_at - begun).total_seconds()))
    begin = min(N_PERIODS, -(-arrive_s // PERIOD_S))
    return PlayedSession(
        id=stay_id,
        charger=charger.id,
        arrive_s=arrive_s,
        depart_s=depart_s,
        begin=begin,
        end=max(begin, min(N_PERIODS, depart_s // PERIOD_S)),
        energy_wh=float(stay.wanted_wh),
        max_w=charger.max_w,
        priority=1,
        driver=str(stay.driver_id) if stay.driver_id else None,
    )


def _scenario(day: date, site: _Site, sessions: list[PlayedSession]) -> Scenario:
    return Scenario(
        name=day.isoformat(),
        period_s=PERIOD_S,
        n_periods=N_PERIODS,
        circuits=site.circuits,
        chargers=site.chargers,
        sessions=tuple(sessions),
        tariff=(),
        phasors=(),
        phasor_volts=site.chargers[sessions[0].charger].volts if sessions else 230.0,
    )
