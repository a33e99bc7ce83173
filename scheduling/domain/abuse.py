"""The abuse scan: gathers facts per community, asks the pure rules, stores each finding once; and what follows."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from chargers.enums import SessionState
from chargers.models import Session
from drivers.domain.notifications import notify
from drivers.domain.standing import give_strike
from drivers.enums import NotificationKind
from drivers.models import User
from evbalancer.common.errors import InvalidInput, StateMoved
from grid.domain.audit import Actor, record
from grid.models import Community
from scheduling.domain import waits
from scheduling.enums import FindingKind, FindingState
from scheduling.models import AbuseFinding, SlotRequest
from scheduling.rules import abuse as rules

LOOK_BACK = timedelta(days=30)
STAYS_BACK = timedelta(days=2)
ABOUT_A_SESSION = (rules.OVERSTAY, rules.TAG_SHARING)


def scan(*, now: datetime) -> int:
    """Scan every community in use. Safe to run twice; returns how many findings are new."""
    return sum(_scan(community, now=now) for community in Community.objects.filter(retired_at=None))


@transaction.atomic
def decide(finding: AbuseFinding, *, accept: bool, by: User, reason: str, now: datetime) -> AbuseFinding:
    """Make it a strike (accept) or dismiss it; the driver is told. Raises StateMoved when it is decided already."""
    if not reason.strip():
        raise InvalidInput("reason", "Say why; the driver reads it.")
    to = FindingState.STRIKE if accept else FindingState.DISMISSED
    rows = AbuseFinding.objects.filter(pk=finding.pk, state=FindingState.OPEN)
    if not rows.update(state=to, decided_at=now):
        raise StateMoved("Somebody has decided this already.")
    finding.refresh_from_db()
    if accept:
        finding.strike = give_strike(
            finding.driver,
            kind=finding.kind,
            evidence=finding.evidence,
            decision=reason,
            actor=Actor.of_user(by),
            now=now,
        )
        finding.save(update_fields=["strike"])
        text = f"A strike for: {finding.get_kind_display().lower()}. {reason} You can appeal."
        notify(finding.driver, kind=NotificationKind.STANDING, text=text, now=now)
    record(
        actor=Actor.of_user(by),
        action=f"finding.{to.value}",
        target=finding,
        now=now,
        before={"state": FindingState.OPEN.value},
        after={"state": to.value, "kind": finding.kind},
        reason=reason[:200],
    )
    return finding


def _scan(community: Community, *, now: datetime) -> int:
    policy = rules.Thresholds(overstay_grace=timedelta(minutes=community.overstay_grace_min))
    slots = list(_slots(community, now=now))
    waiting = SlotRequest.objects.filter(community=community, ready_by__gt=now - STAYS_BACK)
    found = [
        *rules.overstays(_stays(community, now=now), waits.waits_of(waiting, now=now), policy, now=now),
        *rules.no_shows(slots, policy, now=now),
        *rules.hoarding(slots, policy),
        *rules.tag_sharing(_charges(community, now=now), policy, now=now),
    ]
    rows = [
        AbuseFinding(
            community=community,
            driver_id=finding.driver,
            session_id=finding.subject if finding.kind in ABOUT_A_SESSION else None,
            kind=FindingKind(finding.kind),
            subject=finding.subject,
            evidence=finding.evidence,
            found_at=now,
        )
        for finding in found
    ]
    before = AbuseFinding.objects.filter(community=community).count()
    AbuseFinding.objects.bulk_create(rows, ignore_conflicts=True)
    return AbuseFinding.objects.filter(community=community).count() - before


def _stays(community: Community, *, now: datetime) -> Iterable[rules.Stay]:
    rows = Session.objects.filter(
        Q(unplugged_at=None) | Q(unplugged_at__gt=now - STAYS_BACK),
        community=community,
        driver__isnull=False,
        stopped_at__isnull=False,
    ).exclude(state=SessionState.ACTIVE)
    for pk, driver, done_at, left_at in rows.values_list("pk", "driver_id", "stopped_at", "unplugged_at"):
        if done_at is not None:
            yield rules.Stay(str(pk), str(driver), done_at, left_at)


def _charges(community: Community, *, now: datetime) -> Iterable[rules.Charge]:
    rows = Session.objects.filter(
        Q(stopped_at=None) | Q(stopped_at__gt=now - STAYS_BACK),
        community=community,
        driver__isnull=False,
        started_at__isnull=False,
        clock_suspect=False,
    ).exclude(id_tag="")
    fields = ("pk", "driver_id", "id_tag", "connector_id", "vehicle_id", "started_at", "stopped_at")
    for pk, driver, tag, connector, vehicle, start, end in rows.values_list(*fields):
        if start is not None:
            yield rules.Charge(
                str(pk), str(driver), tag.upper(), str(connector), str(vehicle or ""), start, end
            )


def _slots(community: Community, *, now: datetime) -> Iterable[rules.Slot]:
    rows = SlotRequest.objects.filter(community=community, created_at__gt=now - LOOK_BACK)
    fields = ("pk", "driver_id", "not_before", "state", "energy_wh", "session__energy_wh")
    for pk, driver, begins_at, state, energy_wh, received_wh in rows.values_list(*fields):
        yield rules.Slot(str(pk), str(driver), begins_at, state, energy_wh, received_wh or 0)
