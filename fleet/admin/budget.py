from datetime import UTC, datetime

from django.contrib import admin

from evbalancer.common.admin.policy import NOBODY
from evbalancer.common.admin.theme import display
from fleet.domain import budget
from fleet.models import CallBudget, CallCount, WebhookEvent
from grid.admin.ledger import LedgerAdmin


@admin.register(CallBudget)
class CallBudgetAdmin(LedgerAdmin):
    """The bucket of calls that all cars of the install share. Operators look at it; nobody edits it."""

    manager_may = NOBODY
    list_display = ("calls_left", "wait_until", "wait_reason", "failures", "filled_at")
    fields = ("calls_left", "wait_until", "wait_reason", "failures", "filled_at")
    readonly_fields = ("calls_left",)
    export_fields = ("level_milli", "filled_at", "wait_until", "wait_reason")

    @display(description="Calls left now")
    def calls_left(self, row: CallBudget) -> str:
        return str(int(budget.read_level(now=datetime.now(UTC)).calls))


@admin.register(CallCount)
class CallCountAdmin(LedgerAdmin):
    """What the calls of each day were for, and what became of them."""

    manager_may = NOBODY
    list_display = ("day", "purpose", "outcome", "calls")
    list_filter = ("day", "purpose", "outcome")
    export_fields = ("day", "purpose", "outcome", "calls")


@admin.register(WebhookEvent)
class WebhookEventAdmin(LedgerAdmin):
    manager_may = NOBODY
    list_display = ("received_at", "kind", "vehicle", "outcome")
    list_filter = (
        "received_at",
        "kind",
    )
    list_select_related = ("vehicle",)
    export_fields = ("received_at", "kind", "outcome")
