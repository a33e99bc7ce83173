"""Places in the queue of slot requests, in order of arrival."""

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, When

from scheduling.enums import SlotState
from scheduling.models import SlotRequest


def with_positions(rows: QuerySet[SlotRequest]) -> QuerySet[SlotRequest]:
    """The same rows, each with what `queue_position` would ask for: a list of them asks once."""
    ahead = (
        SlotRequest.objects.filter(
            cluster_id=OuterRef("cluster_id"),
            state=SlotState.QUEUED,
            created_at__lt=OuterRef("created_at"),
        )
        .order_by()
        .values("cluster_id")
        .annotate(count=Count("pk"))
        .values("count")
    )
    counted = Case(When(state=SlotState.QUEUED, then=Subquery(ahead)), output_field=IntegerField())
    return rows.annotate(ahead=counted)


def queue_position(slot: SlotRequest) -> int | None:
    """1 is next by arrival. None for a slot that does not queue."""
    if slot.state != SlotState.QUEUED:
        return None
    if hasattr(slot, "ahead"):
        return (slot.ahead or 0) + 1
    ahead = SlotRequest.objects.filter(
        cluster_id=slot.cluster_id,
        state=SlotState.QUEUED,
        created_at__lt=slot.created_at,
    )
    return ahead.count() + 1
