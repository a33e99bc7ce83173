"""Charges beside the energy of a session: for priority, for standing while others waited, and for bookings."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from chargers.models import ChargePoint, Session
from evbalancer.common.words.said import Said
from pricing.domain.billing import energy_at
from pricing.domain.extras import Booking, bill_booking, bill_emergency, bill_overstay
from pricing.enums import LineKind
from pricing.models import BillLine
from scheduling.domain.conduct import waits
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.rules import abuse as rules

# Transactions that the charger ended because of itself (OCPP 1.6 and 2.x).
CHARGER_STOPS = (
    "EmergencyStop", "HardReset", "PowerLoss", "Reboot", "SoftReset", "GroundFault", "OvercurrentFault", "PowerQuality",
    "ImmediateReset",
)  # fmt: skip
CANCELLED_BY_DRIVER = Said("slot.cancelled_by_driver")
GRANTED = (EmergencyState.ACCEPTED, EmergencyState.DONE, EmergencyState.REVOKED)


def charge_emergencies(session: Session, *, now: datetime) -> BillLine | None:
    """The surcharge of an ended transaction on what its emergencies got, until each one's end and grant."""
    granted = EmergencyRequest.objects.filter(
        session__stay_id=session.stay_id, state__in=GRANTED, until__isnull=False
    )
    claims = []
    delivered_wh = 0
    for claim in granted:
        wh = _delivered_wh(claim, session, now=now)
        if wh:
            claims.append(claim)
            delivered_wh += wh
    if not claims:
        return None
    return bill_emergency(
        session,
        energy_wh=delivered_wh,
        started_at=min(claim.created_at for claim in claims),
        ended_at=max(_end(claim, now=now) for claim in claims),
    )


def with_neighbours_waiting(sessions: QuerySet[Session]) -> list[UUID]:
    """Those that `charge_overstay` would look at: another driver of the cluster wanted to charge after they had stopped."""
    others = SlotRequest.objects.filter(
        cluster=OuterRef("connector__charge_point__cluster"), ready_by__gt=OuterRef("stopped_at")
    ).exclude(driver=OuterRef("driver"))
    known = sessions.filter(driver__isnull=False, stopped_at__isnull=False)
    return list(known.filter(Exists(others)).values_list("pk", flat=True))


def charge_overstay(session: Session, *, now: datetime) -> BillLine | None:
    """The fee of a car that has left, for the time beyond the grace in which somebody else waited for its place."""
    if session.driver_id is None or session.stopped_at is None:
        return None
    community = session.community
    grace = timedelta(minutes=community.overstay_grace_min)
    left_at = session.unplugged_at or now
    stay = rules.Stay(str(session.pk), str(session.driver_id), session.stopped_at, left_at)
    others = SlotRequest.objects.filter(
        Q(connector=None) | Q(connector_id=session.connector_id),
        cluster_id=session.connector.charge_point.cluster_id,
        ready_by__gt=session.stopped_at,
        not_before__lt=left_at,
    ).exclude(driver_id=session.driver_id)
    policy = rules.Thresholds(overstay_grace=grace)
    found = waits.waits_of(others, now=now) + waits.waits_for_place(others, session.connector_id, now=now)
    found.sort(key=lambda wait: wait.start)
    waited = rules.kept_waiting(stay, found, policy, now=now)
    return bill_overstay(session, waited=waited, started_at=session.stopped_at + grace, ended_at=left_at)


def charge_booking(slot: SlotRequest, *, now: datetime) -> BillLine | None:
    """The fee of a slot that is over: for a space that was kept for its car, or for a car that did not come. Never both.

    Nothing is asked for a slot that was queued, given back before it lapsed, not kept by the system, or hindered by a charger or
    by another car.
    """
    kind = _booking_kind(slot, now=now)
    if kind is None:
        return None
    return bill_booking(
        Booking(
            id=slot.pk,
            driver=slot.driver,
            cluster=slot.cluster,
            connector=slot.connector,
            booked_at=slot.created_at,
            started_at=slot.not_before,
            ended_at=now,
        ),
        kind=kind,
    )


def _booking_kind(slot: SlotRequest, *, now: datetime) -> LineKind | None:
    if not slot.promised_wh:
        return None
    if slot.state == SlotState.LAPSED:
        return LineKind.NO_SHOW if _could_have_charged(slot, now=now) else None
    given_up = slot.state == SlotState.CANCELLED and slot.why_said == CANCELLED_BY_DRIVER
    is_used = slot.state in (SlotState.FULFILLED, SlotState.LEFT) or given_up
    session = slot.session
    if (
        not is_used
        or slot.connector_id is None
        or session is None
        or session.connector_id != slot.connector_id
    ):
        return None
    if session.stop_reason in CHARGER_STOPS and slot.state != SlotState.FULFILLED:
        return None
    return LineKind.RESERVATION


def _could_have_charged(slot: SlotRequest, *, now: datetime) -> bool:
    """The place was in order and free all the time, the server and the charger were there, and the driver did not charge otherwise."""
    if slot.hindered_at is not None:
        return False
    was_there = Q(connected_at__isnull=False, connected_at__lte=slot.not_before)
    stations = ChargePoint.objects.filter(was_there, cluster=slot.cluster_id)
    if slot.connector_id is not None:
        stations = stations.filter(connectors=slot.connector_id)
    came = Session.objects.filter(
        Q(driver=slot.driver_id) | Q(connector=slot.connector_id),
        Q(unplugged_at=None) | Q(unplugged_at__gte=slot.not_before),
        community=slot.community_id,
        plugged_at__lte=now,
    )
    return stations.exists() and not came.exists()


def _delivered_wh(claim: EmergencyRequest, session: Session, *, now: datetime) -> int:
    """The part of the grant that this transaction of the stay delivered: from the claim up to its end."""
    had_wh = session.energy_before_wh - claim.energy_before_wh
    now_wh = had_wh + energy_at(session, _end(claim, now=now), now=now)
    return max(0, min(now_wh, claim.granted_wh) - max(had_wh, 0))


def _end(claim: EmergencyRequest, *, now: datetime) -> datetime:
    over_at = now if claim.state == EmergencyState.ACCEPTED else claim.state_since
    return min(claim.until or over_at, over_at)
