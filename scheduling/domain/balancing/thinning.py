"""Rebalances of long ago: of each cluster one an hour, the one that left the least room. One whose plan was refused stays as it was."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from evbalancer.common.db.batches import Batch, Ledger, RowsMoved
from grid.domain.retention.periods import Periods
from scheduling.models import RebalanceRun

HOUR: Final = timedelta(hours=1)
COLUMNS: Final = ("pk", "cluster_id", "at", "safe_plan", "figures")


class Seen(NamedTuple):
    """The columns of a run that matter here."""

    pk: UUID
    cluster_id: UUID
    at: datetime
    safe_plan: bool
    figures: Mapping[str, list[list[int]]]

    @property
    def hour(self) -> tuple[UUID, datetime]:
        return self.cluster_id, self.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)

    @property
    def room_ma(self) -> int:
        """The least that any circuit had left on any phase, beside the building and what was reserved or flowed for cars."""
        return min(
            (
                most - load - max(cars, held)
                for each in self.figures.values()
                for most, load, cars, held in zip(*each, strict=True)
            ),
            default=0,
        )


def runs_ledger(periods: Periods) -> Ledger:
    """Runs that are not thinned yet, the oldest first."""

    def find(place: list[str] | None, size: int) -> Batch:
        # `is_hourly=False` becomes NOT is_hourly, for which SQLite uses no index.
        young = RebalanceRun.objects.filter(periods.match_over("at"), is_hourly__in=[False])
        rows = young.order_by("at", "pk")
        found = [Seen(*row) for row in rows.values_list(*COLUMNS)[:size]]
        return Batch(found, [] if len(found) == size else None)

    return Ledger("rebalances", find, _clear)


def _clear(found: Sequence[Seen]) -> int:
    """In the caller's transaction: keep the tightest of each hour, without its inputs, beside one that stands for the hour already."""
    tightest: dict[tuple[UUID, datetime], Seen] = {}
    gone: set[UUID] = set()
    for run in (*_standing(found), *found):
        if run.safe_plan:
            continue
        other = tightest.get(run.hour)
        if other is None or run.room_ma < other.room_ma:
            tightest[run.hour] = run
        else:
            gone.add(run.pk)
            continue
        if other is not None:
            gone.add(other.pk)
    kept = [run.pk for run in tightest.values()]
    RebalanceRun.objects.filter(pk__in=kept).update(is_hourly=True, inputs=b"")
    refused = [run.pk for run in found if run.safe_plan]
    RebalanceRun.objects.filter(pk__in=refused).update(is_hourly=True)
    count, _ = RebalanceRun.objects.filter(pk__in=gone).delete()
    if count != len(gone):
        raise RowsMoved
    return count


def _standing(found: Sequence[Seen]) -> list[Seen]:
    """Runs that stand for one of these hours since an earlier batch."""
    hours = {run.hour for run in found}
    rows: list[Seen] = []
    for cluster_id, begin in hours:
        there = RebalanceRun.objects.filter(
            cluster=cluster_id, at__gte=begin, at__lt=begin + HOUR, is_hourly=True, safe_plan=False
        )
        rows += [Seen(*row) for row in there.values_list(*COLUMNS)]
    return rows
