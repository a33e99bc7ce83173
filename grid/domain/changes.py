"""New rows, and changed columns of a locked row: judged whole, audited, and the balancer woken."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model

from evbalancer.common.errors import invalid_row
from evbalancer.common.waking import wake_balancer
from grid.domain.audit import Actor, record_entry
from grid.domain.commissioning import FallbacksDoNotFit, MisfitError

Row = TypeVar("Row", bound=Model)


def apply_changes(
    locked: Row,
    *,
    to: Mapping[str, Any],
    check: Callable[[], None] = lambda: None,
    cluster_id: UUID | None = None,
    action: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Row:
    """Change a locked row, as circuits and connectors are commissioned. A refusal stores nothing.

    1. Set the columns that differ; without one there is nothing to do.
    2. Judge the row by its own rules, and with the rest by `check`, for example whether all fallbacks fit.
    3. Store the columns with an entry in the audit trail.
    4. Wake the balancer of the cluster, where it belongs to one.

    Raises FallbacksDoNotFit and InvalidInput.
    """
    # 1.
    changes = {name: value for name, value in to.items() if getattr(locked, name) != value}
    if not changes:
        return locked
    before = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    # 2.
    _judge(locked, check)
    # 3.
    store_changes(locked, before=before, action=action, actor=actor, now=now, reason=reason)
    # 4.
    if cluster_id is not None:
        wake_balancer(cluster_id)
    return locked


def store_changes(
    changed: Model, *, before: Mapping[str, Any], action: str, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Save and audit the columns that `before` names, of a row that was judged."""
    changed.save(update_fields=[*before])
    record_entry(
        actor=actor,
        action=action,
        target=changed,
        now=now,
        before=before,
        after={name: getattr(changed, name) for name in before},
        reason=reason,
    )


def store_new(
    row: Row, *, actor: Actor, now: datetime, check: Callable[[], None] = lambda: None, reason: str = ""
) -> Row:
    """Judge a new row by its own rules and by `check`, store it, and record all of its columns.

    For rows without secrets. Raises FallbacksDoNotFit and InvalidInput.
    """
    _judge(row, check)
    row.save(force_insert=True)
    record_entry(
        actor=actor,
        action=f"{row._meta.model_name}.added",  # noqa: SLF001 (Django's documented Meta API)
        target=row,
        now=now,
        after={field.name: field.value_from_object(row) for field in row._meta.concrete_fields},  # noqa: SLF001
        reason=reason,
    )
    return row


def _judge(row: Model, check: Callable[[], None]) -> None:
    try:
        row.full_clean()
        check()
    except MisfitError as misfit:
        raise FallbacksDoNotFit(misfit) from misfit
    except ValidationError as error:
        raise invalid_row(error) from error
