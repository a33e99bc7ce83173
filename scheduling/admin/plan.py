"""What the balancer decided, run by run, and what each connector is given now."""

from django.contrib import admin
from django.utils import timezone

from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from scheduling.domain import wording
from scheduling.models import Allotment, RebalanceRun


@admin.register(RebalanceRun)
class RebalanceRunAdmin(LedgerAdmin):
    list_display = ("at", "cluster", "trigger", "duration_ms", "verdict")
    list_filter = ("cluster", "trigger", "safe_plan")
    date_hierarchy = "at"
    list_select_related = ("cluster", "community")
    fieldsets = (
        (None, {"fields": (("cluster", "at"), ("trigger", "duration_ms", "safe_plan"), "inputs_digest")}),
        ("Decisions", {"fields": ("decisions",)}),
        ("Violations that the check found", {"classes": ("collapse",), "fields": ("violations",)}),
    )
    export_fields = ("at", "cluster", "trigger", "duration_ms", "safe_plan")

    @display(description="Plan", ordering="safe_plan", label={"as solved": "success", "safe plan": "danger"})
    def verdict(self, run: RebalanceRun) -> str:
        return "safe plan" if run.safe_plan else "as solved"


@admin.register(Allotment)
class AllotmentAdmin(LedgerAdmin):
    list_display = ("connector", "wanted_ma", "why", "since", "next_change_at")
    list_filter = ("reason",)
    search_fields = ("connector__charge_point__name",)
    list_select_related = ("connector__charge_point", "community")
    fields = (
        "connector",
        "session",
        "wanted_ma",
        "why",
        "reason",
        "facts",
        "starts",
        "since",
        "next_change_at",
        "at",
    )
    readonly_fields = ("why",)

    @display(description="Why")
    def why(self, allotment: Allotment) -> str:
        return wording.allotment_sentence(allotment, now=timezone.now())
