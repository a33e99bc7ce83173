"""Building load: what the meter says while it speaks, the expected curve where none is fitted, else the maximum."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import OuterRef, Subquery

from evbalancer.common.errors import InvalidInput
from evbalancer.common.events import publish
from evbalancer.common.topics import wake_balancer
from evbalancer.common.units import PhaseMilliamps
from grid.domain.topology import Tree
from grid.events import BaseLoadMeasured
from grid.models import Circuit, Cluster, MeterReading
from grid.models.reading import QUARTER_HOURS

SILENT_AFTER = timedelta(seconds=60)
CLOCK_AHEAD = timedelta(minutes=5)


@transaction.atomic
def record_reading(
    circuit: Circuit,
    *,
    base_load_ma: PhaseMilliamps,
    measured_at: datetime,
    now: datetime,
) -> MeterReading:
    """Store what a building meter measured. Raises InvalidInput for negative loads and times in the future."""
    if min(base_load_ma) < 0:
        raise InvalidInput("base_load_ma", "A building load is not negative.")
    if measured_at > now + CLOCK_AHEAD:
        raise InvalidInput("measured_at", "The reading lies in the future; check the meter's clock.")
    reading = MeterReading.objects.create(
        community_id=circuit.community_id,
        circuit=circuit,
        measured_at=measured_at,
        received_at=now,
        base_load_l1_ma=base_load_ma.l1,
        base_load_l2_ma=base_load_ma.l2,
        base_load_l3_ma=base_load_ma.l3,
    )
    publish(BaseLoadMeasured(cluster_id=circuit.cluster_id, circuit_id=circuit.pk))
    wake_balancer(circuit.cluster_id)
    return reading


def base_loads_ma(cluster: Cluster, tree: Tree, *, now: datetime) -> Mapping[UUID, PhaseMilliamps]:
    """Load of the building on each circuit now, circuits below not included.

    A meter silent for a minute counts as the configured maximum: unknown is unsafe.
    """
    newest = _newest_readings(cluster, now=now)
    quarter = quarter_of(now, cluster.community.time_zone)
    loads: dict[UUID, PhaseMilliamps] = {}
    for pk, circuit in tree.circuits.items():
        if circuit.has_meter:
            loads[pk] = newest.get(pk, circuit.base_load_max_ma)
        elif hasattr(circuit, "load_curve"):
            # The next quarter too: what is granted now may still flow when it begins.
            curve = circuit.load_curve
            loads[pk] = PhaseMilliamps(
                *map(max, curve.at_quarter(quarter), curve.at_quarter((quarter + 1) % QUARTER_HOURS))
            )
        else:
            loads[pk] = circuit.base_load_max_ma
    return loads


def quarter_of(now: datetime, time_zone: str) -> int:
    """Local quarter hour of the day, 0..95."""
    local = now.astimezone(ZoneInfo(time_zone))
    return local.hour * 4 + local.minute // 15


def _newest_readings(cluster: Cluster, *, now: datetime) -> Mapping[UUID, PhaseMilliamps]:
    newest = MeterReading.objects.filter(
        circuit=OuterRef("pk"),
        received_at__gt=now - SILENT_AFTER,
        # A meter that replays what it measured long ago is silent about now.
        measured_at__gt=now - SILENT_AFTER,
    ).order_by("-received_at")
    metered = Circuit.objects.filter(cluster=cluster, retired_at=None, has_meter=True)
    ids = list(
        metered.annotate(newest_id=Subquery(newest.values("pk")[:1])).values_list("newest_id", flat=True)
    )
    return {
        reading.circuit_id: reading.base_load_ma
        for reading in MeterReading.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    }
