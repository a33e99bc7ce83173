"""The load and the highest possible load, per circuit and phase, as each rebalance counted them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Max

from evbalancer.common.db.buckets import Bucket
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.models import Circuit
from scheduling.domain.balancing.situation import Situation
from scheduling.models import RebalanceRun

# A run is stored every minute at least; after two without one nobody knows.
KNOWN_FOR = timedelta(seconds=130)
POINTS = 240


@dataclass(frozen=True, slots=True)
class Point:
    """mA per phase at a circuit with all below it; the limit is the lowest of all that were open."""

    at: datetime
    limit_ma: PhaseMilliamps
    base_ma: PhaseMilliamps
    cars_ma: PhaseMilliamps
    reserved_ma: PhaseMilliamps


def count_figures(seen: Situation) -> dict[str, list[list[int]]]:
    """By circuit: limit, building, cars as measured (else as reserved), reservations after the run's moves. Stored with the run."""
    base: dict[UUID, PhaseMilliamps] = dict.fromkeys(seen.tree.circuits, ZERO_MA)
    cars, reserved = dict(base), dict(base)
    for pk, load_ma in seen.base_now_ma.items():
        for above in seen.tree.paths[pk]:
            base[above] = base[above].plus(load_ma)
    for place in seen.places:
        # A car that nobody measures counts as what is reserved for it; a free connector as nothing.
        drawn_ma = place.drawn_ma if place.running or place.draw is not None else ZERO_MA
        for above in seen.tree.paths.get(place.connector.circuit_id, ()):
            cars[above] = cars[above].plus(drawn_ma)
            reserved[above] = reserved[above].plus(place.connector.reservation_ma)
    return {
        str(pk): [list(each) for each in (seen.near_ma[pk], base[pk], cars[pk], reserved[pk])]
        for pk in seen.tree.circuits
    }


def find_exposed(figures: Mapping[str, list[list[int]]]) -> dict[UUID, int]:
    """Circuits where building and reservations of a run exceed the limit, with the most of it on a phase, in mA."""
    found = {}
    for key, (limit, base, _, reserved) in figures.items():
        over_ma = max(map(lambda most, load, held: load + held - most, limit, base, reserved))
        if over_ma > 0:
            found[UUID(key)] = over_ma
    return found


def read_timeline(circuit: Circuit, *, since: datetime, until: datetime) -> list[Point]:
    """At most `POINTS`: of each part of the time the last run. Two queries."""
    part_s = max(1, int((until - since).total_seconds()) // POINTS)
    runs = RebalanceRun.objects.filter(cluster_id=circuit.cluster_id, at__gte=since, at__lte=until).order_by()
    newest = (
        runs.annotate(part=Bucket("at", part_s))
        .values("part")
        .annotate(last=Max("at"))
        .values_list("last", flat=True)
    )
    rows = runs.filter(at__in=list(newest)).order_by("at").values_list("at", "figures")
    return [point for at, known in rows if (point := _point(at, known, str(circuit.pk))) is not None]


def _point(at: datetime, known: Mapping[str, list[list[int]]], key: str) -> Point | None:
    if key not in known:
        return None
    limit, base, cars, reserved = (PhaseMilliamps(*each) for each in known[key])
    return Point(at.astimezone(UTC), limit, base, cars, reserved)
