from django.contrib import admin

from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from scheduling.models import SlotRequest

STATE_LABELS = {
    "Promised": "success",
    "Promised in part": "warning",
    "Queued": "warning",
    "Charging": "success",
    "Refused": "danger",
    "Fulfilled": "",
    "Cancelled": "",
    "Lapsed": "",
}


@admin.register(SlotRequest)
class SlotRequestAdmin(LedgerAdmin):
    list_display = ("created_at", "driver", "connector", "energy_wh", "promised_wh", "ready_by", "state_word")
    list_filter = ("created_at", "state", "cluster", "flexible")
    search_fields = ("driver__name",)
    exclude = ("why", "why_said")
    readonly_fields = ("told_why",)
    list_select_related = ("driver", "connector__charge_point", "community")
    link_lookups = ("driver",)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_word(self, request: SlotRequest) -> str:
        return request.get_state_display()

    @display(description="Why")
    def told_why(self, request: SlotRequest) -> str:
        return request.why_told
