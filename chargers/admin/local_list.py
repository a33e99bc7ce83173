from django.contrib import admin

from chargers.models import LocalList
from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin


@admin.register(LocalList)
class LocalListAdmin(LedgerAdmin):
    """How many cards a charge point knows; which ones is a driver's own matter."""

    list_display = ("charge_point", "cards", "holds_all", "failures", "told_at")
    search_fields = ("charge_point__name", "charge_point__identity")
    list_select_related = ("charge_point", "community")
    fields = ("charge_point", "cards", "holds_all", "failures", "batch", "room", "told_at")
    export_fields = ("charge_point", "failures", "batch", "room", "told_at")

    @display(description="Cards")
    def cards(self, row: LocalList) -> int:
        return len(row.listed)

    @display(description="All of the community's", boolean=True)
    def holds_all(self, row: LocalList) -> bool:
        return row.chosen is None
