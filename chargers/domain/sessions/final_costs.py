"""The cost of a transaction at its end, for the charge point's display. An app that knows prices may register here."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from chargers.models import Session

logger = logging.getLogger(__name__)

# In hundredths of the community's currency; None where there is no price.
CostOf = Callable[[Session, datetime], int | None]
_askers: list[CostOf] = []


def register_cost(cost_of: CostOf) -> None:
    """Called once, by the app that knows prices."""
    if cost_of not in _askers:
        _askers.append(cost_of)


def read_final_cost(session: Session, *, now: datetime) -> int | None:
    """None too where it can't be said: an end is never refused for its price."""
    for cost_of in _askers:
        try:
            with transaction.atomic():
                cost_minor = cost_of(session, now)
        except Exception:
            logger.exception("The cost of session %s is not told", session.pk)
            continue
        if cost_minor is not None and cost_minor >= 0:
            return cost_minor
    return None
