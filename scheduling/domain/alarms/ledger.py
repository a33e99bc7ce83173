"""Alarms as rows: begun, kept, raised and ended, by whatever process judges; twice is harmless."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from drivers.models import User
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.errors import StateMoved
from evbalancer.common.topics import cluster_topic, tell
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor, record_entry
from grid.models import Cluster
from scheduling.domain.alarms.causes import Cause
from scheduling.domain.alarms.kinds import RULES
from scheduling.domain.alarms.outbox import queue_notices
from scheduling.enums import AlarmKind
from scheduling.models import Alarm
from scheduling.models.alarm import NOTE

# Beyond this the judge itself was away, and what lies between two visits is not known.
GAP: Final = timedelta(minutes=2)
LONGEST_NAME: Final = 120

Key = tuple[str, str]


def open_kinds(cluster: Cluster | None) -> frozenset[str]:
    """Kinds of which an alarm is open or pending, of a cluster or (None) beside clusters."""
    return frozenset(_kinds_beside() if cluster is None else _kinds_of(cluster_id=cluster.pk))


@transaction.atomic
def settle_alarms(
    kinds: Collection[AlarmKind], causes: Collection[Cause], *, cluster: Cluster | None, now: datetime
) -> None:
    """Bring the open alarms of these kinds up to date with all their causes, of a cluster or (None) beside clusters.

    1. A new cause becomes a pending alarm.
    2. A pending one is raised when its cause has lasted, and forgotten when it goes before.
    3. A raised one ends when its cause is gone for long enough.

    A constant number of queries. Two that settle at once wait for each other's rows, so each alarm is raised and ended once.
    """
    wanted = {(str(cause.kind), cause.about): cause for cause in causes}
    rows = _open_rows(kinds, cluster)
    missing = [cause for key, cause in wanted.items() if key not in rows]
    # 1. Another process may do the same now.
    if missing:
        begun = [_begin(cause, cluster, now=now) for cause in missing]
        Alarm.objects.bulk_create(begun, ignore_conflicts=True)
        rows = _open_rows(kinds, cluster)
    raised, ended, forgotten = [], [], []
    for key, row in rows.items():
        cause = wanted.get(key)
        if cause is not None:
            # 2. Seen again.
            if _keep(row, cause, now=now):
                raised.append(row)
        elif row.raised_at is None:
            forgotten.append(row.pk)
        elif now - row.kept_at >= RULES[AlarmKind(row.kind)].end_after:
            # 3. Nothing of it is left.
            row.ended_at = now
            ended.append(row)
    if rows:
        fields = ["said", "name", "began_at", "seen_at", "kept_at", "raised_at", "ended_at"]
        Alarm.objects.bulk_update(rows.values(), fields)
    if forgotten:
        Alarm.objects.filter(pk__in=forgotten).delete()
    queue_notices(raised, ended, now=now)
    _tell_pages([*raised, *ended])


@transaction.atomic
def end_orphans(*, now: datetime) -> None:
    """Clusters and communities that are no longer in use have no alarms: nobody judges them any more."""
    rows = Alarm.objects.filter(ended_at=None).exclude(community=None)
    gone = rows.filter(community__retired_at__isnull=False) | rows.filter(cluster__retired_at__isnull=False)
    ids = list(gone.values_list("pk", flat=True))
    if ids:
        Alarm.objects.filter(pk__in=ids, raised_at=None).delete()
        Alarm.objects.filter(pk__in=ids, ended_at=None).update(ended_at=now)


@transaction.atomic
def acknowledge_alarm(alarm: Alarm, *, by: User, note: str, now: datetime) -> Alarm:
    """Somebody looks after it. Raises InvalidInput without a note, and StateMoved when it is over or somebody was quicker."""
    note = NOTE.check("note", note)
    mine = Alarm.objects.filter(pk=alarm.pk, raised_at__isnull=False, ended_at=None, acknowledged_at=None)
    if not mine.update(acknowledged_at=now, acknowledged_by=by, note=note):
        raise StateMoved(Said("refusal.alarm_settled"))
    alarm.refresh_from_db()
    record_entry(
        actor=Actor.of_user(by),
        action="alarm.acknowledged",
        target=alarm,
        after={"kind": alarm.kind, "about": alarm.about},
        reason=note,
        now=now,
    )
    _tell_pages([alarm])
    return alarm


@prepared
def _kinds_of(cluster_id: One) -> QuerySet[Alarm, str]:
    return Alarm.objects.filter(cluster=cluster_id, ended_at=None).order_by().values_list("kind", flat=True)


@prepared
def _kinds_beside() -> QuerySet[Alarm, str]:
    return Alarm.objects.filter(cluster=None, ended_at=None).order_by().values_list("kind", flat=True)


def _open_rows(kinds: Collection[AlarmKind], cluster: Cluster | None) -> Mapping[Key, Alarm]:
    rows = Alarm.objects.select_for_update(of=("self",), no_key=True).filter(
        kind__in=kinds, cluster=cluster, ended_at=None
    )
    return {(row.kind, row.about): row for row in rows.order_by("pk")}


def _begin(cause: Cause, cluster: Cluster | None, *, now: datetime) -> Alarm:
    return Alarm(
        community_id=cause.community_id if cluster is None else cluster.community_id,
        cluster=cluster,
        kind=cause.kind,
        about=cause.about,
        name=cause.name[:LONGEST_NAME],
        said=cause.said,
        began_at=min(cause.since, now),
        seen_at=now,
        kept_at=now,
    )


def _keep(row: Alarm, cause: Cause, *, now: datetime) -> bool:
    """Note what is so now. True where the alarm is raised by it."""
    row.said, row.name = cause.said, cause.name[:LONGEST_NAME]
    if row.raised_at is None and now - row.kept_at > GAP:
        row.seen_at = now
        row.began_at = min(cause.since, now)
    row.kept_at = max(now, row.kept_at)
    is_due = row.raised_at is None and now - row.seen_at >= RULES[AlarmKind(row.kind)].raise_after
    if is_due:
        row.raised_at = now
    return is_due


def _tell_pages(changed: Collection[Alarm]) -> None:
    for cluster_id in {row.cluster_id for row in changed if row.cluster_id is not None}:
        tell(cluster_topic(cluster_id), "alarm")
