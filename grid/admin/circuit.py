"""The circuits of the tree, with their limits per phase."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from evbalancer.common.admin.base import EXPORTS
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import amps
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.circuit_list import export_circuits
from grid.domain import commissioning, topology
from grid.models import Circuit


class CircuitForm(AuditedForm):
    def check_row(self) -> None:
        topology.check_circuit(self.instance)
        commissioning.check_circuits(self.instance.cluster, changed=self.instance)


@admin.register(Circuit)
class CircuitAdmin(AuditedAdmin):
    form = CircuitForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "cluster"
    fixed_after_add = ("cluster",)
    list_display = ("name", "kind", "parent", "limit", "has_meter", "retired_at")
    list_filter = ("cluster", "kind", "has_meter")
    search_fields = ("name",)
    list_select_related = ("cluster", "parent", "community")
    actions_list = (*EXPORTS, "export_list")
    fieldsets = (
        (None, {"fields": ("cluster", "parent", ("name", "kind", "position"))}),
        (
            "Limit, per phase",
            {
                "fields": (("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"),),
                "description": "Limit of the fuse or the grid connection. The breaker stays the protection.",
            },
        ),
        (
            "The building's own load",
            {
                "fields": (
                    ("has_meter", "meter_sees"),
                    ("base_load_max_l1_ma", "base_load_max_l2_ma", "base_load_max_l3_ma"),
                    ("base_load_rise_ma", "spends_surplus"),
                ),
            },
        ),
        ("Record", {"fields": ("retired_at",)}),
    )

    @action(
        description="Export to import again", url_path="export-list", icon="download", permissions=["view"]
    )
    def export_list(self, request: HttpRequest) -> HttpResponse:
        rows = self.get_changelist_instance(request).get_queryset(request)
        chosen = rows.filter(retired_at=None).exclude(parent=None).select_related("parent")
        return export_circuits(chosen.order_by("position", "name"))  # type: ignore[return-value]  # streams

    @display(description="Limit per phase")
    def limit(self, circuit: Circuit) -> str:
        return per_phase(circuit.limit_ma)

    def saved(self, row: Any) -> None:
        wake_balancer(row.cluster_id)


def per_phase(current_ma: PhaseMilliamps) -> str:
    if len(set(current_ma)) == 1:
        return amps(current_ma.l1)
    return " · ".join(f"L{number} {amps(each)}" for number, each in enumerate(current_ma, start=1))
