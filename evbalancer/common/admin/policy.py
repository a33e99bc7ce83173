"""A person's rights and rows in the admin: by membership, never by Django's groups."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import DateTimeField, JSONField, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin import facts, fields, scope, wording
from evbalancer.common.admin.forms import TenantForm
from evbalancer.common.admin.theme import display
from evbalancer.common.db.fields import SaidField
from evbalancer.common.security.tenancy import Access, request_access

VIEW = frozenset({"view"})
EDIT = frozenset({"view", "add", "change"})
ALL = frozenset({"view", "add", "change", "delete"})
NOBODY: frozenset[str] = frozenset()

PLAIN_UNITS = {"_s": "s", "_min": "min", "_v": "V", "_pct": "%", "_km": "km"}
FORM_FIELDS: dict[str, tuple[type[forms.Field], str]] = {
    "_per_mwh_minor": (fields.PriceField, "per kWh"),
    "_minor": (fields.MoneyField, ""),
    "_ma": (fields.AmpereField, "A"),
    "_wh": (fields.KilowattHourField, "kWh"),
}


class Policy:
    """Shared by admins and inlines: rights by role, rows and choices by community, values in people's units."""

    model: type[Model]
    form: type[Any] = TenantForm
    manager_may: frozenset[str] = VIEW
    operator_may: frozenset[str] = ALL
    community_from: str | None = None
    # Editable by operators only, or only while the row is made.
    operators_only: tuple[str, ...] = ()
    fixed_after_add: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.model._meta.fields:
            if _is_reworded(field):
                setattr(self, f"shown_{field.name}", _shown(field))
            elif isinstance(field, JSONField) and not isinstance(field, SaidField):
                setattr(self, f"shown_{field.name}", _told(field))

    # --- rights

    def may(self, request: HttpRequest, what: str, row: Any = None) -> bool:
        access = request_access(request)
        if access.everywhere:
            return what in self.operator_may
        if not access.manages_any or what not in self.manager_may:
            return False
        return not isinstance(row, self.model) or row._state.adding or self.manages(access, row)

    def manages(self, access: Access, row: Model) -> bool:
        return scope.within(self.model._base_manager.filter(pk=row.pk), access).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "delete", obj)

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """To decide something about a row that nobody edits. Unfold hands the id, whose row is fetched in scope."""
        return self.may(request, "view", obj)

    # --- rows and choices

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scope.within(super().get_queryset(request), request_access(request))  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, db_field: Any, request: HttpRequest, rows: QuerySet[Any] | None) -> QuerySet[Any]:
        related = db_field.remote_field.model
        if rows is None:
            rows = related._default_manager.all()
        if any(field.name == "retired_at" for field in related._meta.fields):
            rows = rows.filter(retired_at=None)
        return scope.within(rows, request_access(request))

    # --- fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        ending = wording.unit_of(db_field.name)
        if ending in FORM_FIELDS and not isinstance(db_field, JSONField):
            form_class, unit = FORM_FIELDS[ending]
            said = wording.label(db_field.name)
            kwargs.setdefault("form_class", form_class)
            kwargs.setdefault("label", f"{said} ({gettext(unit)})" if unit else said)
            if ending.endswith("_minor"):
                kwargs.setdefault("help_text", gettext("In the community's currency, for example 0.21."))
        elif ending in PLAIN_UNITS and not db_field.choices:
            kwargs.setdefault("label", f"{wording.label(db_field.name)} ({PLAIN_UNITS[ending]})")
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [self._reworded(name) for name in self._fixed(request, obj)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        declared = getattr(self, "fieldsets", None) or [(None, {"fields": self._default_fields()})]
        editable = (
            self.has_change_permission(request, obj) if obj is not None else self.has_add_permission(request)
        )
        fixed = set(self._fixed(request, obj)) if editable else None
        found = []
        for title, options in declared:
            rows = [
                row for line in options["fields"] for row in self._rows(line, fixed=fixed, adding=obj is None)
            ]
            if rows:
                found.append(
                    (title and wording.translated(title), {**options, "fields": rows, **_described(options)})
                )
        return found

    def _rows(self, line: Any, *, fixed: set[Any] | None, adding: bool) -> list[Any]:
        """A line of a fieldset as it may be shown. `fixed` is None when everything is."""
        names = [name for name in (line if isinstance(line, tuple | list) else [line]) if not _hidden(name)]
        if adding and fixed is not None:
            # Nothing to read on a page that makes a new row.
            names = [name for name in names if name not in fixed]
        shown = [self._reworded(name) if fixed is None or name in fixed else name for name in names]
        if any(fixed is not None and name not in fixed and self._is_moment(name) for name in names):
            # A date and a time are two inputs: side by side with another field they would leave the page.
            return shown
        return [tuple(shown) if len(shown) > 1 else shown[0]] if shown else []

    def _is_moment(self, name: Any) -> bool:
        return any(
            field.name == name and isinstance(field, DateTimeField) for field in self.model._meta.fields
        )

    def _default_fields(self) -> list[str]:
        own = getattr(self, "fields", None)
        if own:
            return list(own)
        hidden = {"id", "pk", "community", *(getattr(self, "exclude", None) or ())}
        names = [
            field.name
            for field in self.model._meta.fields
            # A saying is shown as a sentence, never as its code.
            if field.name not in hidden and not isinstance(field, SaidField)
        ]
        made = [
            name
            for name in getattr(self, "readonly_fields", ())
            if isinstance(name, str) and hasattr(type(self), name)
        ]
        return [name for name in names if not wording.is_secret(name)] + made

    def _fixed(self, request: HttpRequest, obj: Any) -> list[Any]:
        names = list(super().get_readonly_fields(request, obj))  # type: ignore[misc]
        names += [field.name for field in self.model._meta.fields if not _is_editable(field)]
        if obj is not None:
            names += ["community", *self.fixed_after_add]
        if not request_access(request).everywhere:
            names += self.operators_only
        return list(dict.fromkeys(names))

    def _reworded(self, name: Any) -> Any:
        return f"shown_{name}" if isinstance(name, str) and hasattr(self, f"shown_{name}") else name


def _described(options: dict[str, Any]) -> dict[str, Any]:
    return {"description": gettext(options["description"])} if "description" in options else {}


def _is_editable(field: Any) -> bool:
    return field.editable and not wording.is_secret(field.name)


def _hidden(name: Any) -> bool:
    return isinstance(name, str) and wording.is_secret(name)


def _is_reworded(field: Any) -> bool:
    return (
        not field.is_relation and not isinstance(field, JSONField) and wording.unit_of(field.name) is not None
    )


def _shown(field: Any) -> Callable[[Any], str]:
    name = field.name

    @display(description=wording.english_label(name), ordering=name)
    def shown(row: Any) -> str:
        return wording.with_unit(name, getattr(row, name))

    return shown


def _told(field: Any) -> Callable[[Any], str]:
    name = field.name

    @display(description=field.verbose_name)
    def shown(row: Any) -> str:
        return facts.facts_in_words(getattr(row, name), name)

    return shown
