"""Tariffs, with the week drawn as a heat map."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from evbalancer.common.admin.base import TenantInline
from evbalancer.common.admin.fields import WEEKDAYS, MinuteOfDayField, WeekdaysField
from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.admin.policy import ALL, EDIT
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import price
from grid.admin.audited import AuditedAdmin, AuditedForm
from pricing.domain.tariffs import prices_of
from pricing.models import Tariff, TariffWindow

HALF_HOURS = 48


class WindowForm(AuditedForm):
    weekdays = WeekdaysField(label="Days", widget=UnfoldAdminCheckboxSelectMultipleWidget)
    start_min = MinuteOfDayField(label="From", help_text="17:00")
    end_min = MinuteOfDayField(label="To", help_text="24:00 ends the day")


class WindowInline(TenantInline):
    model = TariffWindow
    form = WindowForm
    manager_may = ALL
    fields = ("weekdays", "start_min", "end_min", "price_per_mwh_minor")
    verbose_name_plural = "Other prices in parts of the week"
    tab = False
    show_change_link = False


@admin.register(Tariff)
class TariffAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("name", "state", "base", "valid_from")
    list_filter = ("valid_from",)
    search_fields = ("name",)
    list_select_related = ("community",)
    inlines = (WindowInline,)
    fieldsets = (
        (None, {"fields": (("name", "valid_from"),)}),
        (
            "Prices",
            {
                "fields": (
                    ("base_price_per_mwh_minor", "emergency_surcharge_per_mwh_minor"),
                    "overstay_per_hour_minor",
                )
            },
        ),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return {"valid_from": today, **super().get_changeform_initial_data(request)}

    @display(description="Price", ordering="base_price_per_mwh_minor")
    def base(self, tariff: Tariff) -> str:
        return price(tariff.base_price_per_mwh_minor)

    @display(description="State", label={"in force": "success", "to come": "warning", "past": ""})
    def state(self, tariff: Tariff) -> str:
        now = timezone.now()
        if tariff.valid_from > now:
            return "to come"
        newer = Tariff.objects.filter(
            community=tariff.community_id, valid_from__gt=tariff.valid_from, valid_from__lte=now
        )
        return "past" if newer.exists() else "in force"


@panel_for(Tariff)
def week_panel(request: HttpRequest, tariff: Tariff) -> Panel | None:
    """The local week by half hours, dearest darkest."""
    zone = ZoneInfo(tariff.community.time_zone)
    prices = prices_of(tariff, time_zone=tariff.community.time_zone)
    # A week without a change of clocks.
    monday = datetime.combine(datetime(2026, 1, 5, tzinfo=zone), time(0), tzinfo=zone)
    rows = []
    for day in range(7):
        starts = [monday + timedelta(days=day, minutes=30 * half) for half in range(HALF_HOURS)]
        rows.append((WEEKDAYS[day], [(start, prices.at(start)) for start in starts]))
    seen = sorted({value for _, cells in rows for _, value in cells})
    steps = {value: round(8 * index / max(1, len(seen) - 1)) for index, value in enumerate(seen)}
    week = [
        {
            "day": day[:3],
            "cells": [
                {"step": steps[value], "said": f"{day} {start:%H:%M}, {price(value)}"}
                for start, value in cells
            ],
        }
        for day, cells in rows
    ]
    legend = [{"step": steps[value], "said": price(value)} for value in seen]
    return Panel(
        "The week",
        "admin/pricing/week.html",
        {"week": week, "legend": legend, "zone": tariff.community.time_zone, "hours": range(0, 24, 2)},
    )


@admin.register(TariffWindow)
class TariffWindowAdmin(AuditedAdmin):
    form = WindowForm
    manager_may = ALL
    community_from = "tariff"
    fixed_after_add = ("tariff",)
    list_display = ("__str__", "tariff", "days", "price_per_mwh_minor")
    list_filter = ("tariff",)
    list_select_related = ("tariff", "community")
    fields = ("tariff", "weekdays", "start_min", "end_min", "price_per_mwh_minor")

    @display(description="Days")
    def days(self, window: TariffWindow) -> str:
        return " ".join(name[:2] for bit, name in enumerate(WEEKDAYS) if window.weekdays & (1 << bit))
