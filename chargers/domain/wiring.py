"""How a connector is wired and what it falls back to: changed by people, never by the balancer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from chargers.domain import commissioning
from chargers.models import Connector
from evbalancer.common.errors import invalid_row
from evbalancer.common.locks import lock_cluster
from evbalancer.common.topics import wake_balancer
from grid.domain.audit import Actor, record
from grid.domain.commissioning import FallbacksDoNotFit, MisfitError

WIRING = ("circuit_id", "phase_rotation", "max_current_ma", "min_current_ma", "step_ma", "chosen_fallback_ma")


@transaction.atomic
def change(
    connector: Connector, *, to: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Connector:
    """Set some of `WIRING`. Raises FallbacksDoNotFit with the missing amperes, or InvalidInput; nothing is changed then."""
    cluster_id = connector.charge_point.cluster_id
    lock_cluster(cluster_id)
    locked = (
        Connector.objects.select_for_update(of=("self",))
        .select_related("charge_point__cluster")
        .get(pk=connector.pk)
    )
    changes = {name: value for name, value in to.items() if getattr(locked, name) != value}
    if not changes:
        return locked
    before = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    try:
        locked.full_clean()
        commissioning.check_connector(locked)
    except MisfitError as misfit:
        raise FallbacksDoNotFit(misfit) from misfit
    except ValidationError as error:
        raise invalid_row(error) from error
    locked.save(update_fields=[*changes])
    record(
        actor=actor,
        action="connector.changed",
        target=locked,
        now=now,
        before=before,
        after=changes,
        reason=reason,
    )
    wake_balancer(cluster_id)
    return locked
