"""Which tables are partitioned by time on PostgreSQL, and how their partitions come and go."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError

from chargers.models import MeterValue, OcppMessage
from evbalancer.common.db.partitions import drop_before, is_made_ahead, make_ahead
from grid.domain.retention.periods import Kept, read_periods

logger = logging.getLogger(__name__)

# The longest choice of a community is cut into so many partitions, whether it is a month or ten years.
PARTS: Final = 30


@dataclass(frozen=True, slots=True)
class Partitioned:
    """With `only_empty` rows leave one by one, because something else takes their place; the partition is dropped when it has none."""

    table: str
    moment: str
    kept: Kept
    only_empty: bool


TABLES: Final = (
    Partitioned(OcppMessage._meta.db_table, "at", Kept.LOG, only_empty=False),  # noqa: SLF001 (documented)
    Partitioned(MeterValue._meta.db_table, "received_at", Kept.METER_VALUES, only_empty=True),  # noqa: SLF001
)


def keep_partitions(*, now: datetime) -> int:
    """Make those of the next days, and drop those that are over for every community. Returns how many were dropped.

    A table that fails is logged, and the others have their turn: their rows are cleared in batches.
    """
    dropped = 0
    for each in TABLES:
        try:
            dropped += _keep(each, now=now)
        except DatabaseError:
            logger.exception("The partitions of %s are not kept", each.table)
    return dropped


def _keep(each: Partitioned, *, now: datetime) -> int:
    ends = read_periods(each.kept, now=now).ends.values()
    longest = now - min(ends) if ends else timedelta(days=PARTS)
    width = timedelta(days=max(1, longest.days // PARTS))
    make_ahead(each.table, each.moment, width=width, now=now)
    if not ends:
        return 0
    gone = drop_before(each.table, min(ends), only_empty=each.only_empty)
    if gone:
        logger.info("Dropped %s", ", ".join(gone))
    return len(gone)


def find_unprepared(*, now: datetime) -> list[str]:
    """Tables whose rows of tomorrow have no partition of their own. They are stored in the default one."""
    return [each.table for each in TABLES if not is_made_ahead(each.table, now=now)]
