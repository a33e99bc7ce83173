"""Transaction messages that match nothing we know: confirmed to the charger, kept, shown to a manager."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from chargers.models import OrphanMessage
from chargers.reports.base import Source

logger = logging.getLogger(__name__)


def keep_orphan(source: Source, *, action: str, why: str, payload: Mapping[str, Any], now: datetime) -> None:
    """Store the message once, however often the charger repeats it."""
    digest = hashlib.sha256(action.encode() + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()
    _, created = OrphanMessage.objects.get_or_create(
        charge_point_id=source.charge_point_id,
        digest=digest,
        defaults={
            "community_id": source.community_id,
            "received_at": now,
            "action": action,
            "why": why[:120],
            "payload": payload,
        },
    )
    if created:
        logger.warning("Charge point %s: %s kept aside, %s", source.charge_point_id, action, why)
