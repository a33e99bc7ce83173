"""Keys of meters and of grid operators, for one circuit each: issued, shown once, revoked."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin import scope
from evbalancer.common.admin.pages import ActForm, ReasonForm, act_page, secret_page
from evbalancer.common.admin.theme import ModelChoiceField, action, display
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from grid.domain import grid_keys
from grid.enums import GridKeyPurpose
from grid.models import Circuit, GridKey


class IssueForm(ActForm):
    circuit = ModelChoiceField(Circuit.objects.none(), empty_label=None)
    purpose = forms.ChoiceField(choices=GridKeyPurpose.choices)
    label = forms.CharField(
        **grid_keys.HOLDER.options,
        label="Held by",
        help_text="Named in the audit trail, for example: Meter in the cellar.",
    )

    def __init__(self, *args: Any, circuits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["circuit"]
        choice.queryset = circuits


@admin.register(GridKey)
class GridKeyAdmin(LedgerAdmin):
    manager_may = frozenset({"view", "add"})
    operator_may = frozenset({"view", "add"})
    list_display = ("label", "circuit", "purpose", "state", "created_at")
    list_filter = ("purpose", "circuit", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("label",)
    list_select_related = ("circuit", "community")
    fields = ("label", "circuit", "purpose", "created_at", "revoked_at")
    actions_detail = ("revoke",)
    actions_row = ("revoke",)

    @display(description="State", label={"valid": "success", "revoked": ""})
    def state(self, key: GridKey) -> str:
        return "valid" if key.revoked_at is None else "revoked"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        circuits = Circuit.objects.filter(retired_at=None, cluster__retired_at=None).select_related("cluster")

        def run(data: dict[str, Any]) -> HttpResponse:
            key, text = grid_keys.issue_grid_key(
                data["circuit"],
                purpose=GridKeyPurpose(data["purpose"]),
                label=data["label"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return secret_page(
                self,
                request,
                row=key,
                title=gettext("Key for %(circuit)s") % {"circuit": key.circuit},
                secrets=[(gettext("Id"), str(key.pk)), (gettext("Key"), text)],
                advice=gettext("Give both to the person who runs the machine. The key is shown only once."),
            )

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Issue a key"),
            submit=gettext("Issue"),
            form_class=IssueForm,
            form_options={"circuits": scope.within(circuits, request_access(request))},
            run=run,
        )

    @action(description="Revoke", url_path="revoke", icon="block", permissions=["add"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.find_row(request, object_id, GridKey)

        def run(data: dict[str, Any]) -> str:
            grid_keys.revoke_grid_key(key, actor=actor_of(request), reason=data["reason"], now=timezone.now())
            return gettext("%(label)s is no longer accepted.") % {"label": key.label}

        return act_page(
            self,
            request,
            row=key,
            title=gettext("Revoke this key"),
            intro=str(key),
            form_class=ReasonForm,
            dangerous=True,
            run=run,
        )
