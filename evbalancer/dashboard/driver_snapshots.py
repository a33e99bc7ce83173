"""What a signed-in driver sees live: charging progress, slots, notifications and alerts of the grid."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chargers.enums import SessionState
from chargers.models import Session
from drivers.models import Driver, Notification
from evbalancer.dashboard.rows import plain
from grid.models import TemporaryLimit
from scheduling.domain import wording
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

NEWEST = 20


def drivers_of(user_id: int) -> QuerySet[Driver]:
    return Driver.objects.filter(
        user_id=user_id, user__is_active=True, retired_at=None, community__retired_at=None
    )


def build_driver_picture(user_id: int, *, now: datetime) -> dict[str, Any] | None:
    """None when this person drives in no community any more."""
    drivers = list(drivers_of(user_id).select_related("community"))
    if not drivers:
        return None
    ids = [driver.pk for driver in drivers]
    return {
        "drivers": [
            {
                "id": str(driver.pk),
                "name": driver.name,
                "community": driver.community.name,
                "time_zone": driver.community.time_zone,
            }
            for driver in drivers
        ],
        "charging": _charging(ids, now=now),
        "slots": _slots(ids),
        "notifications": _notifications(ids),
        "alerts": _alerts([driver.community_id for driver in drivers], now=now),
    }


def _charging(driver_ids: list[Any], *, now: datetime) -> list[dict[str, Any]]:
    sessions = (
        Session.objects.filter(driver_id__in=driver_ids)
        .exclude(state=SessionState.ENDED)
        .select_related("connector__charge_point", "connector__allotment", "vehicle")
        .order_by("plugged_at")
    )
    rows = list(sessions)
    slots = SlotRequest.objects.filter(session__in=rows, state__in=OPEN_SLOT_STATES)
    slot_of = {slot.session_id: slot for slot in slots}
    accepted = EmergencyRequest.objects.filter(session__in=rows, state=EmergencyState.ACCEPTED, until__gt=now)
    urgent = set(accepted.values_list("session_id", flat=True))
    return [_session(row, slot_of.get(row.pk), urgent=row.pk in urgent, now=now) for row in rows]


def _session(session: Session, slot: SlotRequest | None, *, urgent: bool, now: datetime) -> dict[str, Any]:
    connector = session.connector
    allotment = getattr(connector, "allotment", None)
    state = wording.connector_state(connector, session, now, allotment=allotment, emergency=urgent)
    why = wording.sentence(allotment, connector=connector, session=session, now=now, emergency=urgent)
    return {
        "session_id": str(session.pk),
        "connector_id": str(connector.pk),
        "space": connector.charge_point.name,
        "vehicle": session.vehicle.name if session.vehicle is not None else None,
        "state": str(state),
        "why": plain(why),
        "power_w": session.power_w,
        "metered_at": session.metered_at.isoformat() if session.metered_at else None,
        "limit_ma": connector.confirmed_ma,
        "energy_wh": session.energy_wh,
        "asked_wh": slot.energy_wh if slot else None,
        "ready_by": slot.ready_by.isoformat() if slot else None,
        "charge_pct": session.charge_pct,
        "plugged_at": session.plugged_at.isoformat(),
    }


def _slots(driver_ids: list[Any]) -> list[dict[str, Any]]:
    slots = SlotRequest.objects.filter(driver_id__in=driver_ids, state__in=OPEN_SLOT_STATES)
    return [
        {
            "id": str(slot.pk),
            "cluster_id": str(slot.cluster_id),
            "connector_id": str(slot.connector_id) if slot.connector_id else None,
            "state": slot.state,
            "energy_wh": slot.energy_wh,
            "promised_wh": slot.promised_wh,
            "not_before": slot.not_before.isoformat(),
            "ready_by": slot.ready_by.isoformat(),
            "why": slot.why,
        }
        for slot in slots.order_by("not_before", "pk")[:NEWEST]
    ]


def _notifications(driver_ids: list[Any]) -> list[dict[str, Any]]:
    unread = Notification.objects.filter(driver_id__in=driver_ids, read_at=None)
    return [
        {"id": str(row.pk), "kind": row.kind, "text": row.text, "at": row.created_at.isoformat()}
        for row in unread.order_by("-created_at")[:NEWEST]
    ]


def _alerts(community_ids: list[Any], *, now: datetime) -> list[dict[str, Any]]:
    """Lower limits that are announced or in force where the driver charges."""
    limits = (
        TemporaryLimit.objects.filter(
            circuit__cluster__community_id__in=community_ids,
            circuit__cluster__retired_at=None,
            cancelled_at=None,
            announced_at__lte=now,
        )
        .filter(Q(until=None) | Q(until__gt=now))
        .select_related("circuit__cluster")
        .order_by("effective_at", "pk")
    )
    return [
        {
            "id": str(limit.pk),
            "cluster_id": str(limit.circuit.cluster_id),
            "cluster": limit.circuit.cluster.name,
            "circuit": limit.circuit.name,
            "limit_ma": min(limit.limit_ma),
            "usual_ma": min(limit.circuit.limit_ma),
            "effective_at": limit.effective_at.isoformat(),
            "until": limit.until.isoformat() if limit.until else None,
            "reason": limit.reason,
        }
        for limit in limits
    ]
