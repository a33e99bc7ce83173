"""Charges beside the energy of a session: for priority, and for standing while others waited."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from chargers.models import Session
from pricing.domain.billing import energy_at
from pricing.domain.extras import bill_emergency, bill_overstay
from pricing.models import BillLine
from scheduling.domain.conduct import waits
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.rules import abuse as rules

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
    waited = rules.kept_waiting(stay, waits.waits_of(others, now=now), policy, now=now)
    return bill_overstay(session, waited=waited, started_at=session.stopped_at + grace, ended_at=left_at)


def _delivered_wh(claim: EmergencyRequest, session: Session, *, now: datetime) -> int:
    """The part of the grant that this transaction of the stay delivered: from the claim up to its end."""
    had_wh = session.energy_before_wh - claim.energy_before_wh
    now_wh = had_wh + energy_at(session, _end(claim, now=now), now=now)
    return max(0, min(now_wh, claim.granted_wh) - max(had_wh, 0))


def _end(claim: EmergencyRequest, *, now: datetime) -> datetime:
    over_at = now if claim.state == EmergencyState.ACCEPTED else claim.state_since
    return min(claim.until or over_at, over_at)
