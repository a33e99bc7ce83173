"""Prices that follow the market: the numbers of the formula, and the curve that was published, in parts."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import display
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.ledger import LedgerAdmin
from pricing.admin.chart import draw_steps
from pricing.domain import curves, signals
from pricing.dynamic import Step
from pricing.enums import SignalQuantity
from pricing.models import DynamicPrice, EnergySignal, PricePublication

SHOWN_QUARTERS = 48 * 4
PARTS = {
    "market": "Market",
    "grid": "Grid fee",
    "levies": "Levies",
    "scarcity": "Scarcity",
    "carbon": "Carbon",
    "tax": "Tax",
    "limit": "Floor or ceiling",
}


class DynamicPriceForm(AuditedForm):
    def check_row(self) -> None:
        policy = self.instance
        if policy.market.quantity != SignalQuantity.PRICE:
            raise ValidationError({"market": gettext("This signal says carbon, not prices.")})
        if policy.carbon is not None and policy.carbon.quantity != SignalQuantity.CARBON:
            raise ValidationError({"carbon": gettext("This signal says prices, not carbon.")})
        if not policy.scarcity_from_pct and policy.scarcity_most_per_mwh_minor:
            raise ValidationError({"scarcity_from_pct": gettext("From 0 % on, scarcity would never begin.")})


@admin.register(DynamicPrice)
class DynamicPriceAdmin(AuditedAdmin):
    form = DynamicPriceForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "cluster"
    fixed_after_add = ("cluster",)
    list_display = ("cluster", "market", "active", "state")
    list_filter = ("active", "cluster")
    list_select_related = ("cluster", "market", "community")
    fieldsets = (
        (None, {"fields": (("cluster", "active"), ("market", "fallback_per_mwh_minor"))}),
        ("Fees and tax", {"fields": (("grid_fee_per_mwh_minor", "levies_per_mwh_minor"), "tax_permille")}),
        ("Scarcity", {"fields": (("scarcity_most_per_mwh_minor", "scarcity_from_pct"),)}),
        ("Carbon", {"fields": (("carbon", "carbon_per_tonne_minor"),)}),
        ("Bounds", {"fields": (("floor_per_mwh_minor", "ceiling_per_mwh_minor"),)}),
    )

    @display(
        description="State", label={"follows": "success", "off": "", "fallback": "warning", "not yet": ""}
    )
    def state(self, policy: DynamicPrice) -> str:
        if not policy.active:
            return "off"
        [step] = curves.published_steps(policy.cluster_id, start=signals.quarter_of(timezone.now()), count=1)
        if step is None:
            return "not yet"
        return "fallback" if step.is_fallback else "follows"


@admin.register(PricePublication)
class PricePublicationAdmin(LedgerAdmin):
    list_display = ("cluster", "published_at", "begins_at", "ends_at")
    list_filter = (
        "published_at",
        "cluster",
    )
    list_select_related = ("cluster", "community")
    fields = ("cluster", "published_at", ("begins_at", "ends_at"), "terms", "per_mwh_minor", "inputs")
    export_fields = ("id", "cluster", "published_at", "begins_at", "ends_at", "per_mwh_minor")


@panel_for(DynamicPrice, rank=5)
def curve_panel(request: HttpRequest, policy: DynamicPrice) -> Panel | None:
    """The price and the market below it, from yesterday evening to where they are published."""
    now = timezone.now()
    start = signals.quarter_of(now) - timedelta(hours=12)
    steps = curves.published_steps(policy.cluster_id, start=start, count=SHOWN_QUARTERS)
    if not any(steps):
        return None
    lines = {
        "Price": [None if step is None else step.total for step in steps],
        "Market": [None if step is None else step.market for step in steps],
    }
    currency, zone = policy.community.currency, ZoneInfo(policy.community.time_zone)
    return Panel(
        gettext("Published prices"),
        "admin/pricing/steps.html",
        draw_steps(lines, start=start, now=now, zone=zone, word=lambda value: _price(value, currency)),
    )


@panel_for(DynamicPrice, rank=6)
def parts_panel(request: HttpRequest, policy: DynamicPrice) -> Panel | None:
    """The quarter that runs, as a sum; and how fresh the market is."""
    [step] = curves.published_steps(policy.cluster_id, start=signals.quarter_of(timezone.now()), count=1)
    if step is None:
        return None
    currency = policy.community.currency
    rows: list[list[Any]] = [[PARTS[name], _price(getattr(step, name), currency)] for name in PARTS]
    rows.append([Cell(gettext("Price now"), tone="ok"), _price(step.total, currency)])
    rows.append([gettext("Market comes from"), _told_by(policy.market, step)])
    return table(gettext("The price now, in parts"), [gettext("Part"), gettext("Per kWh")], rows)


def _told_by(signal: EnergySignal, step: Step) -> Cell:
    if step.is_fallback:
        return Cell(gettext("nothing is known: the fallback price holds"), page_of(signal), tone="warn")
    return Cell(str(signal), page_of(signal))


def _price(value: int, currency: str) -> str:
    return f"{value / 100_000:.4g} {currency}"
