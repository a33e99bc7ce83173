"""Filters of change lists that offer what the person may see, and nothing else. None of them reads the table that is listed."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import RelatedFieldListFilter, SimpleListFilter
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin import scope
from evbalancer.common.security.tenancy import request_access

if TYPE_CHECKING:
    RelatedDropdownFilter = RelatedFieldListFilter
else:
    from unfold.contrib.filters.admin import RelatedDropdownFilter

# More are a page of their own: a row's page links to the lists about it, and searches find it by its name.
MOST_OFFERED = 200


class ScopedRelatedFilter(RelatedDropdownFilter):
    """Related rows of the person's communities; beyond two hundred only the one that was asked for."""

    def field_choices(
        self,
        field: Any,
        request: HttpRequest,
        model_admin: Any,
    ) -> list[Any]:
        related = field.remote_field.model
        visible = scope.within(related._default_manager.all(), request_access(request))
        rows = list(visible[: MOST_OFFERED + 1])
        if len(rows) > MOST_OFFERED:
            rows = list(visible.filter(pk__in=self.lookup_val or []))
        return [(row.pk, str(row)) for row in rows]

    def has_output(self) -> bool:
        """Without output Django would forget what was asked for."""
        return bool(self.lookup_val) or bool(super().has_output())


class WordedFilter(SimpleListFilter):
    """A filter whose title and choices are in the reader's language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = gettext(str(self.title))
        self.lookup_choices = [(value, gettext(str(words))) for value, words in self.lookup_choices]


class ToDecideFilter(WordedFilter):
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
