"""Strikes and appeals: what counts against a driver, until it lapses or a manager lifts it."""

from datetime import datetime

from django.db import transaction

from drivers.domain.notifications import notify
from drivers.enums import NotificationKind
from drivers.models import Strike
from evbalancer.common.errors import InvalidInput, StateMoved
from grid.domain import audit

LONGEST_APPEAL = 2000


@transaction.atomic
def appeal(strike: Strike, *, text: str, actor: audit.Actor, now: datetime) -> Strike:
    """The driver's word against it, once. Raises StateMoved when it was appealed, decided, lifted or has lapsed."""
    words = text.strip()
    if not words or len(words) > LONGEST_APPEAL:
        raise InvalidInput("text", f"Say what is wrong with it, in at most {LONGEST_APPEAL} characters.")
    rows = Strike.objects.filter(
        pk=strike.pk, appealed_at=None, lifted_at=None, appeal_decided_at=None, lapses_at__gt=now
    )
    if not rows.update(appeal=words, appealed_at=now):
        raise StateMoved("It was appealed or decided before, or has lapsed.")
    strike.refresh_from_db()
    audit.record(actor=actor, action="strike.appealed", target=strike, now=now, after={"appeal": words})
    return strike


@transaction.atomic
def decide_appeal(strike: Strike, *, lift: bool, decision: str, actor: audit.Actor, now: datetime) -> None:
    """Lift the strike or let it stand, appealed or not. Raises StateMoved when it was decided or lifted already."""
    if not decision.strip():
        raise InvalidInput("decision", "Say why; the driver reads it.")
    undecided = Strike.objects.filter(pk=strike.pk, lifted_at=None, appeal_decided_at=None)
    told = {"decision": decision.strip()[:200], "appeal_decided_at": now}
    if not undecided.update(**told, lifted_at=now if lift else None):
        raise StateMoved("Somebody decided this already; look again.")
    strike.refresh_from_db()
    audit.record(
        actor=actor,
        action="strike.lifted" if lift else "strike.upheld",
        target=strike,
        now=now,
        before={"lifted_at": None},
        after={"lifted_at": strike.lifted_at},
        reason=strike.decision,
    )
    outcome = "lifted" if lift else "stands"
    notify(
        strike.driver,
        kind=NotificationKind.STANDING,
        text=f"Your strike {outcome}: {strike.decision}",
        now=now,
    )
