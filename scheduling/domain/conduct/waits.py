"""When somebody queued without a promise."""

from datetime import datetime

from django.db.models import QuerySet

from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from scheduling.rules.abuse import Wait


def waits_of(rows: QuerySet[SlotRequest], *, now: datetime) -> list[Wait]:
    """Of these slots: from the wish until it was answered, its car charged, or it was over."""
    found = []
    fields = ("state", "not_before", "state_since", "ready_by", "session__started_at")
    for state, begins_at, moved_at, ready_by, started_at in rows.filter(promised_wh=0).values_list(*fields):
        answered_at = now if state == SlotState.QUEUED else started_at or moved_at
        end = min(answered_at, ready_by)
        if end > begins_at:
            found.append(Wait(begins_at, end))
    return sorted(found, key=lambda wait: wait.start)
