from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin.fields import CurveField
from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.admin.policy import ALL
from evbalancer.common.waking import wake_balancer
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.ledger import LedgerAdmin
from grid.domain import commissioning
from grid.models import LoadCurve, MeterReading

COLOURS = ("l1", "l2", "l3")


@admin.register(MeterReading)
class MeterReadingAdmin(LedgerAdmin):
    list_display = (
        "circuit",
        "measured_at",
        "received_at",
        "base_load_l1_ma",
        "base_load_l2_ma",
        "base_load_l3_ma",
    )
    list_filter = (
        "received_at",
        "circuit",
    )
    list_select_related = ("circuit", "community")


class WeekField(CurveField):
    """Seven lines of 24 numbers of amperes, Monday first."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], list):
            return "\n".join(super(WeekField, self).prepare_value(day) for day in value)
        return value

    def clean(self, value: Any) -> Any:
        lines = [line for line in str(value or "").splitlines() if line.strip()]
        return [super(WeekField, self).clean(line) for line in lines] or None


class LoadCurveForm(AuditedForm):
    l1_ma = CurveField(label="L1 (A)", widget=forms.Textarea(attrs={"rows": 4}))
    l2_ma = CurveField(label="L2 (A)", widget=forms.Textarea(attrs={"rows": 4}))
    l3_ma = CurveField(
        label="L3 (A)",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="96 numbers, one a quarter hour from midnight.",
    )
    week_ma = WeekField(
        label="By weekday (A)",
        required=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="Instead of the day above: seven lines from Monday on, of 24 numbers each, on every phase.",
    )

    def check_row(self) -> None:
        commissioning.check_curve(self.instance)


@admin.register(LoadCurve)
class LoadCurveAdmin(AuditedAdmin):
    form = LoadCurveForm
    manager_may = ALL
    community_from = "circuit"
    fixed_after_add = ("circuit",)
    list_display = ("circuit",)
    list_filter = ("circuit",)
    list_select_related = ("circuit", "community")
    fieldsets = ((None, {"fields": ("circuit", "l1_ma", "l2_ma", "l3_ma", "week_ma")}),)

    def saved(self, row: Any) -> None:
        wake_balancer(row.circuit.cluster_id)


@panel_for(LoadCurve)
def curve_panel(request: HttpRequest, curve: LoadCurve) -> Panel | None:
    phases = (curve.l1_ma, curve.l2_ma, curve.l3_ma)
    top = max(1, *(max(phase) for phase in phases))
    lines = [
        {
            "name": name.upper(),
            "points": " ".join(f"{x * 10},{200 - round(190 * y / top)}" for x, y in enumerate(phase)),
        }
        for name, phase in zip(COLOURS, phases, strict=True)
    ]
    return Panel(
        gettext("A usual day"), "admin/grid/curve.html", {"lines": lines, "top_a": round(top / 1000)}
    )
