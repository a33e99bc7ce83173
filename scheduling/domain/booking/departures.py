"""A driver who comes later or leaves earlier than planned."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from chargers.domain.orders import remote
from chargers.enums import SessionState
from drivers.models import User
from evbalancer.common.words.inputs import Range
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor
from scheduling.domain.booking import requests, settlement
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

SNOOZE = Range(1, 12 * 60, gettext_lazy("From 1 to 720 minutes."))


@transaction.atomic
def leave_early(slot: SlotRequest, *, by: User, now: datetime) -> SlotRequest:
    """Give back what is left: a slot that waits is cancelled, one that charges is settled with what it received and its charger stopped.

    An unreachable charger keeps nobody: the car's unplugging ends the transaction there.
    """
    if slot.state != SlotState.ACTIVE:
        return requests.cancel_slot(slot, now=now, why=Said("slot.driver_left"))
    session = slot.session
    settlement.settle_slot(slot, now=now)
    if session is not None and session.state == SessionState.ACTIVE:
        try:
            with transaction.atomic():
                remote.stop_remotely(session, actor=Actor.of_user(by), now=now)
        except remote.ChargerOffline:
            pass
    requests.improve_promises(slot.cluster, now=now)
    slot.refresh_from_db()
    return slot


def snooze_slot(slot: SlotRequest, *, minutes: int, now: datetime) -> SlotRequest:
    """Come later: the window begins so much later, and the promise is worked out again. Raises as `requests.change_slot`."""
    SNOOZE.check("minutes", minutes)
    wish = SlotWish(
        energy_wh=slot.energy_wh,
        not_before=max(slot.not_before, now) + timedelta(minutes=minutes),
        ready_by=slot.ready_by,
        vehicle=slot.vehicle,
        connector=slot.connector,
        flexible=slot.flexible,
    )
    return requests.change_slot(slot, wish, now=now)
