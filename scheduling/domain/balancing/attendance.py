"""The processes that balance a cluster: usually workers, or the only process there is; if they do not, web processes stand in.

Each run notes the moment. A cluster whose last regular run is too old is left alone, whatever the cause: no worker, no beat,
workers that hang, a broker that loses tasks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from evbalancer.common.db.prepared import One, Several, prepared
from evbalancer.common.db.rows import update_rows
from grid.models import Cluster
from scheduling.enums import BalanceStep
from scheduling.models import Attendance, BalanceTrouble

# Five beats: a worker may be busy for one or two.
LEFT_ALONE_AFTER: Final = timedelta(seconds=15)
# A stand-in comes by every three seconds; another one takes over from it when it has not.
HANDED_OVER_AFTER: Final = timedelta(seconds=10)
# By then a stand-in has balanced, if there is one.
NOBODY_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Absence:
    """Workers do not balance this cluster. `stand_in` names the process that does; empty: nobody does, since `since`."""

    cluster_id: UUID
    since: datetime | None
    stand_in: str = ""


def note_run(cluster: Cluster, *, stand_in: str, now: datetime) -> None:
    """The cluster is balanced now. Called under its lock."""
    told = {"stand_in": stand_in, "stood_in_at": now} if stand_in else {"regular_at": now}
    if not _note(cluster.pk, told):
        Attendance.objects.create(community_id=cluster.community_id, cluster=cluster, **told)


def note_regular_run(cluster_id: UUID, *, now: datetime) -> None:
    """The same for a cluster that rests: somebody came by and found nothing to do."""
    _note(cluster_id, {"regular_at": now})


def _note(cluster_id: UUID, told: Mapping[str, Any]) -> int:
    types = {"stand_in": "varchar", "stood_in_at": "timestamptz", "regular_at": "timestamptz"}
    return update_rows(
        "scheduling_attendance",
        key="cluster_id",
        columns={name: types[name] for name in told},
        rows=[(cluster_id, *told.values())],
    )


def clusters_to_stand_in_for(*, stand_in: str, now: datetime) -> QuerySet[Cluster]:
    """Clusters that are left alone, without those that another stand-in has balanced just now."""
    others = Q(attendance__stood_in_at__gt=now - HANDED_OVER_AFTER) & ~Q(attendance__stand_in=stand_in)
    return _left_alone(tended_since=now - LEFT_ALONE_AFTER).exclude(others)


def find_absences(clusters: Iterable[UUID], *, now: datetime) -> list[Absence]:
    """Of these clusters, those that workers do not balance. The longest absence comes first."""
    rows = _absent(
        clusters=list(clusters), tended_since=now - LEFT_ALONE_AFTER, unrecorded_since=now - NOBODY_AFTER
    )
    found = [_judge(cluster, now=now) for cluster in rows]
    longest_first = sorted(found, key=lambda each: (each.since is not None, each.since or now))
    return [each for each in longest_first if each.stand_in or _is_over(each.since, NOBODY_AFTER, now=now)]


def last_regular_run_at(clusters: Iterable[UUID]) -> datetime | None:
    """When a worker balanced any of these clusters last."""
    rows = Attendance.objects.filter(cluster__in=clusters)
    newest: datetime | None = rows.aggregate(newest=Max("regular_at"))["newest"]
    return newest


@prepared
def _absent(clusters: Several, tended_since: One, unrecorded_since: One) -> QuerySet[Cluster]:
    # Where a run could not be recorded, there was one.
    unrecorded = BalanceTrouble.objects.filter(step=BalanceStep.RECORD, at__gt=unrecorded_since)
    rows = _left_alone(tended_since=tended_since).filter(pk__in=clusters)
    return rows.exclude(pk__in=unrecorded.values("cluster")).select_related("attendance")


def _left_alone(*, tended_since: datetime) -> QuerySet[Cluster]:
    tended = Attendance.objects.filter(regular_at__gt=tended_since)
    return Cluster.objects.filter(retired_at=None).exclude(pk__in=tended.values("cluster"))


def _judge(cluster: Cluster, *, now: datetime) -> Absence:
    row: Attendance | None = getattr(cluster, "attendance", None)
    if row is None:
        return Absence(cluster.pk, since=None)
    if not _is_over(row.stood_in_at, LEFT_ALONE_AFTER, now=now):
        return Absence(cluster.pk, since=row.regular_at, stand_in=row.stand_in)
    return Absence(cluster.pk, since=row.at)


def _is_over(at: datetime | None, longest: timedelta, *, now: datetime) -> bool:
    return at is None or at <= now - longest
