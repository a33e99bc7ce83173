"""What the pages of named groups have in common."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.policy import ALL
from evbalancer.common.admin.theme import display
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from grid.domain.groups import remove_group, save_group


class GroupForm(AuditedForm):
    audit_reason = None  # type: ignore[assignment]


class GroupAdmin(AuditedAdmin):
    form = GroupForm
    manager_may = ALL
    operator_may = ALL
    list_display = ("name", "members")
    search_fields = ("name",)
    list_select_related = ("community",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related(*self.model.MEMBERS)  # type: ignore[attr-defined]
        return rows

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        members = {name: list(form.cleaned_data[name]) for name in obj.MEMBERS if name in form.cleaned_data}
        save_group(obj, members=members, actor=actor_of(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        remove_group(obj, actor=actor_of(request), now=timezone.now())

    @display(description="Members")
    def members(self, group: Any) -> str:
        named = [str(row) for name in group.MEMBERS for row in getattr(group, name).all()]
        rest = gettext(" and %(value)s more") % {"value": len(named) - 6} if len(named) > 6 else ""
        return ", ".join(named[:6]) + rest or gettext("nobody yet")
