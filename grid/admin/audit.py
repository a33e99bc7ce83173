from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin.facts import Changes
from evbalancer.common.admin.panels import Panel, panel_for, table
from evbalancer.common.admin.policy import NOBODY
from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from grid.models import AuditEntry, IdempotencyKey


@admin.register(AuditEntry)
class AuditEntryAdmin(LedgerAdmin):
    list_display = ("at", "actor_label", "act", "target_label", "reason")
    list_filter = ("at", "actor_kind", "action", "target_kind")
    search_fields = ("actor_label", "target_label", "reason", "target_id")
    search_help_text = "Who, what, or why"
    list_select_related = ("community",)
    fieldsets = (
        (None, {"fields": (("at", "actor_label", "action"), ("target_kind", "target_label"), "reason")}),
    )

    @display(description="Did", ordering="action", label=True)
    def act(self, entry: AuditEntry) -> str:
        return entry.action.replace("_", " ").replace(".", " ")


@panel_for(AuditEntry)
def changes_panel(request: HttpRequest, entry: AuditEntry) -> Panel | None:
    """Field by field, what was before and what came after."""
    changes = Changes().of(entry.target_kind, entry.before, entry.after)
    headers = [gettext("What"), gettext("Before"), gettext("After")]
    rows = [(change.name, change.before, change.after) for change in changes]
    return table(gettext("What changed"), headers, rows, empty=gettext("No values were recorded."))


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(LedgerAdmin):
    """Answers may hold private data of any community: operators see that a key was used, nobody the answer."""

    manager_may = NOBODY
    list_display = ("key", "scope", "response_status", "created_at")
    search_fields = ("key",)
    fields = ("scope", "key", "response_status", "created_at")
    export_fields = ("scope", "key", "response_status", "created_at")

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return ["created_at", "response_status"]
