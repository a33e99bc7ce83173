"""Named groups of drivers or connectors, for managers."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, ProtectedError
from django.utils.translation import gettext

from evbalancer.common.errors import DomainError, NotFound, check_row
from evbalancer.common.events import publish
from grid.domain.audit import Actor, record_entry
from grid.events import GroupChanged
from grid.models import NamedGroup


class GroupInUse(DomainError):  # noqa: N818 (named for what happened)
    """A price or a rule names it."""

    code = "group_in_use"
    title = "The group is in use"


@transaction.atomic
def save_group(
    group: NamedGroup, *, members: Mapping[str, Collection[Model]], actor: Actor, now: datetime
) -> None:
    """Add the group, or change its name and those of its relations that are named. Raises InvalidInput and NotFound."""
    is_new = group._state.adding  # noqa: SLF001 (Django's own way to ask)
    for rows in members.values():
        if any(getattr(row, "community_id", None) != group.community_id for row in rows):
            raise NotFound(gettext("A member does not exist in this community."))
    before = {} if is_new else _facts(type(group)._base_manager.get(pk=group.pk))  # noqa: SLF001
    check_row(group)
    group.save()
    for name, rows in members.items():
        getattr(group, name).set(rows)
    after = _facts(group)
    if before != after:
        act = "added" if is_new else "changed"
        record_entry(
            actor=actor, action=f"group.{act}", target=group, now=now, before=before or None, after=after
        )
        publish(GroupChanged(community_id=group.community_id))


@transaction.atomic
def remove_group(group: NamedGroup, *, actor: Actor, now: datetime) -> None:
    """Raises GroupInUse where a price or a rule names it, or named it: its past has to stay readable."""
    record_entry(actor=actor, action="group.removed", target=group, now=now, before=_facts(group))
    try:
        with transaction.atomic():
            group.delete()
    except ProtectedError as error:
        users = sorted({str(row) for row in error.protected_objects})
        raise GroupInUse(gettext("It is named by %(users)s.") % {"users": "; ".join(users[:3])}) from error


def find_members(group: NamedGroup, name: str, ids: Collection[UUID]) -> list[Any]:
    """The rows of these ids in the group's community, for one of its relations. Raises NotFound."""
    model: Any = group._meta.get_field(name).related_model  # noqa: SLF001 (Django's documented Meta API)
    rows = list(model.objects.filter(community=group.community_id, pk__in=ids))
    if len(rows) != len(set(ids)):
        raise NotFound(gettext("A member does not exist in this community."))
    return rows


def _facts(group: NamedGroup) -> dict[str, Any]:
    members = {name: sorted(str(row) for row in getattr(group, name).all()) for name in group.MEMBERS}
    return {"name": group.name, **members}
