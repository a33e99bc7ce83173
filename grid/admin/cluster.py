from typing import Any

from django.contrib import admin

from evbalancer.common.admin.policy import EDIT
from evbalancer.common.waking import wake_balancer
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.domain import commissioning
from grid.models import Cluster


class ClusterForm(AuditedForm):
    def check_row(self) -> None:
        if not self.instance._state.adding:
            commissioning.check_margin(self.instance)


@admin.register(Cluster)
class ClusterAdmin(AuditedAdmin):
    form = ClusterForm
    manager_may = frozenset({"view", "change"})
    operator_may = EDIT
    operators_only = ("voltage_v", "retired_at")
    list_display = ("name", "policy", "margin_ma", "is_public", "retired_at")
    list_filter = ("policy", "is_public")
    search_fields = ("name",)
    list_select_related = ("community",)
    fieldsets = (
        (None, {"fields": ("name", ("policy", "is_public"), "everybody_first", "plans_for_arrivals")}),
        (
            "Safety and pace",
            {
                "fields": (
                    ("voltage_v", "margin_ma"),
                    ("settle_s", "cut_notice_s"),
                    ("min_interval_s", "rotation_s"),
                ),
                "description": "Higher values are calmer and safer, lower ones use the connection better.",
            },
        ),
        ("Record", {"fields": (("created_at", "retired_at"),)}),
    )

    def saved(self, row: Any) -> None:
        wake_balancer(row.pk)
