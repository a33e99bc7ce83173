from django.contrib import admin

from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from pricing.models import BillLine, LoadProfile


@admin.register(BillLine)
class BillLineAdmin(LedgerAdmin):
    """Never edited: a correction is another line."""

    list_display = ("ended_at", "driver", "kind", "energy_wh", "amount", "tariff")
    list_filter = ("kind", "tariff", "currency")
    search_fields = ("driver__name",)
    date_hierarchy = "ended_at"
    list_select_related = ("driver", "tariff", "community")
    link_lookups = ("driver", "session")
    fields = (
        "session",
        "driver",
        "tariff",
        "version",
        "kind",
        "energy_wh",
        "amount",
        "started_at",
        "ended_at",
        "parts",
        "created_at",
    )
    readonly_fields = ("amount",)
    export_fields = (
        "id",
        "ended_at",
        "driver",
        "kind",
        "energy_wh",
        "amount_minor",
        "currency",
        "tariff",
        "started_at",
        "session",
    )

    @display(description="Amount", ordering="amount_minor")
    def amount(self, line: BillLine) -> str:
        return f"{line.amount_minor / 100:,.2f} {line.currency}"


@admin.register(LoadProfile)
class LoadProfileAdmin(LedgerAdmin):
    """Computed from the meter and the bill, and again after a correction."""

    list_display = ("ended_at", "session", "cluster", "cost", "at_once", "saving")
    list_filter = ("cluster",)
    date_hierarchy = "ended_at"
    list_select_related = ("session__connector__charge_point", "cluster", "community")
    link_lookups = ("session",)
    fields = (
        "session",
        "cluster",
        ("begins_at", "ended_at"),
        ("at_once_from", "at_once_w"),
        ("cost", "at_once", "saving"),
    )
    readonly_fields = ("cost", "at_once", "saving")
    export_fields = (
        "id",
        "session",
        "cluster",
        "begins_at",
        "ended_at",
        "energies_wh",
        "cost_minor",
        "at_once_minor",
    )

    @display(description="Billed")
    def cost(self, profile: LoadProfile) -> str:
        return _said(profile.cost_minor, profile)

    @display(description="Charging at once")
    def at_once(self, profile: LoadProfile) -> str:
        return _said(profile.at_once_minor, profile)

    @display(description="Saved")
    def saving(self, profile: LoadProfile) -> str:
        return _said(profile.saved_minor, profile)


def _said(amount_minor: int | None, profile: LoadProfile) -> str:
    if amount_minor is None:
        return "price not known"
    return f"{amount_minor / 100:,.2f} {profile.community.currency}"
