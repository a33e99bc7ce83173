"""Circuits added by people, and changes of their limits and their building's load."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.waking import wake_balancer
from grid.domain import commissioning, topology
from grid.domain.audit import Actor
from grid.domain.changes import apply_changes, store_new
from grid.models import Circuit


@transaction.atomic
def add_circuit(circuit: Circuit, *, actor: Actor, now: datetime) -> Circuit:
    """Hang a new circuit into its cluster's tree. Raises FallbacksDoNotFit with the missing amperes, or InvalidInput."""
    lock_cluster(circuit.cluster_id)

    def check() -> None:
        topology.check_circuit(circuit)
        commissioning.check_circuits(circuit.cluster, changed=circuit)

    store_new(circuit, actor=actor, now=now, check=check)
    wake_balancer(circuit.cluster_id)
    return circuit


@transaction.atomic
def change_circuit(
    circuit: Circuit, *, to: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Circuit:
    """Set columns of a circuit. Raises FallbacksDoNotFit with the missing amperes, or InvalidInput; nothing is changed then."""
    lock_cluster(circuit.cluster_id)
    locked = (
        Circuit.objects.select_for_update(of=("self",), no_key=True)
        .select_related("cluster")
        .get(pk=circuit.pk)
    )

    def check() -> None:
        topology.check_circuit(locked)
        commissioning.check_circuits(locked.cluster, changed=locked)

    return apply_changes(
        locked,
        to=to,
        check=check,
        cluster_id=locked.cluster_id,
        action="circuit.changed",
        actor=actor,
        now=now,
        reason=reason,
    )
