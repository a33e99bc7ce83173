"""The append-only trail: written in the same transaction as the act, so that neither exists without the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from django.db import models, transaction

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in
from grid.enums import ActorKind
from grid.models import AuditEntry


class _User(Protocol):
    pk: Any

    def get_username(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or system that acts. Kept as kind, id and label, so that the trail outlives the account."""

    kind: ActorKind
    id: str
    label: str

    @classmethod
    def of_user(cls, user: _User) -> Self:
        return cls(ActorKind.USER, str(user.pk), user.get_username())


SYSTEM = Actor(ActorKind.SYSTEM, "", "EV Balancer")


def record_entry(
    *,
    actor: Actor,
    action: str,
    target: models.Model,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | Said = "",
) -> AuditEntry:
    """Write one entry. Raises TransactionManagementError outside a transaction: a kill could part it from the act."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit entry belongs into the transaction of its act")
    community_id = getattr(target, "community_id", None)
    if target._meta.label == "grid.Community":  # noqa: SLF001 (Django's documented Meta API)
        community_id = target.pk
    return AuditEntry.objects.create(
        community_id=community_id,
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:150],
        action=action,
        target_kind=target._meta.label,  # noqa: SLF001
        target_id=str(target.pk),
        target_label=str(target)[:200],
        before=before,
        after=after,
        # For the back office, which is read in one language.
        reason=(tell_in("en", reason) if isinstance(reason, Said) else reason)[:200],
    )
