"""Building load: the meter's value while it speaks, the expected curve if none is fitted, else the maximum."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from evbalancer.common.waking import wake_balancer
from grid.domain import own_load
from grid.domain.topology import Tree
from grid.enums import MeterView
from grid.models import Circuit, Cluster, LoadCurve, MeterReading

# mA of each phase, below 0 where it feeds in; None where that phase is not measured.
Measured = tuple[int | None, int | None, int | None]

SILENT_AFTER = timedelta(seconds=60)
CLOCK_AHEAD = timedelta(minutes=5)
QUARTER_HOUR = timedelta(minutes=15)
# Beyond this a value has the wrong unit or the wrong sign bit: the breaker would have opened long ago.
PLAUSIBLE_TIMES = 3
# Cars are measured every ten seconds or so. A car that has just stopped still looks as if it drew, and the building
# as if it took that much less: the highest difference of this long is believed.
CARS_LAG = timedelta(seconds=30)
# A cloud takes the sun away in less: surplus is what there was all this time.
SURPLUS_OVER = timedelta(seconds=120)
SURPLUS_KEPT_MA = 1_000
SURPLUS_PCT = 90


@transaction.atomic
def record_reading(
    circuit: Circuit,
    *,
    base_load_ma: Measured,
    measured_at: datetime,
    now: datetime,
) -> MeterReading:
    """Store what a building meter measured, however it came. Below 0 the building feeds in.

    A phase that was not measured counts at its configured maximum. Of a meter that sees the cars too, what they were measured to
    draw is taken off. Raises InvalidInput for times in the future, for currents that the circuit could not carry, and where no meter
    is expected.
    """
    check_reading(circuit, base_load_ma)
    if measured_at > now + CLOCK_AHEAD:
        raise InvalidInput("measured_at", gettext("The reading is in the future; check the meter's clock."))
    load_ma = _building_ma(circuit, base_load_ma, now=now)
    reading = MeterReading.objects.create(
        community_id=circuit.community_id,
        circuit=circuit,
        measured_at=measured_at,
        received_at=now,
        base_load_l1_ma=load_ma.l1,
        base_load_l2_ma=load_ma.l2,
        base_load_l3_ma=load_ma.l3,
    )
    wake_balancer(circuit.cluster_id)
    return reading


def check_reading(circuit: Circuit, base_load_ma: Measured) -> None:
    """Raises InvalidInput for what `record_reading` would not take, whenever it was measured."""
    if not circuit.has_meter:
        raise InvalidInput("circuit", gettext("A manager has to mark this circuit's load as measured first."))
    highest_ma = PLAUSIBLE_TIMES * max(*circuit.limit_ma, *circuit.base_load_max_ma)
    if any(load_ma is not None and abs(load_ma) > highest_ma for load_ma in base_load_ma):
        raise InvalidInput(
            "base_load_ma",
            gettext(
                "More than %(plausible_times)s times what the circuit carries; check the unit (mA) and the scale."
            )
            % {"plausible_times": PLAUSIBLE_TIMES},
            code="implausible",
        )


def check_age(measured_at: datetime, *, now: datetime) -> None:
    """Raises InvalidInput for a reading that would count for nothing: the meter is silent about now."""
    if measured_at <= now - SILENT_AFTER:
        raise InvalidInput(
            "measured_at",
            gettext(
                "Older than %(total_seconds)s s, so it would not count; send readings as they are measured, or check the meter's clock."
            )
            % {"total_seconds": f"{SILENT_AFTER.total_seconds():.0f}"},
            code="stale",
        )


def _building_ma(circuit: Circuit, measured_ma: Measured, *, now: datetime) -> PhaseMilliamps:
    """The measured load without the cars. A phase that was not measured is at its maximum: not measured is not 0."""
    cars_ma = (
        own_load.at_and_below(circuit, now=now) if circuit.meter_sees == MeterView.EVERYTHING else ZERO_MA
    )
    return PhaseMilliamps(
        *(
            most if load is None else load - cars
            for load, cars, most in zip(measured_ma, cars_ma, circuit.base_load_max_ma, strict=True)
        )
    )


def current_readings(circuit_ids: Iterable[UUID], *, since: datetime) -> QuerySet[MeterReading]:
    """Readings that tell of the time since then. A meter that replays what it measured long ago is silent about now."""
    return MeterReading.objects.filter(
        circuit_id__in=circuit_ids, received_at__gt=since, measured_at__gt=since
    )


def find_silent_meters(circuit_ids: Collection[UUID], *, now: datetime) -> frozenset[UUID]:
    """Of these metered circuits, those whose meter has said nothing of the last minute. One query, or none."""
    if not circuit_ids:
        return frozenset()
    recent = current_readings(circuit_ids, since=now - SILENT_AFTER)
    return frozenset(circuit_ids) - set(recent.order_by().values_list("circuit_id", flat=True).distinct())


def base_loads_ma(cluster: Cluster, tree: Tree, *, now: datetime) -> Mapping[UUID, PhaseMilliamps]:
    """Load of the building on each circuit now, circuits below not included, never below 0.

    A meter silent for a minute counts as the configured maximum: unknown is unsafe.
    """
    metered = [circuit for circuit in tree.circuits.values() if circuit.has_meter]
    said = _recent(metered, since=now - SILENT_AFTER)
    loads: dict[UUID, PhaseMilliamps] = {}
    for pk, circuit in tree.circuits.items():
        if circuit.has_meter:
            loads[pk] = _measured_ma(circuit, said[pk]) if said[pk] else circuit.base_load_max_ma
        else:
            # The next quarter too: power granted now may still flow when it begins.
            zone = cluster.community.time_zone
            near = (expected_ma(circuit, moment, zone) for moment in (now, now + QUARTER_HOUR))
            loads[pk] = PhaseMilliamps(*map(max, *near))
    return loads


def expected_ma(circuit: Circuit, at: datetime, time_zone: str) -> PhaseMilliamps:
    """Building load of one circuit by its curve, else the highest it may have. Needs `load_curve` to be fetched."""
    curve = getattr(circuit, "load_curve", None)
    return curve.at(at, time_zone) if isinstance(curve, LoadCurve) else circuit.base_load_max_ma


def highest_load_ma(circuit: Circuit) -> PhaseMilliamps:
    """The most that the building may ever take on one circuit: its configured maximum, or its curve's where that counts."""
    curve = getattr(circuit, "load_curve", None)
    if circuit.has_meter or not isinstance(curve, LoadCurve):
        return circuit.base_load_max_ma
    return PhaseMilliamps(*map(max, circuit.base_load_max_ma, curve.highest_ma))


def surplus_ma(tree: Tree, *, now: datetime) -> PhaseMilliamps:
    """The buildings' feed-in that may be spent, per phase at the grid connection.

    The least of the last two minutes, less a tenth and an ampere; nothing after a gap, and nothing without readings over
    the whole time. Needs two readings at least, one of them old enough to know of the time before.
    """
    spending = [circuit for circuit in tree.circuits.values() if circuit.has_meter and circuit.spends_surplus]
    if not spending:
        return ZERO_MA
    said = _recent(spending, since=now - SURPLUS_OVER - SILENT_AFTER)
    total = ZERO_MA
    for circuit in spending:
        rows = said[circuit.pk]
        moments = [now - SURPLUS_OVER, *(row.received_at for row in rows), now]
        if not rows or rows[0].received_at > moments[0] or _has_gap(moments):
            continue
        # The last one before the window says what flowed when it began.
        begun = max(index for index, row in enumerate(rows) if row.received_at <= moments[0])
        least = (max(row.base_load_ma[phase] for row in rows[begun:]) for phase in range(3))
        total = total.plus(PhaseMilliamps(*(_spendable_ma(-load_ma) for load_ma in least)))
    return total


def _spendable_ma(fed_in_ma: int) -> int:
    return max(0, fed_in_ma * SURPLUS_PCT // 100 - SURPLUS_KEPT_MA)


def _has_gap(moments: list[datetime]) -> bool:
    in_order = sorted(moments)
    return any(later - earlier > SILENT_AFTER for earlier, later in pairwise(in_order))


def _measured_ma(circuit: Circuit, rows: list[MeterReading]) -> PhaseMilliamps:
    """The newest reading; of a meter that sees the cars too, the highest of a moment."""
    believed = [rows[-1]]
    if circuit.meter_sees == MeterView.EVERYTHING:
        believed = [row for row in rows if rows[-1].received_at - row.received_at <= CARS_LAG]
    return PhaseMilliamps(*(max(0, *(row.base_load_ma[phase] for row in believed)) for phase in range(3)))


def _recent(metered: Iterable[Circuit], *, since: datetime) -> Mapping[UUID, list[MeterReading]]:
    """Current readings by circuit, oldest first."""
    by_circuit: dict[UUID, list[MeterReading]] = defaultdict(list)
    ids = [circuit.pk for circuit in metered]
    if ids:
        for row in current_readings(ids, since=since).order_by("received_at"):
            by_circuit[row.circuit_id].append(row)
    return by_circuit
