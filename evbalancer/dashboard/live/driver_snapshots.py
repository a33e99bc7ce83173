"""What a signed-in driver sees live: charging progress, slots, notifications and alerts of the grid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chargers.enums import SessionState
from drivers.domain.belonging import match_belonging
from drivers.models import Driver, Notification, Preference
from grid.models import TemporaryLimit
from scheduling.domain.views import charging
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

NEWEST = 20


def drivers_of(user_id: int) -> QuerySet[Driver]:
    return Driver.objects.filter(match_belonging(), user_id=user_id, community__retired_at=None)


def build_driver_picture(user_id: int, *, now: datetime) -> dict[str, Any] | None:
    """None when this person drives in no community any more."""
    drivers = list(drivers_of(user_id).select_related("community", "preference"))
    if not drivers:
        return None
    ids = [driver.pk for driver in drivers]
    return {
        "drivers": [_driver(driver) for driver in drivers],
        "charging": _charging(ids, now=now),
        "slots": _slots(ids),
        "notifications": _notifications(ids),
        "alerts": _alerts([driver.community_id for driver in drivers], now=now),
    }


def _driver(driver: Driver) -> dict[str, Any]:
    chosen = getattr(driver, "preference", None) or Preference()
    return {
        "id": str(driver.pk),
        "name": driver.name,
        "community_id": str(driver.community_id),
        "community": driver.community.name,
        "currency": driver.community.currency,
        "time_zone": driver.community.time_zone,
        "email": driver.email,
        "shows_amps": chosen.shows_amps,
        "usual_wh": chosen.usual_wh,
        "usual_ready_min": chosen.usual_ready_min,
    }


def _charging(driver_ids: list[UUID], *, now: datetime) -> list[dict[str, Any]]:
    return [_session(row) for row in charging.of_drivers(driver_ids, now=now, with_cost=False, brief=True)]


def _session(row: charging.Charging) -> dict[str, Any]:
    session, slot = row.session, row.slot
    return {
        "session_id": str(session.pk),
        "driver_id": str(session.driver_id),
        "connector_id": str(session.connector_id),
        "slot_id": str(slot.pk) if slot is not None else None,
        "space": session.connector.charge_point.name,
        "vehicle_id": str(session.vehicle_id) if session.vehicle_id else None,
        "vehicle": session.vehicle.name if session.vehicle is not None else None,
        "active": session.state == SessionState.ACTIVE,
        "state": row.state,
        "why": row.why,
        "power_w": row.power_w,
        "metered_at": _iso(session.metered_at),
        "limit_ma": row.limit_ma,
        "limit_w": row.limit_w,
        "energy_wh": session.stay_energy_wh,
        "asked_wh": slot.energy_wh if slot is not None else None,
        "promised_wh": slot.promised_wh if slot is not None else None,
        "expected_wh": slot.expected_wh if slot is not None else None,
        "wanted_wh": row.wanted_wh,
        "ready_by": _iso(row.ready_by),
        # A forecast at the power of this minute; to the second it would change with every meter value.
        "finish_at": _iso(row.finish_at.replace(second=0, microsecond=0)) if row.finish_at else None,
        "next_change_at": _iso(row.next_change_at),
        "charge_pct": session.charge_pct,
        "plugged_at": session.stay_since.isoformat(),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _slots(driver_ids: list[UUID]) -> list[dict[str, Any]]:
    slots = SlotRequest.objects.filter(driver_id__in=driver_ids, state__in=OPEN_SLOT_STATES)
    return [
        {
            "id": str(slot.pk),
            "driver_id": str(slot.driver_id),
            "cluster_id": str(slot.cluster_id),
            "vehicle_id": str(slot.vehicle_id) if slot.vehicle_id else None,
            "planned_connector_id": str(slot.planned_connector_id) if slot.planned_connector_id else None,
            "connector_id": str(slot.connector_id) if slot.connector_id else None,
            "state": slot.state,
            "energy_wh": slot.energy_wh,
            "promised_wh": slot.promised_wh,
            "expected_wh": slot.expected_wh,
            "not_before": slot.not_before.isoformat(),
            "ready_by": slot.ready_by.isoformat(),
            "flexible": slot.flexible,
            "why": slot.why_told,
            "offer": slot.offer,
        }
        for slot in slots.order_by("not_before", "pk")[:NEWEST]
    ]


def _notifications(driver_ids: list[UUID]) -> list[dict[str, Any]]:
    unread = Notification.objects.filter(driver_id__in=driver_ids, read_at=None)
    return [
        {"id": str(row.pk), "kind": row.kind, "text": row.told, "at": row.created_at.isoformat()}
        for row in unread.order_by("-created_at")[:NEWEST]
    ]


def _alerts(community_ids: list[UUID], *, now: datetime) -> list[dict[str, Any]]:
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
            "reason": limit.reason_told,
        }
        for limit in limits
    ]
