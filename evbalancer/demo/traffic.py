"""Who comes and goes in the demo, as a scenario of the charge point simulator."""

import random
from collections.abc import Mapping
from typing import Any

from chargers.models import Connector
from fleet.models import Vehicle
from grid.models import Circuit, Cluster

FIRST_CARS = 22
FIRST_WITHIN_S = 45
STAY_S = (20 * 60, 150 * 60)
GONE_S = (5 * 60, 45 * 60)
PLAYED_S = 12 * 3600


def scenario(cluster: Cluster, *, seed: int) -> dict[str, Any]:
    """Stations as wired in the database, and twelve hours of visits: most cars come in the first minute."""
    chance = random.Random(seed)
    connectors = list(
        Connector.objects.filter(charge_point__cluster=cluster).select_related("charge_point", "circuit")
    )
    cars = list(
        Vehicle.objects.filter(community=cluster.community_id)
        .select_related("driver")
        .order_by("driver__id_tags__token")
    )
    tags = {car.pk: car.driver.id_tags.get().token for car in cars}
    visits: list[dict[str, Any]] = []
    order = list(range(len(connectors)))
    chance.shuffle(order)
    for rank, index in enumerate(order):
        at_s = chance.uniform(2, FIRST_WITHIN_S) if rank < FIRST_CARS else chance.uniform(*GONE_S)
        car = cars[index]
        while at_s < PLAYED_S:
            leaves_s = at_s + chance.uniform(*STAY_S)
            visits.append(
                {
                    "charge_point": connectors[index].charge_point.identity,
                    "arrive_s": round(at_s, 1),
                    "depart_s": round(leaves_s, 1),
                    "id_tag": tags[car.pk],
                    "car": {
                        "battery_wh": car.battery_wh,
                        "soc_pct": round(chance.uniform(15, 70), 1),
                        "phases": car.phases,
                        "max_ma": car.max_current_ma,
                        "settle_s": round(chance.uniform(2, 6), 1),
                        "name": car.name,
                    },
                },
            )
            at_s = leaves_s + chance.uniform(*GONE_S)
    return {
        "charge_points": [_station(connector) for connector in connectors],
        "circuits": _circuits(cluster),
        "cars": sorted(visits, key=lambda visit: visit["arrive_s"]),
        "seed": seed,
        "sample_s": 10,
    }


def _station(connector: Connector) -> dict[str, Any]:
    phases = len(connector.wired_phases)
    return {
        "id": connector.charge_point.identity,
        "phases": phases,
        "rotation": connector.phase_rotation if phases > 1 else f"L{connector.wired_phases[0] + 1}",
        "circuit": str(connector.circuit_id),
        "nameplate_ma": connector.max_current_ma,
        "vendor": "Maple",
        "model": "Wallbox 22" if phases > 1 else "Wallbox 7",
        "firmware": "1.4.2",
    }


def _circuits(cluster: Cluster) -> Mapping[str, str | None]:
    rows = Circuit.objects.filter(cluster=cluster).values_list("pk", "parent_id")
    return {str(pk): str(parent) if parent else None for pk, parent in rows}
