"""Rounds through ledgers: batch by batch, resumed where the last run ended."""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Final

from django.db import connection, transaction

from evbalancer.common.db.batches import AIM_OF_ROWS_S, AIM_S, Ledger, Pace, RowsMoved, rest
from grid.models import RetentionMark

logger = logging.getLogger(__name__)

# Rows become due by the minute; a round that finds nothing costs a query a ledger.
ROUND_EVERY: Final = timedelta(hours=1)


def clear_ledgers(ledgers: Sequence[Ledger], *, now: datetime, longest_s: float) -> int:
    """Clear each ledger in turn, for `longest_s` seconds in all. Returns how many rows are gone.

    A ledger that fails is logged, and the others have their turn.
    """
    ends_s = time.monotonic() + longest_s
    gone = 0
    # One whose last round was long ago comes first, so that none waits behind a large one for ever.
    lags = read_lags([ledger.name for ledger in ledgers], now=now)
    for ledger in sorted(ledgers, key=lambda each: -(lags[each.name] or inf)):
        try:
            gone += clear_ledger(ledger, now=now, ends_s=ends_s)
        except RowsMoved:
            logger.warning(
                "Rows of %s moved while they were cleared; the next run reads them again", ledger.name
            )
        except Exception:
            logger.exception("%s is not cleared", ledger.name)
    return gone


def clear_ledger(ledger: Ledger, *, now: datetime, ends_s: float) -> int:
    """One round, or as much of it as there is time for until `ends_s` of the monotonic clock. Returns how many rows are gone.

    1. Begin a round, or go on where the last run ended.
    2. Read the next rows that are over their time, outside a transaction.
    3. In one transaction: stop if another process was quicker, do away with the rows, note the place.
    4. Leave the others their time, and take as many rows as fit into a moment.
    """
    # 1.
    mark, _ = RetentionMark.objects.get_or_create(ledger=ledger.name, defaults={"began_at": now})
    if mark.place is None:
        if mark.finished_at is not None and now - mark.finished_at < ROUND_EVERY:
            return 0
        mark.began_at, mark.kept_so_far = now, 0
    pace = Pace(aim_s=AIM_S if connection.vendor == "sqlite" else AIM_OF_ROWS_S)
    gone = 0
    while time.monotonic() < ends_s:
        # 2.
        batch = ledger.find(mark.place, pace.rows)
        # 3.
        with transaction.atomic():
            # SQLite's lock is there from here on; waiting for it kept nobody else waiting.
            began_s = time.monotonic()
            locked = RetentionMark.objects.select_for_update(no_key=True).get(pk=mark.pk)
            if locked.place != mark.place or locked.finished_at != mark.finished_at:
                return gone
            cleared = ledger.clear(batch.rows) if batch.rows else 0
            mark.place = batch.place
            mark.removed += cleared
            mark.kept_so_far += batch.kept
            if batch.place is None:
                mark.finished_at, mark.kept = mark.began_at, mark.kept_so_far
            mark.save()
        gone += cleared
        if batch.place is None:
            break
        # 4.
        took_s = time.monotonic() - began_s
        pace.note(took_s, max(batch.seen, len(batch.rows)))
        rest(took_s)
    return gone


def read_lags(names: Iterable[str], *, now: datetime) -> dict[str, float | None]:
    """By ledger the seconds since the beginning of its last whole round; None where there was none yet."""
    rows = dict(RetentionMark.objects.values_list("ledger", "finished_at"))
    return {name: None if (at := rows.get(name)) is None else (now - at).total_seconds() for name in names}
