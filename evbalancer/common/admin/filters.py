"""Filters of change lists that offer what the person may see, and nothing else."""

from typing import Any, ClassVar

from django.contrib.admin import RelatedOnlyFieldListFilter, SimpleListFilter
from django.http import HttpRequest

from evbalancer.common.admin import scope
from evbalancer.common.security.tenancy import request_access


class ScopedRelatedFilter(RelatedOnlyFieldListFilter):
    """Only related rows that visible rows point to, and of them only those of the person's communities."""

    def field_choices(
        self,
        field: Any,
        request: HttpRequest,
        model_admin: Any,
    ) -> list[Any]:
        used = (
            model_admin.get_queryset(request)
            .order_by()
            .values_list(f"{self.field_path}__pk", flat=True)
            .distinct()
        )
        related = field.remote_field.model
        visible = scope.within(related._default_manager.filter(pk__in=used), request_access(request))
        return [(row.pk, str(row)) for row in visible]


class ToDecideFilter(SimpleListFilter):
    """The rows in which a driver waits for a manager's answer: those that match `waiting`."""

    waiting: ClassVar[dict[str, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "To decide")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**self.waiting) if self.value() == "open" else queryset


def scoped(entry: Any, field: Any) -> Any:
    """A filter's declaration, with every plain relation's filter replaced by the scoped one."""
    if isinstance(entry, str) and field.is_relation:
        return (entry, ScopedRelatedFilter)
    return entry
