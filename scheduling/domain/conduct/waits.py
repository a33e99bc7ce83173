"""When somebody waited: queued without a promise, or for the place that they had booked."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from scheduling.models.slot_request import WAITING_SLOT_STATES
from scheduling.rules.abuse import Wait


def waits_of(rows: QuerySet[SlotRequest], *, now: datetime) -> list[Wait]:
    """Of these slots: from the wish until it was answered, its car charged, or it was over."""
    return _waits(rows.filter(promised_wh=0), (SlotState.QUEUED,), now=now)


def waits_for_place(rows: QuerySet[SlotRequest], connector_id: UUID, *, now: datetime) -> list[Wait]:
    """Of these slots: from the begin of a promise at this connector until its car charged, or it was over."""
    booked = rows.filter(promised_wh__gt=0, connector=connector_id)
    return _waits(booked, WAITING_SLOT_STATES, now=now)


def _waits(rows: QuerySet[SlotRequest], waiting: Collection[SlotState], *, now: datetime) -> list[Wait]:
    found = []
    fields = ("state", "not_before", "state_since", "ready_by", "session__started_at")
    for state, begins_at, moved_at, ready_by, started_at in rows.values_list(*fields):
        answered_at = now if state in waiting else started_at or moved_at
        end = min(answered_at, ready_by)
        if end > begins_at:
            found.append(Wait(begins_at, end))
    return sorted(found, key=lambda wait: wait.start)
