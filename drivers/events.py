"""What happens to drivers and their cards."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evbalancer.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTagsChanged(Event):
    """The verdicts on cards of a community may have changed at its charge points.

    `is_withdrawal`: some may be worth less than before, so that what a charge point remembers is not to be trusted.
    """

    community_id: UUID
    is_withdrawal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(Event):
    """The driver's account has no role in the community any more: it is let in nowhere there."""

    driver_id: UUID
    community_id: UUID
    at: datetime
