"""Slots whose car does not come: what kept it from charging is noted while it does, and the slot lapses in the end."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chargers.domain import presence
from chargers.enums import ConnectorStatus
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES
from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import StateMoved
from evbalancer.common.loops import for_each
from evbalancer.common.words.said import Said
from grid.models import Cluster
from scheduling.domain.booking import requests
from scheduling.domain.booking.reservations import NO_SHOW_AFTER
from scheduling.domain.conduct import charges
from scheduling.domain.learning import habits
from scheduling.domain.telling import notices
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

IN_ORDER = (ConnectorStatus.AVAILABLE, ConnectorStatus.PREPARING)
DID_NOT_COME = Said("slot.car_did_not_come")


def lapse_no_shows(*, now: datetime) -> int:
    """Slots whose car did not come in time give their room back. Returns how many.

    One connector is kept free for half an hour; a slot for any connector keeps nobody away and lasts until its end.
    """
    note_hindrances(now=now)
    late = Q(connector__isnull=False, not_before__lt=now - NO_SHOW_AFTER) | Q(ready_by__lte=now)
    clusters: set[UUID] = set()

    @transaction.atomic
    def lapse(slot: SlotRequest) -> bool:
        lock_cluster(slot.cluster_id)
        try:
            slot = requests.move_slot(slot, to=SlotState.LAPSED, now=now, why_said=DID_NOT_COME)
        except StateMoved:
            return False
        if slot.promised_wh:
            habits.note_booking(slot, came=False, now=now)
        notices.slot_moved(slot, now=now)
        fee = charges.charge_booking(slot, now=now)
        if fee is not None:
            notices.no_show_charged(slot, fee_minor=fee.amount_minor, now=now)
        clusters.add(slot.cluster_id)
        return True

    lapsed = for_each(SlotRequest.objects.filter(late, state__in=requests.WAITING), lapse, what="Slot")
    for_each(
        Cluster.objects.filter(pk__in=clusters),
        lambda cluster: requests.improve_promises(cluster, now=now),
        what="Cluster",
    )
    return lapsed


def note_hindrances(*, now: datetime) -> int:
    """Note with each slot that has begun that its car could not charge: its place, or all of them, failed or was taken.

    Looked at each minute, so that a fault that is over when the slot lapses is known. Returns how many were noted.
    """
    begun = SlotRequest.objects.filter(
        state__in=requests.WAITING, promised_wh__gt=0, not_before__lte=now, hindered_at=None
    )
    slots = list(begun)
    if not slots:
        return 0
    places: dict[UUID, list[Connector]] = defaultdict(list)
    clusters = {slot.cluster_id for slot in slots}
    online = presence.match_online("charge_point__", now=now)
    usable = Connector.objects.filter(
        online, charge_point__cluster__in=clusters, retired_at=None, charge_point__retired_at=None
    )
    for connector in usable.select_related("charge_point"):
        places[connector.charge_point.cluster_id].append(connector)
    taken = _takers([connector.pk for found in places.values() for connector in found])
    hindered = [slot.pk for slot in slots if not _has_place(slot, places[slot.cluster_id], taken)]
    return SlotRequest.objects.filter(pk__in=hindered, hindered_at=None).update(hindered_at=now)


def _takers(connector_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Whose car is plugged in at each of these connectors; None for nobody known."""
    standing = Session.objects.filter(connector__in=connector_ids, state__in=OPEN_STATES)
    return dict(standing.values_list("connector_id", "driver_id"))


def _has_place(slot: SlotRequest, places: Collection[Connector], taken: dict[UUID, UUID | None]) -> bool:
    """Whether the car could start now. A place that is reserved is free for whom it is reserved."""
    for place in places:
        is_own = place.pk == slot.connector_id
        if slot.connector_id is not None and not is_own:
            continue
        in_order = place.status in IN_ORDER or (is_own and place.status == ConnectorStatus.RESERVED)
        if place.pk in taken:
            in_order = taken[place.pk] == slot.driver_id
        if in_order:
            return True
    return False
