"""A charger that tries one unknown tag after another is a sign of somebody guessing (S11)."""

import logging
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from grid.domain import audit
from grid.enums import ActorKind
from grid.models import Community

logger = logging.getLogger(__name__)

MOST_UNKNOWN = 20
WITHIN_S = 600


def note_unknown_tag(community_id: UUID, charge_point_id: UUID, *, now: datetime) -> bool:
    """Count it; the one above the limit leaves an alert in the log and the audit trail. Returns whether it did."""
    key = f"unknown-tags.{charge_point_id}"
    cache.add(key, 0, timeout=WITHIN_S)
    try:
        count = cache.incr(key)
    except ValueError:
        return False  # it has just run out
    if count != MOST_UNKNOWN + 1:
        return False
    logger.warning("Charge point %s tried %s unknown tags in 10 minutes", charge_point_id, count)
    with transaction.atomic():
        audit.record_entry(
            actor=audit.Actor(ActorKind.CHARGER, str(charge_point_id), "Charge point"),
            action="tags.probed",
            target=Community.objects.get(pk=community_id),
            now=now,
            after={"unknown_tags": count, "within_s": WITHIN_S},
        )
    return True
