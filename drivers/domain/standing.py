"""Strikes, their consequences, and appeals: a strike counts against a driver until it lapses or a manager lifts it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy

from drivers.domain.drivers import tags_changed
from drivers.domain.notifications import notify_driver
from drivers.enums import NotificationKind
from drivers.models import Driver, Strike
from evbalancer.common.db.prepared import One, Several, prepared
from evbalancer.common.errors import StateMoved
from evbalancer.common.words.inputs import REASON_FOR_DRIVER, Text
from evbalancer.common.words.said import Said
from grid.domain import audit
from grid.domain.local_time import on_the_clock

OBJECTION = gettext_lazy("Describe what is wrong in at most 2000 characters.")
APPEAL = Text(2000, missing=OBJECTION, too_long=OBJECTION)


def open_appeals() -> QuerySet[Strike]:
    """That wait for a manager's decision, the oldest first."""
    rows = Strike.objects.filter(appealed_at__isnull=False, lifted_at=None, appeal_decided_at=None)
    return rows.select_related("driver").order_by("appealed_at")


def strikes_in_force(driver_ids: Collection[UUID], *, now: datetime) -> dict[UUID, int]:
    """How many count now, by driver; a driver without any is not in it."""
    return dict(_strikes(driver_ids=driver_ids, now=now))


@prepared
def _strikes(driver_ids: Several, now: One) -> QuerySet[Strike, tuple[UUID, int]]:
    rows = Strike.objects.filter(driver_id__in=driver_ids, lifted_at=None, lapses_at__gt=now)
    return rows.order_by().values_list("driver_id").annotate(count=Count("pk"))


@transaction.atomic
def give_strike(
    driver: Driver,
    *,
    kind: str,
    evidence: Mapping[str, Any],
    decision: str | Said,
    actor: audit.Actor,
    now: datetime,
) -> Strike:
    """It counts until it lapses. From the number in force that the community sets, each one suspends the driver."""
    rules = driver.community
    strike: Strike = Strike.objects.create(
        community_id=driver.community_id,
        driver=driver,
        kind=kind,
        evidence=evidence,
        given_at=now,
        lapses_at=now + timedelta(days=rules.strike_days),
        decision=decision[:200] if isinstance(decision, str) else "",
        decision_said=decision if isinstance(decision, Said) else None,
    )
    driver = Driver.objects.select_for_update(of=("self",), no_key=True).get(pk=driver.pk)
    until = now + timedelta(days=rules.suspension_days)
    is_longer = driver.suspended_until is None or driver.suspended_until < until
    in_force = strikes_in_force([driver.pk], now=now).get(driver.pk, 0)
    if is_longer and in_force >= rules.suspended_from_strikes:
        strike.suspended_until = until
        strike.save(update_fields=["suspended_until"])
        _suspend(driver, until=until, actor=actor, reason=decision, now=now)
    return strike


@transaction.atomic
def appeal_strike(strike: Strike, *, text: str, actor: audit.Actor, now: datetime) -> Strike:
    """The driver's word against it, once. Raises StateMoved when it was appealed, decided, lifted or has lapsed."""
    words = APPEAL.check("text", text)
    rows = Strike.objects.filter(
        pk=strike.pk, appealed_at=None, lifted_at=None, appeal_decided_at=None, lapses_at__gt=now
    )
    if not rows.update(appeal=words, appealed_at=now):
        raise StateMoved(Said("refusal.strike_settled"))
    strike.refresh_from_db()
    audit.record_entry(actor=actor, action="strike.appealed", target=strike, now=now, after={"appeal": words})
    return strike


@transaction.atomic
def decide_appeal(strike: Strike, *, lift: bool, decision: str, actor: audit.Actor, now: datetime) -> None:
    """Lift the strike or let it stand, appealed or not. Raises StateMoved when it was decided or lifted already."""
    decision = REASON_FOR_DRIVER.check("decision", decision)
    undecided = Strike.objects.filter(pk=strike.pk, lifted_at=None, appeal_decided_at=None)
    told = {"decision": decision, "decision_said": None, "appeal_decided_at": now}
    if not undecided.update(**told, lifted_at=now if lift else None):
        raise StateMoved(Said("refusal.decided_before"))
    strike.refresh_from_db()
    audit.record_entry(
        actor=actor,
        action="strike.lifted" if lift else "strike.upheld",
        target=strike,
        now=now,
        before={"lifted_at": None},
        after={"lifted_at": strike.lifted_at},
        reason=strike.decision,
    )
    if lift:
        _end_suspension(strike, actor=actor, now=now)

    facts = {"why": strike.decision}
    said = Said("strike.lifted", facts) if lift else Said("strike.stands", facts)
    notify_driver(strike.driver, kind=NotificationKind.STANDING, said=said, now=now)


def _end_suspension(strike: Strike, *, actor: audit.Actor, now: datetime) -> None:
    """One that rested on the lifted strike ends with it; a manager's own word, with another end, stands."""
    driver = Driver.objects.select_for_update(of=("self",), no_key=True).get(pk=strike.driver_id)
    by_strikes = Strike.objects.filter(driver=driver).values_list("suspended_until", flat=True)
    in_force = strikes_in_force([driver.pk], now=now).get(driver.pk, 0)
    too_few = in_force < driver.community.suspended_from_strikes
    until = driver.suspended_until
    if too_few and until is not None and until > now and until in by_strikes:
        _suspend(driver, until=None, actor=actor, reason=strike.decision, now=now)


def _suspend(
    driver: Driver, *, until: datetime | None, actor: audit.Actor, reason: str | Said, now: datetime
) -> None:
    was, driver.suspended_until = driver.suspended_until, until
    driver.save(update_fields=["suspended_until"])
    tags_changed(driver.community_id, is_withdrawal=until is not None)
    audit.record_entry(
        actor=actor,
        action="driver.suspended" if until is not None else "driver.restored",
        target=driver,
        now=now,
        before={"suspended_until": was},
        after={"suspended_until": until},
        reason=reason,
    )

    said = Said("suspension.ended")
    if until is not None:
        said = Said("suspension.begun", {"until_moment": on_the_clock(until, driver.community)})
    notify_driver(driver, kind=NotificationKind.STANDING, said=said, now=now)
