from django.contrib import admin

from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from scheduling.models import FairnessEntry


@admin.register(FairnessEntry)
class FairnessEntryAdmin(LedgerAdmin):
    list_display = ("at", "driver", "wanted_wh", "promised_wh", "received_wh", "satisfaction", "waited_s")
    list_filter = ("cluster",)
    search_fields = ("driver__name",)
    date_hierarchy = "at"
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fields = ("at", "cluster", "driver", "session", "wanted_wh", "promised_wh", "received_wh", "waited_s")

    @display(description="Satisfied")
    def satisfaction(self, entry: FairnessEntry) -> str:
        if not entry.wanted_wh:
            return "100 %"
        return f"{min(100, round(100 * entry.received_wh / entry.wanted_wh))} %"
