"""The tree: limits per phase, drawn as it hangs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import display
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import amps
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.domain import commissioning, limits, topology
from grid.models import Circuit, Cluster


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

    @display(description="Limit per phase")
    def limit(self, circuit: Circuit) -> str:
        return per_phase(circuit.limit_ma)

    def saved(self, row: Any) -> None:
        wake_balancer(row.cluster_id)


def per_phase(current_ma: PhaseMilliamps) -> str:
    if len(set(current_ma)) == 1:
        return amps(current_ma.l1)
    return " · ".join(f"L{number} {amps(each)}" for number, each in enumerate(current_ma, start=1))


@panel_for(Cluster)
def tree_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    now = timezone.now()
    circuits = list(Circuit.objects.filter(cluster=cluster, retired_at=None))
    if not circuits:
        return None
    open_limits = limits.open_limits(cluster, now=now)
    aimed = limits.aimed_limits_ma(circuits, open_limits)
    children: dict[Any, list[Circuit]] = {}
    for circuit in circuits:
        children.setdefault(circuit.parent_id, []).append(circuit)

    def branch(circuit: Circuit) -> dict[str, Any]:
        return {
            "circuit": circuit,
            "limit": per_phase(circuit.limit_ma),
            "lowered": per_phase(aimed[circuit.pk]) if aimed[circuit.pk] != circuit.limit_ma else "",
            "children": [branch(child) for child in children.get(circuit.pk, [])],
        }

    return Panel("Tree", "admin/grid/tree.html", {"roots": [branch(root) for root in children.get(None, [])]})
