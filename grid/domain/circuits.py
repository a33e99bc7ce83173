"""What a circuit carries and what its building takes: changed by people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from evbalancer.common.errors import invalid_row
from evbalancer.common.locks import lock_cluster
from evbalancer.common.topics import wake_balancer
from grid.domain import commissioning, topology
from grid.domain.audit import Actor, record
from grid.domain.commissioning import FallbacksDoNotFit, MisfitError
from grid.models import Circuit


@transaction.atomic
def change(
    circuit: Circuit, *, to: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Circuit:
    """Set columns of a circuit. Raises FallbacksDoNotFit with the missing amperes, or InvalidInput; nothing is changed then."""
    lock_cluster(circuit.cluster_id)
    locked = Circuit.objects.select_for_update(of=("self",)).select_related("cluster").get(pk=circuit.pk)
    changes = {name: value for name, value in to.items() if getattr(locked, name) != value}
    if not changes:
        return locked
    before = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    try:
        locked.full_clean()
        topology.check_circuit(locked)
        commissioning.check_circuits(locked.cluster, changed=locked)
    except MisfitError as misfit:
        raise FallbacksDoNotFit(misfit) from misfit
    except ValidationError as error:
        raise invalid_row(error) from error
    locked.save(update_fields=[*changes])
    record(
        actor=actor,
        action="circuit.changed",
        target=locked,
        now=now,
        before=before,
        after=changes,
        reason=reason,
    )
    wake_balancer(locked.cluster_id)
    return locked
