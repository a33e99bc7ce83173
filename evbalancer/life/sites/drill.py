"""The place of the drill: twelve charge points behind two panels, one in three of OCPP 2.0.1."""

from dataclasses import replace
from datetime import datetime

from chargers.simulator.plant.spec import ChargePointSpec
from drivers.models import Driver
from evbalancer.life.sites import neighbour
from evbalancer.life.sites.members import enrol
from evbalancer.life.sites.premises import Premises, Use, grid_of
from evbalancer.ops.drill import place


def build(*, now: datetime) -> Premises:
    built = place.build(now=now)
    community = built.cluster.community
    grid = grid_of(built.cluster)
    # The drill's manager has no business in the back office.
    built.manager.is_staff = True
    built.manager.save(update_fields=["is_staff"])
    drivers = Driver.objects.filter(community=community).order_by("name")
    return Premises(
        cluster=built.cluster,
        use=Use.HOME,
        circuits=grid.circuits,
        limits_ma=grid.limits_ma,
        parents=grid.parents,
        specs=tuple(_mixed(number, spec) for number, spec in enumerate(built.specs)),
        members=enrol(
            community,
            list(drivers),
            spaces={f"Driver of {spec.id.split('-', 1)[0]}": spec.id for spec in built.specs},
        ),
        manager=built.manager,
        neighbour=neighbour.build(now=now),
    )


def _mixed(number: int, spec: ChargePointSpec) -> ChargePointSpec:
    return replace(spec, version="2.0.1", model="Drill 2") if number % 3 == 2 else spec
