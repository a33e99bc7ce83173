from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from drivers.domain.sign_in.sign_ins import end_sign_in
from drivers.models import SignIn, SignInRule
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.policy import EDIT, NOBODY, VIEW
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import ago
from grid.admin.audited import AuditedAdmin, actor_of
from grid.admin.ledger import LedgerAdmin


@admin.register(SignIn)
class SignInAdmin(LedgerAdmin):
    """Where people are signed in: their devices are no managers' business."""

    manager_may = NOBODY
    operator_may = VIEW
    list_display = ("user", "kind", "device", "address", "begun_at", "last_seen")
    list_filter = ("kind",)
    search_fields = ("user__username", "user__email")
    search_help_text = "Name or e-mail"
    list_select_related = ("user",)
    fieldsets = ((None, {"fields": ("user", ("kind", "device", "address"), ("begun_at", "seen_at"))}),)
    actions_detail = ("end",)
    actions_row = ("end",)

    @display(description=gettext_lazy("Last seen"), ordering="seen_at")
    def last_seen(self, row: SignIn) -> str:
        return ago(row.seen_at)

    @action(description=gettext_lazy("Sign out"), url_path="end", icon="logout", permissions=["act"])
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, SignIn)

        def run(_: dict[str, Any]) -> str:
            end_sign_in(row, actor=actor_of(request), now=timezone.now())
            return gettext("The device was signed out.")

        return act_page(
            self,
            request,
            row=row,
            title=gettext("Sign out this device"),
            intro=str(row),
            form_class=ActForm,
            dangerous=True,
            back="../../",
            run=run,
        )


@admin.register(SignInRule)
class SignInRuleAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("__str__", "managers_need_second_factor")
    list_select_related = ("community",)
    fieldsets = ((None, {"fields": ("managers_need_second_factor",)}),)
