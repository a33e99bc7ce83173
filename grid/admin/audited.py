"""Admin pages whose every write leaves an entry in the audit trail, in the same transaction."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin import wording
from evbalancer.common.admin.base import TenantAdmin
from evbalancer.common.admin.facts import Changes
from evbalancer.common.admin.forms import TenantForm
from evbalancer.common.admin.pages import dress, word_field
from evbalancer.common.words.inputs import REASON_FOR_TRAIL
from grid.domain import audit
from grid.models import AuditEntry

REASON = "audit_reason"


class AuditedForm(TenantForm):
    audit_reason = forms.CharField(
        **REASON_FOR_TRAIL.options,
        required=False,
        label="Why",
        help_text="Kept in the audit trail, with what was before.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in type(self).declared_fields:
            if name in self.fields:
                word_field(name, self.fields[name])
                dress(self.fields[name])


def actor_of(request: HttpRequest) -> audit.Actor:
    return audit.Actor.of_user(request.user)


def values_of(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Plain values of the fields, for the trail; secrets are named and not shown."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.name in names:
            value = field.value_from_object(row)
            values[field.name] = "(secret)" if wording.is_secret(field.name) else value
    return values


class AuditedAdmin(TenantAdmin):
    """Plain models are recorded with what changed; acts that have a domain function record themselves there."""

    form: type[TenantForm] = AuditedForm
    actions = None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and self.has_change_permission(request, obj) and REASON in self.form.base_fields:
            fieldsets = [*fieldsets, (gettext("For the record"), {"fields": [REASON]})]
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        names = [name for name in form.changed_data if name != REASON]
        before = values_of(self.model._base_manager.get(pk=obj.pk), names) if change else None
        super().save_model(request, obj, form, change)
        after = values_of(obj, names if change else [field.name for field in obj._meta.concrete_fields])
        if names or not change:
            reason = form.cleaned_data.get(REASON, "")
            self.record(
                request, obj, "changed" if change else "added", before=before, after=after, reason=reason
            )
            self.saved(obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        changed_names = {
            changed.instance.pk: changed.changed_data for changed in formset.forms if changed.has_changed()
        }
        before = {
            row.pk: values_of(row, changed_names[row.pk])
            for row in formset.model._base_manager.filter(pk__in=list(changed_names))
        }
        going = [deleted.instance for deleted in getattr(formset, "deleted_forms", []) if deleted.instance.pk]
        for row in going:
            if not row._state.adding:
                self.record(request, row, "deleted", before=_all_values(row))
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            self.record(request, row, "added", after=_all_values(row))
        for row, names in formset.changed_objects:
            self.record(request, row, "changed", before=before.get(row.pk), after=values_of(row, names))
        if formset.new_objects or formset.changed_objects or going:
            self.saved(form.instance)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, obj, "deleted", before=_all_values(obj))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def record(
        self,
        request: HttpRequest,
        row: Model,
        act: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        audit.record_entry(
            actor=actor_of(request),
            action=f"{row._meta.model_name}.{act}",
            target=row,
            now=timezone.now(),
            before=before,
            after=after,
            reason=reason,
        )

    def saved(self, row: Any) -> None:
        """Called in the transaction after a change: wake whom it concerns."""

    # Django's own log would be a second, poorer trail that knows no community.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return LogEntry()

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return LogEntry()

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        return []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(reverse("admin:index"))
        opts = self.model._meta
        trail = AuditEntry.objects.filter(target_kind=opts.label, target_id=str(row.pk))
        changes = Changes()
        entries = [
            {"entry": entry, "changes": changes.of(entry.target_kind, entry.before, entry.after)}
            for entry in trail.order_by("-at")[:200]
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History of %(row)s") % {"row": row},
            "opts": opts,
            "original": row,
            "object": row,
            "entries": entries,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audit_history.html", context)


def _all_values(row: Model) -> dict[str, Any]:
    return values_of(row, [field.name for field in row._meta.concrete_fields])
