"""The cars that come and go in the demo, as a scenario of the charge point simulator."""

import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chargers.models import Connector
from drivers.models import IdTag
from fleet.models import Vehicle
from grid.models import Circuit, Cluster

FIRST_CARS = 22
FIRST_WITHIN_S = 45
STAY_S = (20 * 60, 150 * 60)
GONE_S = (5 * 60, 45 * 60)
PLAYED_S = 12 * 3600
BATTERY_WH = 60_000


def scenario(cluster: Cluster, *, seed: int) -> dict[str, Any]:
    """Stations as wired in the database, and twelve hours of visits: most cars come in the first minute."""
    chance = random.Random(seed)
    connectors = list(
        Connector.objects.filter(
            charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None
        ).select_related("charge_point", "circuit")
    )
    # Whatever was clicked since the last start: cards added and blocked, cars and drivers gone.
    tags = cards(cluster)
    cars = [
        car
        for car in Vehicle.objects.filter(community=cluster.community_id, retired_at=None)
        if car.driver_id in tags
    ]
    cars.sort(key=lambda car: (tags[car.driver_id], str(car.pk)))
    visits: list[dict[str, Any]] = []
    order = list(range(len(connectors)))
    chance.shuffle(order)
    for rank, index in enumerate(order if cars else ()):
        at_s = chance.uniform(2, FIRST_WITHIN_S) if rank < FIRST_CARS else chance.uniform(*GONE_S)
        car = cars[index % len(cars)]
        while at_s < PLAYED_S:
            leaves_s = at_s + chance.uniform(*STAY_S)
            visits.append(
                {
                    "charge_point": connectors[index].charge_point.identity,
                    "arrive_s": round(at_s, 1),
                    "depart_s": round(leaves_s, 1),
                    "id_tag": tags[car.driver_id],
                    "car": {
                        "battery_wh": car.battery_wh or BATTERY_WH,
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
        "charge_points": [describe_station(connector) for connector in connectors],
        "circuits": _circuits(cluster),
        "cars": sorted(visits, key=lambda visit: visit["arrive_s"]),
        "seed": seed,
        "sample_s": 10,
    }


def cards(cluster: Cluster) -> dict[UUID, str]:
    """By driver of the community, the card that they hold to a charge point."""
    valid = IdTag.objects.filter(
        community=cluster.community_id, blocked_at=None, expires_at=None, driver__retired_at=None
    )
    # The newest first, so that the oldest stays.
    return dict(valid.order_by("-created_at", "-token").values_list("driver_id", "token"))


def describe_station(connector: Connector) -> dict[str, Any]:
    """A charge point with one connector, in the words of a scenario."""
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
