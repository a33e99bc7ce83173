"""The OCPP log leaves when it is over its time, or when it has grown too large for its disk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Avg, TextField
from django.db.models.functions import Cast, Length

from chargers.models import OcppMessage
from evbalancer.common.db.batches import Batch, Ledger
from evbalancer.common.db.partitions import read_partitions
from grid.domain.retention.periods import Periods

MB: Final = 1024 * 1024
# What a row takes beside its payload, its two indexes included, as measured on both databases.
ROW_BYTES: Final = 250
SAMPLED: Final = 500


def log_ledger(periods: Periods) -> Ledger:
    """Messages in the order in which they were stored."""
    newest_id = first_id_within(settings.OCPP_LOG_MAX_MB * MB) if settings.OCPP_LOG_MAX_MB else 0
    last_end = max(periods.ends.values(), default=None)
    ends = _leave_to_partition(periods.ends)

    def is_over(at: datetime, community_id: object, pk: int) -> bool:
        end = ends.get(community_id)  # type: ignore[call-overload]
        return pk < newest_id or (end is not None and at < end)

    def find(place: int | None, size: int) -> Batch:
        rows = OcppMessage.objects.filter(pk__gt=place or 0).order_by("pk")
        found = list(rows.values_list("pk", "at", "community_id")[:size])
        over = [pk for pk, at, community_id in found if is_over(at, community_id, pk)]
        # They were stored in the order of time. A clock that was wrong for a moment must not end every round at its message.
        is_young = last_end is None or all(at >= last_end for _, at, _ in found)
        is_last = len(found) < size or (is_young and found[-1][0] >= newest_id)
        return Batch(over, None if is_last else found[-1][0], seen=len(found))

    return Ledger("OCPP log", find, _clear)


def _leave_to_partition(ends: Mapping[UUID, datetime]) -> Mapping[UUID, datetime]:
    """Where all of a partition goes soon, its rows wait for that: it costs a file, and deleting rows a hundred times as much.

    Only rows of communities that keep the log longest wait, for a thirtieth of that time at most. The first partition has all that
    came before there were any; its rows do not wait.
    """
    longest = min(ends.values(), default=None)
    table = OcppMessage._meta.db_table  # noqa: SLF001 (documented)
    for part in read_partitions(table):
        if part.begin is not None and longest is not None and part.begin <= longest < part.end:
            return {key: part.begin if end == longest else end for key, end in ends.items()}
    return ends


def first_id_within(most_bytes: int) -> int:
    """The oldest message that still has room, by the mean length of the newest ones; 0 where all have."""
    newest = OcppMessage.objects.order_by("-pk")
    last_id = newest.values_list("pk", flat=True).first()
    if last_id is None:
        return 0
    sample = OcppMessage.objects.filter(pk__gt=last_id - SAMPLED)
    mean = sample.aggregate(bytes=Avg(Length(Cast("payload", TextField()))))["bytes"]
    return max(0, last_id + 1 - int(most_bytes // (ROW_BYTES + (mean or 0))))


def _clear(ids: Sequence[int]) -> int:
    gone, _ = OcppMessage.objects.filter(pk__in=ids).delete()
    return gone
