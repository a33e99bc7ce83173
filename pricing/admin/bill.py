from django.contrib import admin

from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from pricing.models import BillLine


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
