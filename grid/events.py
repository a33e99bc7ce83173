from dataclasses import dataclass
from uuid import UUID

from evbalancer.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitImposed(Event):
    cluster_id: UUID
    limit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged(Event):
    """Others than before are in a named group."""

    community_id: UUID
