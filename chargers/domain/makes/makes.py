"""The facts about the make of a charge point: its vendor and model.

Nothing is believed before it was tried (ADR 21): a fact that is None was not tried yet.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from chargers.models import ChargePoint, Make
from evbalancer.common.db.prepared import Several, prepared


def note_make(charge_point: ChargePoint) -> None:
    """Remember its make, as it reported it; lessons about that make hold for it too. Without a report it has no make."""
    if not (charge_point.vendor or charge_point.model):
        return
    make, _ = Make.objects.get_or_create(vendor=charge_point.vendor, model=charge_point.model)
    if charge_point.make_id != make.pk:
        charge_point.make = make
        charge_point.save(update_fields=["make"])


def known_make(charge_point: ChargePoint) -> Make:
    """The facts about its make; none without a make."""
    return Make() if charge_point.make is None else charge_point.make


def learn_facts(charge_point: ChargePoint, **facts: Any) -> None:
    """Remember what it showed for all charge points of its make. Nothing is written that was known."""
    make = charge_point.make
    if make is None:
        return
    found = {name: value for name, value in facts.items() if getattr(make, name) != value}
    for name, value in found.items():
        setattr(make, name, value)
    if found:
        Make.objects.filter(pk=make.pk).update(**found)


def read_makes(charge_points: Iterable[ChargePoint]) -> None:
    """Give each its make, in one query. Those of one make share its row: a lesson from one holds for the next."""
    charge_points = list(charge_points)
    ids = {one.make_id for one in charge_points if one.make_id is not None}
    makes = {make.pk: make for make in _makes(ids=ids)}
    for one in charge_points:
        one.make = makes.get(one.make_id) if one.make_id is not None else None


@prepared
def _makes(ids: Several) -> QuerySet[Make]:
    return Make.objects.filter(pk__in=ids).order_by()


def share_makes(charge_points: Iterable[ChargePoint]) -> None:
    """The same for charge points that were read with their makes."""
    makes: dict[UUID, Make] = {}
    for one in charge_points:
        if one.make is not None:
            one.make = makes.setdefault(one.make.pk, one.make)
