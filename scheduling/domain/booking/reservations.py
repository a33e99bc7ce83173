"""A booked connector is kept for its driver: ReserveNow when the slot begins soon, CancelReservation when it is given up.

A charger that can't, or won't, keeps nobody from charging: the slot stands without it, as the plan and the calendar
have it (OCPP 1.6 sections 5.2 and 5.13).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from chargers.domain import presence
from chargers.domain.orders.commands import queue_command, take_back
from chargers.domain.sessions.known import take_transaction_number
from chargers.enums import CommandKind, CommandState, ConnectorStatus
from chargers.models import ChargerCommand, Session
from chargers.models.command import NEVER_SENT_STATES
from chargers.orders.charging import CancelReservation, Reserve
from drivers.domain.drivers import app_token
from drivers.enums import IdTagKind
from drivers.models import IdTag
from evbalancer.common.loops import for_each
from scheduling.models import SlotRequest
from scheduling.models.slot_request import WAITING_SLOT_STATES

AHEAD = timedelta(minutes=15)
NO_SHOW_AFTER = timedelta(minutes=30)
BY = "Slots"
# Answers that say that this charger will never do it; it is asked again after it booted, perhaps with new firmware.
NEVER = Q(error__startswith="NotImplemented") | Q(error__startswith="NotSupported")
MADE_NOTHING = (CommandState.REJECTED, *NEVER_SENT_STATES)


def reserve_due(*, now: datetime, slot: SlotRequest | None = None) -> int:
    """Ask the chargers of booked, free connectors whose slot begins soon (or of this one). Returns how many were asked."""
    due = SlotRequest.objects.filter(
        presence.match_online("connector__charge_point__", now=now),
        state__in=WAITING_SLOT_STATES,
        reservation_number=None,
        not_before__range=(now - NO_SHOW_AFTER, now + AHEAD),
        ready_by__gt=now,
        connector__status=ConnectorStatus.AVAILABLE,
    )
    if slot is not None:
        due = due.filter(pk=slot.pk)
    rows = due.select_related("driver", "connector__charge_point").order_by("not_before")
    if slot is not None:
        return sum(_reserve(row, now=now) for row in rows)
    return for_each(rows, lambda row: _reserve(row, now=now), what="The reservation of slot")


@transaction.atomic
def release_connector(slot: SlotRequest, *, now: datetime) -> None:
    """Nobody comes for this slot: the connector is for all again."""
    if slot.reservation_number is None or slot.connector is None:
        return
    asked = ChargerCommand.objects.filter(idempotency_key=_key(slot))
    if take_back(asked, now=now):
        return
    if not asked.exists() or asked.filter(Q(state__in=MADE_NOTHING) | NEVER).exists() or _end(slot) <= now:
        return
    queue_command(
        slot.connector.charge_point,
        CancelReservation(reservation_number=slot.reservation_number),
        by=BY,
        now=now,
        connector=slot.connector,
        expires_s=_seconds(_end(slot) - now),
        idempotency_key=f"release:{slot.reservation_number}",
    )


def _reserve(slot: SlotRequest, *, now: datetime) -> bool:
    connector = slot.connector
    if connector is None or _end(slot) <= now or _is_unable(slot):
        return False
    number = take_transaction_number()
    waiting = SlotRequest.objects.filter(pk=slot.pk, state__in=WAITING_SLOT_STATES, reservation_number=None)
    with transaction.atomic():
        if not waiting.update(reservation_number=number):
            return False
        slot.reservation_number = number
        queue_command(
            connector.charge_point,
            Reserve(
                reservation_number=number, id_tag=_token(slot, now=now), expires_at=_end(slot).isoformat()
            ),
            by=BY,
            now=now,
            connector=connector,
            expires_s=_seconds(_end(slot) - now),
            idempotency_key=_key(slot),
        )
    return True


def _is_unable(slot: SlotRequest) -> bool:
    """Its charger said so since it last booted."""
    charge_point = F("charge_point__booted_at")
    refusals = ChargerCommand.objects.filter(
        NEVER,
        Q(charge_point__booted_at=None) | Q(answered_at__gt=charge_point),
        charge_point__connectors=slot.connector_id,
        kind=CommandKind.RESERVE,
        state=CommandState.ERROR,
    )
    return refusals.exists()


def _token(slot: SlotRequest, *, now: datetime) -> str:
    """The card that the driver used last, else the oldest one; else the app's."""
    valid = IdTag.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), driver=slot.driver, blocked_at=None
    )
    cards = list(valid.filter(kind=IdTagKind.RFID).order_by("created_at").values_list("token", flat=True))
    by_word = {card.upper(): card for card in cards}
    recent = Session.objects.filter(driver=slot.driver).exclude(id_tag="").order_by("-plugged_at")
    for used in recent.values_list("id_tag", flat=True)[:5]:
        if used.upper() in by_word:
            return by_word[used.upper()]
    return cards[0] if cards else app_token(slot.driver)


def _end(slot: SlotRequest) -> datetime:
    """Until the slot lapses for a car that does not come."""
    return min(slot.not_before + NO_SHOW_AFTER, slot.ready_by)


def _seconds(span: timedelta) -> int:
    return max(1, int(span.total_seconds()))


def _key(slot: SlotRequest) -> str:
    return f"reserve:{slot.reservation_number}"
