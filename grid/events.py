from dataclasses import dataclass
from uuid import UUID

from evbalancer.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitImposed(Event):
    cluster_id: UUID
    limit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLifted(Event):
    cluster_id: UUID
    limit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLoadMeasured(Event):
    cluster_id: UUID
    circuit_id: UUID
