"""The billed peak: its target, the intervals as they were counted, the month's highest so far."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.fields import ScaledField
from evbalancer.common.admin.panels import Cell, Panel, list_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import display
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import power
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.ledger import LedgerAdmin
from grid.domain import demand
from grid.models import Circuit, DemandInterval, DemandTarget


class KilowattField(ScaledField):
    unit = "kW"


class DemandTargetForm(AuditedForm):
    target_w = KilowattField(
        label="Target (kW)", min_value=1_000, help_text="Building and cars together, mean of an interval."
    )


@admin.register(DemandTarget)
class DemandTargetAdmin(AuditedAdmin):
    form = DemandTargetForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "circuit"
    fixed_after_add = ("circuit",)
    list_display = ("circuit", "target_w", "interval_min", "highest", "ratchet", "active")
    list_filter = ("circuit", "active")
    list_select_related = ("circuit", "community")
    fieldsets = (
        (None, {"fields": (("circuit", "active"), ("target_w", "interval_min"), "ratchet")}),
        ("Record", {"fields": ("since",)}),
    )

    @display(description="This month's highest")
    def highest(self, target: DemandTarget) -> str:
        zone = target.community.time_zone
        peaks_w = demand.month_peaks_w([target.circuit_id], time_zone=zone, now=timezone.now())
        return power(peaks_w.get(target.circuit_id, 0))

    def saved(self, row: Any) -> None:
        wake_balancer(row.circuit.cluster_id)


@admin.register(DemandInterval)
class DemandIntervalAdmin(LedgerAdmin):
    list_display = ("circuit", "begin", "mean", "target_w", "verdict")
    list_filter = ("begin", "circuit", "cannot_hold")
    list_select_related = ("circuit", "community")
    export_fields = ("circuit", "begin", "length_s", "used_ws", "target_w", "cannot_hold")

    @display(description="Mean")
    def mean(self, interval: DemandInterval) -> str:
        return power(interval.mean_w)

    @display(
        description="Target",
        label={"held": "success", "above": "danger", "running": "", "can't hold": "warning"},
    )
    def verdict(self, interval: DemandInterval) -> str:
        if interval.mean_w > interval.target_w:
            return "above"
        if interval.finished:
            return "held"
        return "can't hold" if interval.cannot_hold else "running"


@panel_for(Circuit)
def demand_panel(request: HttpRequest, circuit: Circuit) -> Panel | None:
    billed = demand.read_billed_peak(circuit, now=timezone.now())
    if billed is None:
        return None
    rows: list[list[Any]] = [
        [gettext("Target"), power(billed.target.target_w)],
        [gettext("This month's highest"), power(billed.month_peak_w)],
    ]
    running = billed.running
    if running is not None:
        said = gettext("%(mean)s of %(target)s used") % {
            "mean": power(running.mean_w),
            "target": power(running.target_w),
        }
        said += ", can't hold" if running.cannot_hold else ""
        rows.append([gettext("Interval now"), Cell(said, tone="bad" if running.cannot_hold else "ok")])
    return table(
        gettext("Billed peak"),
        ["", ""],
        rows,
        more=Cell(gettext("Intervals"), list_of(DemandInterval, circuit=circuit.pk)),
    )
