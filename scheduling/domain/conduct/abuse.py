"""The abuse scan: asks the pure rules community by community, stores each finding once; and what follows."""

from datetime import datetime, timedelta

from django.db import transaction

from drivers.domain.notifications import notify_driver
from drivers.domain.standing import give_strike
from drivers.enums import NotificationKind
from drivers.models import User
from evbalancer.common.errors import StateMoved
from evbalancer.common.loops import for_each
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from evbalancer.common.words.said import Said
from grid.domain.audit import SYSTEM, Actor, record_entry
from grid.models import Community
from scheduling.domain.conduct import abuse_facts, house_rules, waits
from scheduling.enums import FindingKind, FindingState
from scheduling.models import AbuseFinding, HouseRules, SlotRequest
from scheduling.rules import abuse as rules

LOOK_BACK = timedelta(days=30)
ABOUT_A_SESSION = (rules.OVERSTAY, rules.TAG_SHARING, rules.ENERGY_MISMATCH, rules.TAMPERING)
BY_POLICY = Said("finding.by_house_rules")


def scan_communities(*, now: datetime) -> int:
    """Scan every community in use. Safe to run twice; returns how many findings are new."""
    rows = Community.objects.filter(retired_at=None)
    return for_each(rows, lambda community: _scan(community, now=now), what="Community")


@transaction.atomic
def decide_finding(
    finding: AbuseFinding, *, accept: bool, by: User, reason: str, now: datetime
) -> AbuseFinding:
    """Make it a strike (accept) and notify the driver, or dismiss it. Raises InvalidInput, and StateMoved when it is decided already."""
    reason = REASON_FOR_DRIVER.check("reason", reason)
    return _decide(finding, accept=accept, actor=Actor.of_user(by), reason=reason, now=now)


def _decide(
    finding: AbuseFinding, *, accept: bool, actor: Actor, reason: str | Said, now: datetime
) -> AbuseFinding:
    to = FindingState.STRIKE if accept else FindingState.DISMISSED
    rows = AbuseFinding.objects.filter(pk=finding.pk, state=FindingState.OPEN)
    if not rows.update(state=to, decided_at=now):
        raise StateMoved(Said("refusal.finding_decided"))
    finding.refresh_from_db()
    if accept:
        finding.strike = give_strike(
            finding.driver,
            kind=finding.kind,
            evidence=finding.evidence,
            decision=reason,
            actor=actor,
            now=now,
        )
        finding.save(update_fields=["strike"])

        facts = {"about": Said(f"finding_kind.{finding.kind}"), "why": reason}
        notify_driver(
            finding.driver, kind=NotificationKind.STANDING, said=Said("finding.strike", facts), now=now
        )
    record_entry(
        actor=actor,
        action=f"finding.{to.value}",
        target=finding,
        now=now,
        before={"state": FindingState.OPEN.value},
        after={"state": to.value, "kind": finding.kind},
        reason=reason,
    )
    return finding


def _scan(community: Community, *, now: datetime) -> int:
    policy = house_rules.rules_of(community)
    limits = house_rules.read_thresholds(community, policy)
    booked = list(abuse_facts.read_slots(community, since=now - max(limits.no_show_period, LOOK_BACK)))
    waiting = SlotRequest.objects.filter(community=community, ready_by__gt=now - abuse_facts.STAYS_BACK)
    found = [
        *rules.overstays(
            abuse_facts.read_stays(community, now=now), waits.waits_of(waiting, now=now), limits, now=now
        ),
        *rules.no_shows(booked, limits, now=now),
        *rules.hoarding(booked, limits),
        *rules.tag_sharing(abuse_facts.read_charges(community, now=now), limits, now=now),
        *rules.refuted_emergencies(abuse_facts.read_served(community, now=now), limits, now=now),
        *rules.energy_mismatches(abuse_facts.read_intakes(community, now=now), limits),
        *rules.tampering(abuse_facts.read_signs(community, now=now), limits),
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
    with transaction.atomic():
        before = AbuseFinding.objects.filter(community=community).count()
        AbuseFinding.objects.bulk_create(rows, ignore_conflicts=True)
        new = AbuseFinding.objects.filter(community=community).count() - before
        if new and policy.strikes_without_manager:
            _strike_by_policy(policy, now=now)
    return new


def _strike_by_policy(policy: HouseRules, *, now: datetime) -> None:
    """Make strikes of this scan's findings that the community wants counted at once."""
    clear = AbuseFinding.objects.filter(
        community_id=policy.community_id,
        state=FindingState.OPEN,
        kind__in=policy.strikes_without_manager,
        found_at=now,
    )
    for finding in clear.select_related("driver__community"):
        _decide(finding, accept=True, actor=SYSTEM, reason=BY_POLICY, now=now)
