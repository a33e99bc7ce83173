"""The admin base of every tenant model. `get_queryset` alone would leak: see docs/threat-model.md."""

import re
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from evbalancer.common.admin import panels, scope, wording
from evbalancer.common.admin.export import csv_response
from evbalancer.common.admin.filters import scoped
from evbalancer.common.admin.policy import VIEW, Policy
from evbalancer.common.admin.theme import ThemedAdmin, ThemedTabularInline, action
from evbalancer.common.admin.workbook import MOST_ROWS, workbook_response
from evbalancer.common.clocks.moments import FIRST_YEAR, LAST_YEAR, is_of_no_zone
from evbalancer.common.security.tenancy import request_access

# Acts above every list; one with acts of its own adds them.
EXPORTS: Final = ("export", "export_xlsx")

Row = TypeVar("Row", bound=Model)


class TenantAdmin(Policy, ThemedAdmin):
    """Rows, choices, filters, lookups and links of the communities that the person manages."""

    view_on_site = False
    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = True
    # Lookups in links from other pages, beside those of list_filter.
    link_lookups: tuple[str, ...] = ()
    export_fields: tuple[str, ...] = ()
    actions_list: Any = EXPORTS
    change_form_outer_before_template = "admin/panels.html"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.search_help_text:
            self.search_help_text = gettext_lazy(str(self.search_help_text))  # type: ignore[misc]  # Django reads it of the instance

    def find_row(self, request: HttpRequest, object_id: str, model: type[Row]) -> Row:
        """The row of this admin that an act is about. Raise Http404 where the person may not see it, or it is gone."""
        row = self.get_object(request, object_id)
        if not isinstance(row, model):
            raise Http404
        return row

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        context["panels"] = panels.panels_of(request, row) if row is not None else []
        context["panel_url"] = f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_panel"
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        opts = self.model._meta
        view = self.admin_site.admin_view(self.panel_view)
        name = f"{opts.app_label}_{opts.model_name}_panel"
        return [path("<path:object_id>/panel/<slug:key>/", view, name=name), *super().get_urls()]

    def panel_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """One panel alone, for a page that is open and reads it again."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        made = panels.panels_of(request, row, key=key)
        if not made:
            raise Http404
        return TemplateResponse(request, "admin/panel.html", {"panel": made[0]})

    def get_ordering(self, request: HttpRequest) -> Any:
        return super().get_ordering(request) or self.model._meta.ordering or ("pk",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        names = [self._reworded(name) for name in super().get_list_display(request)]
        return [*names, "community"] if self._shows_community(request) else names

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        entries = list(super().get_list_filter(request))
        if self._shows_community(request):
            entries.append("community")
        return [self._scoped(entry) for entry in entries]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        chosen_here = obj is None and self.community_from is None and self._has_community()
        if fieldsets and (chosen_here or (obj is not None and self._shows_community(request))):
            title, options = fieldsets[0]
            fieldsets[0] = (title, {**options, "fields": ["community", *options["fields"]]})
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)
        form.community_from = self.community_from  # type: ignore[attr-defined]
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        managed = request_access(request).managed
        if "community" not in initial and len(managed) == 1:
            initial["community"] = next(iter(managed))
        if self.community_from is not None and self.community_from not in initial:
            initial |= self._only_choice(request, self.community_from)
        return initial

    def _only_choice(self, request: HttpRequest, name: str) -> dict[str, Any]:
        field: Any = self.model._meta.get_field(name)
        choices = self._choices(field, request, None)[:2]
        return {name: choices[0].pk} if len(choices) == 1 else {}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what filters and links name: any other lookup could read a hidden column letter by letter."""
        parts = lookup.split("__")
        if any(wording.is_secret(part) for part in parts) or self._is_far(parts, value):
            return False
        named = {self.date_hierarchy, *self.link_lookups}
        for entry in self.get_list_filter(request):
            source = entry[0] if isinstance(entry, tuple) else entry
            named.add(source.split("__")[0] if isinstance(source, str) else source.parameter_name)
        return parts[0] in named and super().lookup_allowed(lookup, value, request)

    def _is_far(self, parts: list[str], value: str) -> bool:
        """A moment, or its year, at the ends of the calendar, or one of a zone that is nowhere: the database could not take it."""
        name = parts[0]
        if not any(
            field.name == name and isinstance(field, DateTimeField) for field in self.model._meta.fields
        ):
            return False
        if parts[-1] == "year":
            return not value.isdecimal() or not FIRST_YEAR <= int(value) <= LAST_YEAR
        if is_of_no_zone(value):
            return True
        year = re.match(r"\d{4,}", value)
        if year is None:
            return False  # a day, a month or no moment at all: Django knows
        return len(year[0]) > len(str(LAST_YEAR)) or not FIRST_YEAR <= int(year[0]) <= LAST_YEAR

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        title = str(self.model._meta.verbose_name_plural)
        response = super().changelist_view(
            request, {"title": title[:1].upper() + title[1:], **(extra_context or {})}
        )
        context = getattr(response, "context_data", None)
        for entry in (context or {}).get("actions_list", ()):
            if request.GET and entry.get("path", "").endswith(("/export/", "/export-xlsx/")):
                entry["path"] += f"?{request.GET.urlencode()}"
        return response

    @action(description="Export CSV", url_path="export", icon="download", permissions=["view"])
    def export(self, request: HttpRequest) -> HttpResponse:
        """Export the list as it is shown, filters included."""
        return csv_response(*self._exported(request))  # type: ignore[return-value]  # streams

    @action(description="Export Excel", url_path="export-xlsx", icon="table_view", permissions=["view"])
    def export_xlsx(self, request: HttpRequest) -> HttpResponse:
        name, columns, rows = self._exported(request)
        if rows.count() <= MOST_ROWS:
            return workbook_response(name, columns, rows)
        said = gettext("A workbook has at most %(most)s rows: filter the list, or export CSV.")
        messages.error(request, said % {"most": MOST_ROWS})
        opts = self.model._meta
        return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))

    def _exported(self, request: HttpRequest) -> tuple[str, list[str], QuerySet[Any]]:
        """The name of the file, the columns, and the rows that the list shows."""
        rows = self.get_changelist_instance(request).get_queryset(request)
        names = [field.name for field in self.model._meta.fields if not wording.is_secret(field.name)]
        with translation.override(None):  # one name in every language
            name = f"{self.model._meta.verbose_name_plural}".replace(" ", "-")
        return name, list(self.export_fields) or names, rows

    def _scoped(self, entry: Any) -> Any:
        if not isinstance(entry, str):
            return entry
        model, field = self.model, None
        for part in entry.split("__"):
            try:
                field = model._meta.get_field(part)
            except FieldDoesNotExist:
                return entry
            model = field.related_model or model
        return scoped(entry, field)

    def _has_community(self) -> bool:
        return scope.path_of(self.model) == "community_id"

    def _shows_community(self, request: HttpRequest) -> bool:
        access = request_access(request)
        return self._has_community() and (access.everywhere or len(access.managed) > 1)


class OperatorAdmin(TenantAdmin):
    """Rows that belong to the install and not to a community."""

    manager_may = frozenset()


class TenantInline(Policy, ThemedTabularInline):
    extra = 0
    show_change_link = True
    tab = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if type(self).verbose_name_plural is not None:
            self.verbose_name_plural = gettext_lazy(str(type(self).verbose_name_plural))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if self.has_change_permission(request, obj):
            return super().get_readonly_fields(request, obj)
        return [self._reworded(name) for name in self._default_fields()]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name not in self.get_autocomplete_fields(request):
            # Read once, and not again for each row.
            field.choices = list(field.choices)
        return field


class ShownInline(TenantInline):
    """The newest rows of something that is looked at here and never edited."""

    operator_may = VIEW
    per_page = 15
    can_delete = False
