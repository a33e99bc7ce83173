"""The place of the drill: twelve charge points behind two panels, one in three of OCPP 2.0.1."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chargers.simulator.plant.spec import ChargePointSpec
from drivers.models import IdTag
from evbalancer.life.sites.premises import Premises
from evbalancer.ops.drill import place


def build(*, now: datetime) -> Premises:
    built = place.build(now=now)
    tokens = IdTag.objects.filter(community=built.cluster.community_id).order_by("token")
    by_place = {token.removeprefix("TAG"): token for token in tokens.values_list("token", flat=True)}
    return Premises(
        cluster=built.cluster,
        circuits=built.circuits,
        limits_ma={name: (limit_ma, limit_ma, limit_ma) for name, limit_ma in place.LIMITS_MA.items()},
        parents=place.PARENTS,
        specs=tuple(_mixed(built.specs)),
        cards={spec.id: by_place[spec.id.split("-", 1)[0]] for spec in built.specs},
        manager=built.manager,
    )


def _mixed(specs: Sequence[ChargePointSpec]) -> list[ChargePointSpec]:
    return [
        replace(spec, version="2.0.1", model="Drill 2") if number % 3 == 2 else spec
        for number, spec in enumerate(specs)
    ]
