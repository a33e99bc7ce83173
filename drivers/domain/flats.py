"""Flats and cost centres, and which drivers belong to them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from drivers.models import Driver, Flat
from evbalancer.common.errors import DomainError, InvalidInput, check_row
from grid.domain import audit
from grid.models import Community


class FlatInUse(DomainError):  # noqa: N818 (named for what happened)
    """Drivers belong to it still."""

    code = "flat_in_use"
    title = "The flat is in use"


@transaction.atomic
def add_flat(community: Community, *, values: dict[str, Any], actor: audit.Actor, now: datetime) -> Flat:
    """Raises InvalidInput."""
    flat = Flat(community=community, **values)
    _save(flat)
    audit.record_entry(actor=actor, action="flat.added", target=flat, now=now, after=values)
    return flat


@transaction.atomic
def change_flat(flat: Flat, *, values: dict[str, Any], actor: audit.Actor, now: datetime) -> None:
    """Raises InvalidInput. Statements that were issued keep what they said."""
    before = {name: getattr(flat, name) for name in values}
    if before == values:
        return
    for name, value in values.items():
        setattr(flat, name, value)
    _save(flat)
    audit.record_entry(actor=actor, action="flat.changed", target=flat, now=now, before=before, after=values)


@transaction.atomic
def retire_flat(flat: Flat, *, actor: audit.Actor, now: datetime) -> None:
    """Raises FlatInUse while drivers belong to it."""
    if Driver.objects.filter(flat=flat, retired_at=None).exists():
        raise FlatInUse(gettext("Drivers belong to it. Move them to another one first, or to none."))
    if Flat.objects.filter(pk=flat.pk, retired_at=None).update(retired_at=now):
        audit.record_entry(actor=actor, action="flat.retired", target=flat, now=now)
    flat.refresh_from_db()


@transaction.atomic
def move_driver(driver: Driver, flat: Flat | None, *, actor: audit.Actor, now: datetime) -> None:
    """From now on the driver belongs to `flat`, or to none. Raises InvalidInput where it is another community's, or retired."""
    if flat is not None and flat.community_id != driver.community_id:
        raise InvalidInput("flat_id", gettext("This flat belongs to another community."))
    if flat is not None and flat.retired_at is not None:
        raise InvalidInput("flat_id", gettext("This flat is retired."))
    was = driver.flat
    if was == flat:
        return
    driver.flat = flat
    driver.save(update_fields=["flat"])
    audit.record_entry(
        actor=actor,
        action="driver.moved",
        target=driver,
        now=now,
        before={"flat": was and was.name},
        after={"flat": flat and flat.name},
    )


def find_flat(community: Community, name: str) -> Flat | None:
    """The flat of this name, however it is capitalised; one name can't be two flats."""
    rows = Flat.objects.filter(community=community, retired_at=None, name__iexact=name.strip())
    found: Flat | None = rows.order_by("created_at").first()
    return found


def _save(flat: Flat) -> None:
    check_row(flat)
    flat.save()
