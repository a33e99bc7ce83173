"""Clusters with their circuits, open limits and building load, for lists of any length in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits, readings
from grid.models import Circuit, Cluster, TemporaryLimit


@dataclass(frozen=True, slots=True)
class GridState:
    aimed_ma: Mapping[UUID, PhaseMilliamps]
    base_ma: Mapping[UUID, PhaseMilliamps]


def attach(clusters: Sequence[Cluster], *, now: datetime) -> GridState:
    """Give each cluster `circuits_in_use` and `limits_open`, and all their figures at `now`."""
    circuits = Circuit.objects.filter(cluster__in=clusters, retired_at=None).select_related("load_curve")
    cuts = TemporaryLimit.objects.filter(
        Q(until=None) | Q(until__gt=now),
        circuit__cluster__in=clusters,
        cancelled_at=None,
        announced_at__lte=now,
    )
    by_cluster: dict[UUID, list[Circuit]] = defaultdict(list)
    for circuit in circuits:
        by_cluster[circuit.cluster_id].append(circuit)
    cluster_of = {circuit.pk: circuit.cluster_id for circuit in circuits}
    open_cuts: dict[UUID, list[TemporaryLimit]] = defaultdict(list)
    for cut in cuts:
        if cut.circuit_id in cluster_of:
            open_cuts[cluster_of[cut.circuit_id]].append(cut)
    measured = _measured([circuit for circuit in circuits if circuit.has_meter], now=now)
    base_ma: dict[UUID, PhaseMilliamps] = {}
    for cluster in clusters:
        cluster.circuits_in_use = by_cluster[cluster.pk]  # type: ignore[attr-defined]
        cluster.limits_open = open_cuts[cluster.pk]  # type: ignore[attr-defined]
        for circuit in by_cluster[cluster.pk]:
            expected_ma = readings.expected_ma(circuit, now, cluster.community.time_zone)
            silent_ma = circuit.base_load_max_ma if circuit.has_meter else expected_ma
            base_ma[circuit.pk] = measured.get(circuit.pk, silent_ma)
    aimed_ma = limits.aimed_limits_ma(circuits, cuts)
    return GridState(aimed_ma, base_ma)


def _measured(circuits: Sequence[Circuit], *, now: datetime) -> dict[UUID, PhaseMilliamps]:
    since = now - readings.SILENT_AFTER
    rows = readings.current_readings([circuit.pk for circuit in circuits], since=since).order_by(
        "received_at"
    )
    return {row.circuit_id: row.base_load_ma for row in rows}
