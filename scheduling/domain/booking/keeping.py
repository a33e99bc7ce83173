"""Whether promises are kept: drivers hear before one is broken, with the part that is left, and kept ones are counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from chargers.enums import SessionState
from evbalancer.common.loops import for_each
from evbalancer.common.topics import driver_topic, tell
from grid.models import Cluster
from scheduling.domain.booking.promises import RESERVING, Book
from scheduling.domain.booking.settlement import falls_short
from scheduling.domain.telling import notices
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

COUNTED_OVER = timedelta(days=30)
BAR = 0.98
GRAIN_WH = 100  # a figure that changes every minute helps nobody


@dataclass(frozen=True, slots=True)
class Record:
    """Promises that came to their end, and how many of them were kept. A slot that its driver left or cancelled is neither."""

    settled: int = 0
    kept: int = 0

    @property
    def share(self) -> float | None:
        return self.kept / self.settled if self.settled else None


def kept_promises(cluster_ids: Iterable[UUID], *, start: datetime, end: datetime) -> dict[UUID, Record]:
    """By cluster, of slots that were settled from `start` up to `end`. One query; clusters without any are left out."""
    kept = Q(state=SlotState.FULFILLED)
    rows = (
        SlotRequest.objects.filter(
            kept | Q(state=SlotState.UNMET),
            cluster__in=cluster_ids,
            promised_wh__gt=0,
            state_since__gte=start,
            state_since__lt=end,
        )
        .order_by()
        .values_list("cluster_id")
        .annotate(settled=Count("pk"), kept=Count("pk", filter=kept))
    )
    return {cluster_id: Record(settled, kept) for cluster_id, settled, kept in rows}


def warn_of_broken(*, now: datetime) -> int:
    """Check whether each open promise can still be kept, and notify the drivers who will get less. Returns how many."""
    open_promises = SlotRequest.objects.filter(state__in=RESERVING, promised_wh__gt=0, ready_by__gt=now)
    clusters = Cluster.objects.filter(pk__in=open_promises.values("cluster"), retired_at=None)
    told: list[UUID] = []

    def look(cluster: Cluster) -> bool:
        told.extend(foresee_shortfalls(cluster, now=now))
        return True

    for_each(clusters.select_related("community"), look, what="Cluster")
    return len(told)


def foresee_shortfalls(cluster: Cluster, *, now: datetime) -> list[UUID]:
    """Store with each promise the part that can still be kept, once that is less. Returns the drivers notified now."""
    last = SlotRequest.objects.filter(cluster=cluster, state__in=RESERVING).order_by("ready_by").last()
    if last is None:
        return []
    book = Book(cluster, until=last.ready_by, now=now)
    told = []
    for slot, expected_wh in book.outlook():
        due_wh = expected_wh // GRAIN_WH * GRAIN_WH if falls_short(slot.promised_wh, expected_wh) else None
        if slot.expected_wh == due_wh or not _is_waiting_for_power(slot, now=now):
            continue
        first = due_wh is not None and slot.expected_wh is None
        moved = SlotRequest.objects.filter(pk=slot.pk, state=slot.state).update(expected_wh=due_wh)
        slot.expected_wh = due_wh
        if moved:
            tell(driver_topic(slot.driver_id), "slot", id=str(slot.pk), state=str(slot.state))
        if moved and first:
            notices.promise_falls_short(slot, now=now)
            told.append(slot.pk)
    return told


def _is_waiting_for_power(slot: SlotRequest, *, now: datetime) -> bool:
    """Energy that its driver gives up, by stopping or by coming late, breaks no promise."""
    if slot.session is None:
        return slot.not_before > now
    return bool(slot.session.state == SessionState.ACTIVE)
