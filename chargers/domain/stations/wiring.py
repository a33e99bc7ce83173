"""How a connector is wired and what it falls back to: changed by people, never by the balancer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from chargers.domain.limits import commissioning
from chargers.models import Connector
from evbalancer.common.db.locks import lock_cluster
from grid.domain.audit import Actor
from grid.domain.changes import apply_changes

WIRING = ("circuit_id", "phase_rotation", "max_current_ma", "min_current_ma", "step_ma", "chosen_fallback_ma")


@transaction.atomic
def change_wiring(
    connector: Connector, *, to: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Connector:
    """Set some of `WIRING`. Raises FallbacksDoNotFit with the missing amperes, or InvalidInput; nothing is changed then."""
    cluster_id = connector.charge_point.cluster_id
    lock_cluster(cluster_id)
    locked = (
        Connector.objects.select_for_update(of=("self",), no_key=True)
        .select_related("charge_point__cluster")
        .get(pk=connector.pk)
    )
    return apply_changes(
        locked,
        to=to,
        check=lambda: commissioning.check_connector(locked),
        cluster_id=cluster_id,
        action="connector.changed",
        actor=actor,
        now=now,
        reason=reason,
    )
