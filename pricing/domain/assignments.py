"""Tariffs for a part of a community: assigned, ended, and never changed for what has begun."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Model, Q
from django.utils.translation import gettext

from chargers.models import ConnectorGroup
from drivers.models import DriverGroup
from evbalancer.common.errors import InvalidInput, check_row
from grid.domain.audit import Actor, record_entry
from grid.models import Cluster, Community
from pricing.domain.versions import check_begin
from pricing.errors import AssignmentBegun
from pricing.models import Tariff, TariffAssignment
from pricing.models.assignment import ONE_TARGET, TARGETS

MODELS: Final[dict[str, Any]] = {
    "driver_group": DriverGroup,
    "connector_group": ConnectorGroup,
    "cluster": Cluster,
}
FACTS: Final = ("tariff_id", *(f"{name}_id" for name in TARGETS), "begins_at", "ends_at")


@transaction.atomic
def assign_tariff(
    tariff: Tariff,
    *,
    target: Model | None,
    begins_at: datetime,
    ends_at: datetime | None,
    by: Actor,
    now: datetime,
) -> TariffAssignment:
    """From `begins_at` on, sessions of the target have this tariff. No target: the whole community. Raises InvalidInput.

    A begin earlier today counts from now on: sessions that run keep the price that they began with.
    """
    assignment = TariffAssignment(
        community=tariff.community, tariff=tariff, begins_at=begins_at, ends_at=ends_at
    )
    for name, model in MODELS.items():
        if isinstance(target, model):
            setattr(assignment, name, target)
    return save_assignment(assignment, by=by, now=now)


@transaction.atomic
def save_assignment(assignment: TariffAssignment, *, by: Actor, now: datetime) -> TariffAssignment:
    """Add one, or change when it begins or ends, by the rules of `assign_tariff`. Raises InvalidInput."""
    Community.objects.select_for_update(no_key=True).get(pk=assignment.community_id)
    before = TariffAssignment.objects.filter(pk=assignment.pk).first()
    check_assignment(assignment, now=now)
    is_begun = before is not None and before.begins_at <= now
    if not is_begun:
        assignment.begins_at = max(assignment.begins_at, now)
    check_row(assignment)
    assignment.save()
    record_entry(
        actor=by,
        action="tariff.assigned" if before is None else "tariff.assignment_changed",
        target=assignment,
        now=now,
        before=None if before is None else _facts(before),
        after=_facts(assignment),
    )
    return assignment


def check_assignment(assignment: TariffAssignment, *, now: datetime) -> None:
    """Refuse what would change the past, or leave the price unclear. Raises InvalidInput."""
    before = TariffAssignment.objects.filter(pk=assignment.pk).first()
    _check_links(assignment)
    if before is not None and before.begins_at <= now:
        if assignment.begins_at != before.begins_at:
            raise InvalidInput("begins_at", gettext("It has begun, so only its end can change."))
        if before.ends_at is not None and before.ends_at <= now and assignment.ends_at != before.ends_at:
            raise InvalidInput("ends_at", gettext("It is over. Assign the tariff again instead."))
    else:
        check_begin(assignment.begins_at, community=assignment.community, now=now)
    if assignment.begins_at < assignment.tariff.valid_from:
        begin = _told(assignment.tariff.valid_from, assignment)
        raise InvalidInput(
            "begins_at",
            gettext("%(tariff)s begins on %(begin)s: assign it from then on.")
            % {"tariff": assignment.tariff, "begin": begin},
        )
    ends_at = assignment.ends_at
    if ends_at is not None and ends_at <= assignment.begins_at:
        raise InvalidInput("ends_at", gettext("It ends after it begins."))
    if ends_at is not None and ends_at < now and (before is None or before.ends_at != ends_at):
        raise InvalidInput(
            "ends_at", gettext("It can't end in the past: what was charged since then has its price.")
        )
    _check_overlap(assignment, now=now)


@transaction.atomic
def remove_assignment(assignment: TariffAssignment, *, by: Actor, now: datetime) -> None:
    """Of one that is still to come. Raises AssignmentBegun."""
    if assignment.begins_at <= now:
        raise AssignmentBegun(gettext("It has begun, and sessions have its price. End it instead."))
    record_entry(
        actor=by, action="tariff.assignment_removed", target=assignment, now=now, before=_facts(assignment)
    )
    assignment.delete()


def _check_links(assignment: TariffAssignment) -> None:
    named = [name for name in TARGETS if getattr(assignment, f"{name}_id") is not None]
    if len(named) > 1:
        raise InvalidInput(named[1], ONE_TARGET)
    for name in ("tariff", *named):
        if getattr(assignment, name).community_id != assignment.community_id:
            raise InvalidInput(name, gettext("This belongs to another community."))


def _check_overlap(assignment: TariffAssignment, *, now: datetime) -> None:
    """Half-open: one may begin at the moment at which another ends."""
    same = {f"{name}_id": getattr(assignment, f"{name}_id") for name in TARGETS}
    begins_at = max(assignment.begins_at, now)
    others = TariffAssignment.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=begins_at), community=assignment.community_id, **same
    )
    if assignment.ends_at is not None:
        others = others.filter(begins_at__lt=assignment.ends_at)
    other = others.exclude(pk=assignment.pk).select_related("tariff").order_by("begins_at").first()
    if other is None:
        return
    until = "until further notice" if other.ends_at is None else f"to {_told(other.ends_at, other)}"
    whose = str(assignment.target or "Everybody")
    raise InvalidInput(
        "begins_at",
        gettext("%(whose)s has %(tariff)s from %(begins_at)s %(until)s. End that first, or begin after it.")
        % {
            "whose": whose,
            "tariff": other.tariff,
            "begins_at": _told(other.begins_at, other),
            "until": until,
        },
    )


def _told(moment: datetime, assignment: TariffAssignment) -> str:
    return f"{moment.astimezone(ZoneInfo(assignment.community.time_zone)):%Y-%m-%d %H:%M}"


def _facts(assignment: TariffAssignment) -> dict[str, Any]:
    return {name: getattr(assignment, name) for name in FACTS}
