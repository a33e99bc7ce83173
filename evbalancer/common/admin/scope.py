"""Which rows of any model a person may see, choose or link in the admin."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from evbalancer.common.security.tenancy import Access

_paths: dict[str, str] = {}


def declare(model: type[Model], path: str) -> None:
    """Say how rows of `model`, which has no `community_id` of its own, reach their community."""
    _paths[model._meta.label] = path


def path_of(model: type[Model]) -> str | None:
    """The lookup from a row to its community's id; None where rows belong to the whole install."""
    declared = _paths.get(model._meta.label)
    if declared is not None:
        return declared
    return "community_id" if any(field.name == "community" for field in model._meta.fields) else None


def within(rows: QuerySet[Any], access: Access) -> QuerySet[Any]:
    """The rows of the communities that the person manages; all of them for operators."""
    return rows if access.everywhere else of_communities(rows, access.managed)


def of_communities(rows: QuerySet[Any], community_ids: Iterable[UUID]) -> QuerySet[Any]:
    path = path_of(rows.model)
    if path is None:
        return rows.none()
    lookup = {f"{path}__in": list(community_ids)}
    if "__" not in path:
        return rows.filter(**lookup)
    # Through a relation to many a row could come twice.
    return rows.filter(pk__in=rows.model._base_manager.filter(**lookup).values("pk"))


def is_of(row: Model, community_id: UUID) -> bool:
    """Whether a row may be linked to something of that community; rows of the whole install may not."""
    own = getattr(row, "community_id", None)
    if own is not None:
        return bool(own == community_id)
    return of_communities(type(row)._default_manager.filter(pk=row.pk), [community_id]).exists()
