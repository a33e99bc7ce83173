"""Causes of alarms in a cluster, by the same functions that pages, metrics and readiness ask. Seven queries where all is well."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from chargers.domain import presence
from chargers.enums import ConnectorStatus
from chargers.models import ChargePoint, Connector
from chargers.models.charge_point import NEVER_CONNECTED
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.words.said import Said
from grid.domain import limits, readings, topology
from grid.domain.local_time import on_the_clock
from grid.models import Circuit, Cluster
from scheduling.domain.balancing import timeline, troubles
from scheduling.domain.balancing.attendance import find_absences
from scheduling.domain.picture import places, states
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import PlaceState
from scheduling.domain.telling import wording
from scheduling.enums import AlarmKind, BalanceStep
from scheduling.models import RebalanceRun

# Sockets break within seconds of each other; of a server that dies at the same time only leases are left, which end within a minute.
TOGETHER_WITHIN: Final = timedelta(seconds=90)
FEWEST_TOGETHER: Final = 2


@dataclass(frozen=True, slots=True)
class Cause:
    """Something is so now, since `since`. `about` and the kind name it: it is the same cause as long as both are."""

    kind: AlarmKind
    about: str
    name: str
    said: Said
    since: datetime
    community_id: UUID | None = None


Judge = Callable[..., Sequence[Cause]]


def judge_places(cluster: Cluster, *, now: datetime) -> list[Cause]:
    """Charge points that are gone or faulted, and connectors that do not obey."""
    found = _troubled_places(cluster, now=now)
    away = {
        place.connector.charge_point_id: place.connector.charge_point
        for place, state in found
        if state is PlaceState.OFFLINE and states.needs_a_person(place, state)
    }
    gone = _gone_circuits(cluster, away) if len(away) >= FEWEST_TOGETHER else {}
    causes = [_circuit_gone(circuit, lost, now=now) for circuit, lost in gone.items()]
    covered = {charge_point.pk for lost in gone.values() for charge_point in lost}
    causes += [_offline(each, cluster, now=now) for pk, each in away.items() if pk not in covered]
    faults = (_faulted(place, now=now) for place, state in found if state is PlaceState.FAULTED)
    # Of a charge point that is faulted as a whole, all connectors say the same.
    causes += {cause.about: cause for cause in faults}.values()
    return causes + [cause for place, state in found for cause in _disobedience(place, state, now=now)]


def judge_meters(cluster: Cluster, *, now: datetime) -> list[Cause]:
    metered = {circuit.pk: circuit for circuit in _metered_circuits(cluster_id=cluster.pk)}
    silent = readings.find_silent_meters(metered.keys(), now=now)
    return [
        Cause(
            AlarmKind.METER_SILENT,
            f"circuit:{pk}",
            metered[pk].name,
            Said("alarm.meter_silent", {"circuit": metered[pk].name}),
            now - readings.SILENT_AFTER,
        )
        for pk in sorted(silent)
    ]


def judge_balancing(cluster: Cluster, *, now: datetime) -> list[Cause]:
    """Nobody balances, or every rebalance fails. While a web process stands in for the workers, limits hold."""
    about = f"cluster:{cluster.pk}"
    for absence in find_absences([cluster.pk], now=now):
        if not absence.stand_in:
            said = Said("alarm.nobody_balances", {"cluster": cluster.name})
            return [Cause(AlarmKind.NOBODY_BALANCES, about, cluster.name, said, absence.since or now)]
    for trouble in troubles.standing_troubles(cluster.pk):
        if trouble.step == BalanceStep.REBALANCE:
            said = Said("alarm.balancing_fails", {"cluster": cluster.name, "error": trouble.error})
            return [Cause(AlarmKind.NOBODY_BALANCES, about, cluster.name, said, trouble.since)]
    return []


def judge_cover(cluster: Cluster, *, now: datetime) -> list[Cause]:
    """Limits that would not hold without contact, and circuits whose reservations exceed their limit as the balancer counted last."""
    uncovered = [limit for limit in limits.open_limits(cluster, now=now) if limit.uncovered_ma]
    causes = [
        Cause(
            AlarmKind.NOT_COVERED,
            f"limit:{limit.pk}",
            limit.circuit.name,
            Said(
                "alarm.not_covered", {"circuit": limit.circuit.name, "uncovered_ma": limit.uncovered_ma or 0}
            ),
            limit.announced_at,
        )
        for limit in uncovered
    ]
    run = _newest_run.first(cluster_id=cluster.pk)
    exposed = timeline.find_exposed(run.figures) if run is not None else {}
    # The limit says it already.
    for limit in uncovered:
        exposed.pop(limit.circuit_id, None)
    names = dict(Circuit.objects.filter(pk__in=exposed).values_list("pk", "name")) if exposed else {}
    return causes + [
        Cause(
            AlarmKind.NOT_COVERED,
            f"circuit:{pk}",
            name,
            Said("alarm.exposed", {"circuit": name, "over_ma": exposed[pk]}),
            now if run is None else run.at,
        )
        for pk, name in names.items()
    ]


@prepared
def _metered_circuits(cluster_id: One) -> QuerySet[Circuit]:
    return Circuit.objects.filter(cluster=cluster_id, has_meter=True, retired_at=None)


@prepared
def _newest_run(cluster_id: One) -> QuerySet[RebalanceRun]:
    return RebalanceRun.objects.filter(cluster=cluster_id).only("at", "figures").order_by("-at")[:1]


def _troubled_places(cluster: Cluster, *, now: datetime) -> list[tuple[Place, PlaceState]]:
    """Places of connectors that may need a person; the state of each says whether they do."""
    connectors = _troubled_connectors(cluster_id=cluster.pk, now=now)
    if not connectors:
        return []
    for connector in connectors:
        connector.charge_point.cluster = cluster
    here = places.of_cluster(cluster)
    read = places.read_places(connectors, places.open_sessions(**here), now=now, **here)
    return [(place, states.state_of(place, now=now)) for place in read]


@prepared
def _troubled_connectors(cluster_id: One, now: One) -> QuerySet[Connector]:
    return Connector.objects.filter(
        _may_be_troubled(now=now),
        charge_point__cluster=cluster_id,
        charge_point__retired_at=None,
        retired_at=None,
    ).select_related("charge_point", "circuit")


def _may_be_troubled(*, now: datetime) -> Q:
    """Wider than the states themselves, which are judged elsewhere: it spares reading the rows of a site where all is well."""
    return (
        Q(status=ConnectorStatus.FAULTED)
        | Q(charge_point__status=ConnectorStatus.FAULTED)
        | presence.match_lapsed("charge_point__", now=now)
        | Q(overdraw_ma__isnull=False)
        | Q(uncontrollable_since__isnull=False)
    )


def _gone_circuits(cluster: Cluster, away: dict[UUID, ChargePoint]) -> dict[Circuit, Collection[ChargePoint]]:
    """Circuits that lost all their charge points at once, with these: the highest of each branch that did."""
    tree = topology.read_tree(cluster)
    there: dict[UUID, set[UUID]] = {pk: set() for pk in tree.circuits}
    seen = ChargePoint.objects.filter(~NEVER_CONNECTED, cluster=cluster, retired_at=None)
    known = Connector.objects.filter(charge_point__in=seen, retired_at=None).order_by()
    for circuit_id, charge_point_id in known.values_list("circuit_id", "charge_point_id"):
        for above in tree.paths.get(circuit_id, ()):
            there[above].add(charge_point_id)
    gone = {pk: ids for pk, ids in there.items() if _are_gone_together(ids, away)}
    # Of a chain of circuits with the same charge points the lowest says the most.
    kept = {
        pk: ids
        for pk, ids in gone.items()
        if not any(
            ids < others or (ids == others and pk in tree.paths[below])
            for below, others in gone.items()
            if below != pk
        )
    }
    return {tree.circuits[pk]: [away[each] for each in sorted(ids)] for pk, ids in kept.items()}


def _are_gone_together(ids: Collection[UUID], away: dict[UUID, ChargePoint]) -> bool:
    if len(ids) < FEWEST_TOGETHER or not away.keys() >= set(ids):
        return False
    moments = [presence.offline_since(away[pk]) for pk in ids]
    known = [at for at in moments if at is not None]
    return len(known) == len(moments) and max(known) - min(known) <= TOGETHER_WITHIN


def _circuit_gone(circuit: Circuit, lost: Collection[ChargePoint], *, now: datetime) -> Cause:
    since = min(presence.offline_since(each) or now for each in lost)
    said = Said("alarm.circuit_gone", {"circuit": circuit.name, "count": len(lost)})
    return Cause(AlarmKind.CIRCUIT_GONE, f"circuit:{circuit.pk}", circuit.name, said, since)


def _offline(charge_point: ChargePoint, cluster: Cluster, *, now: datetime) -> Cause:
    since = presence.offline_since(charge_point) or now
    facts = {"charge_point": str(charge_point), "since_at": on_the_clock(since, cluster.community)}
    about = f"charge_point:{charge_point.pk}"
    return Cause(AlarmKind.OFFLINE, about, str(charge_point), Said("alarm.offline", facts), since)


def _faulted(place: Place, *, now: datetime) -> Cause:
    connector, charge_point = place.connector, place.connector.charge_point
    is_whole = connector.status != ConnectorStatus.FAULTED
    broken = charge_point if is_whole else connector
    about = f"charge_point:{charge_point.pk}" if is_whole else f"connector:{connector.pk}"
    fault = wording.fault_words(connector) or Said("alarm.no_fault_code")
    said = Said("alarm.faulted", {"place": str(broken), "fault": fault})
    return Cause(AlarmKind.FAULTED, about, str(broken), said, broken.status_at or now)


def _disobedience(place: Place, state: PlaceState, *, now: datetime) -> Iterator[Cause]:
    connector = place.connector
    about, name = f"connector:{connector.pk}", str(connector)
    if connector.overdraw_ma is not None:
        said = Said("alarm.overdraw", {"connector": name, "measured_ma": connector.overdraw_ma})
        yield Cause(AlarmKind.OVERDRAW, about, name, said, connector.overdrawn_since or now)
    elif state is PlaceState.NOT_OBEYING:
        said = Said("alarm.limit_refused", {"connector": name})
        yield Cause(AlarmKind.LIMIT_REFUSED, about, name, said, connector.uncontrollable_since or now)


JUDGES: Final[Sequence[tuple[frozenset[AlarmKind], Judge]]] = (
    (
        frozenset(
            {
                AlarmKind.CIRCUIT_GONE,
                AlarmKind.OFFLINE,
                AlarmKind.FAULTED,
                AlarmKind.OVERDRAW,
                AlarmKind.LIMIT_REFUSED,
            }
        ),
        judge_places,
    ),
    (frozenset({AlarmKind.METER_SILENT}), judge_meters),
    (frozenset({AlarmKind.NOBODY_BALANCES}), judge_balancing),
    (frozenset({AlarmKind.NOT_COVERED}), judge_cover),
)
