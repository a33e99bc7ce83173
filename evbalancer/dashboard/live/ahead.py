"""What is expected of the rest of the day: the building by its curve, and the cars that are here."""

from datetime import UTC, datetime

from evbalancer.common.units import PhaseMilliamps
from evbalancer.dashboard.live.facts import Facts, ShownPlace
from grid.domain.limits import aimed_limits_ma
from grid.domain.readings import expected_ma

QUARTER_S = 900


def expected_building(facts: Facts, *, since: datetime, until: datetime) -> list[list[int]]:
    """[s since 1970, VA] at each quarter hour, and at the end."""
    begin, end = int(since.timestamp()), int(until.timestamp())
    seconds = [begin, *range(begin - begin % QUARTER_S + QUARTER_S, end, QUARTER_S), end]
    return [[second, _building_va(facts, second)] for second in seconds]


def expected_with_cars(facts: Facts, *, until: datetime) -> list[list[int]]:
    """[s since 1970, VA] if every car goes on at its power now until it has its energy, and nobody else comes.

    Empty when nothing charges, or when it is not known of every car how much it still takes.
    """
    cars = [(place.power_w or 0, _left_s(place)) for place in facts.places if place.charging]
    known = [(power_w, left_s) for power_w, left_s in cars if left_s is not None]
    if not cars or len(known) < len(cars):
        return []
    begin, end = int(facts.now.timestamp()), int(until.timestamp())
    ends = {begin + left_s for _, left_s in known}
    quarters = range(begin - begin % QUARTER_S + QUARTER_S, end, QUARTER_S)
    root = facts.tree.root
    most_va = facts.va(aimed_limits_ma([root], facts.limits)[root.pk])
    points = []
    for second in sorted({begin, *quarters, *(at for at in ends if at < end), end}):
        cars_va = sum(power_w for power_w, left_s in known if begin + left_s > second)
        points.append([second, min(most_va, _building_va(facts, second) + cars_va)])
    return points


def _building_va(facts: Facts, second: int) -> int:
    at, zone = datetime.fromtimestamp(second, UTC), facts.cluster.community.time_zone
    loads = [expected_ma(circuit, at, zone) for circuit in facts.tree.circuits.values()]
    return facts.va(PhaseMilliamps(*map(sum, zip(*loads, strict=True))))


def _left_s(place: ShownPlace) -> int | None:
    """Seconds until the car has what it asked for, else until its battery is full; None when nobody knows."""
    session = place.session
    if session is None or place.power_w is None:
        return None
    if place.power_w == 0:
        return 0
    vehicle = session.vehicle
    if place.slot is not None:
        left_wh = place.slot.energy_wh - session.stay_energy_wh
    elif vehicle is not None and vehicle.battery_wh and session.charge_pct is not None:
        left_wh = vehicle.battery_wh * (100 - session.charge_pct) // 100
    else:
        return None
    return max(0, left_wh) * 3600 // place.power_w
