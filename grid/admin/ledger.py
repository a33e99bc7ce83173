"""Lists of records that only grow: what a page of them costs must not grow with the years."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest

from evbalancer.common.admin.forms import TenantForm
from evbalancer.common.admin.policy import VIEW
from grid.admin.audited import AuditedAdmin

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

# Older rows are found by their time, their charge point or their driver.
MOST_COUNTED = 10_000


class CappedPaginator(AnyPaginator):
    """Counts no further than anybody turns pages."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count())


class LedgerList(ChangeList):
    """Reads what the list shows, and not the columns that are shown on a row's own page."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters)
        return rows.defer(*self.model_admin.not_listed)  # type: ignore[attr-defined]


class LedgerAdmin(AuditedAdmin):
    """State, ledgers and logs: looked at by managers and operators, edited by nobody."""

    form: type[TenantForm] = TenantForm
    operator_may = VIEW
    manager_may = VIEW
    show_full_result_count = False
    paginator = CappedPaginator
    # Large columns that neither the list nor its export shows.
    not_listed: tuple[str, ...] = ()
    # A search looks at so many of the newest rows, where keys are in the order of time; at all of them if None.
    searched_rows: int | None = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LedgerList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        if search_term and self.searched_rows is not None:
            keys = self.get_queryset(request).order_by("-pk").values_list("pk", flat=True)
            first = keys[self.searched_rows : self.searched_rows + 1].first()
            if first is not None:
                queryset = queryset.filter(pk__gt=first)
        return super().get_search_results(request, queryset, search_term)
