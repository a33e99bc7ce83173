"""Maple Court, as the demo has it."""

from dataclasses import replace
from datetime import datetime

from chargers.domain.sockets import keys
from chargers.models import Connector
from chargers.simulator.plant.spec import ChargePointSpec
from drivers.models import User
from evbalancer.demo import seed, traffic
from evbalancer.life.sites import neighbour
from evbalancer.life.sites.members import enrol
from evbalancer.life.sites.premises import Premises, Use, grid_of
from grid.domain.audit import SYSTEM


def build(*, now: datetime) -> Premises:
    cluster, connectors, drivers = seed.found_community(now=now)
    grid = grid_of(cluster)
    names = {pk: name for name, pk in grid.circuits.items()}
    specs = [_spec(connector, names[connector.circuit_id], now=now) for connector in connectors]
    return Premises(
        cluster=cluster,
        use=Use.HOME,
        circuits=grid.circuits,
        limits_ma=grid.limits_ma,
        parents=grid.parents,
        specs=tuple(specs),
        members=enrol(
            cluster.community,
            drivers,
            spaces={driver.name: spec.id for driver, spec in zip(drivers, specs, strict=True)},
        ),
        manager=User.objects.get(username="manager"),
        neighbour=neighbour.build(now=now),
    )


def _spec(connector: Connector, circuit: str, *, now: datetime) -> ChargePointSpec:
    spec = ChargePointSpec(**traffic.describe_station(connector))
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=now)
    return replace(spec, circuit=circuit, key=key)
