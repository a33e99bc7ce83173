from django.contrib import admin

from evbalancer.common.admin.policy import ALL
from evbalancer.common.admin.theme import display
from evbalancer.common.words.telling import tell
from fleet.models import Place, Stay, VehicleLesson
from grid.admin.audited import AuditedAdmin
from grid.admin.ledger import LedgerAdmin


@admin.register(Stay)
class StayAdmin(LedgerAdmin):
    """Which car each charging session is of, and by whose word. Only its driver corrects it."""

    list_display = ("began_at", "driver", "vehicle", "sure", "told_by", "ended_at")
    list_filter = (
        "began_at",
        "told_by",
    )
    search_fields = ("driver__name", "vehicle__name")
    list_select_related = ("driver", "vehicle", "community")
    link_lookups = ("driver", "vehicle")
    exclude = ("why",)
    readonly_fields = ("told_why",)

    @display(description="Why")
    def told_why(self, stay: Stay) -> str:
        return "; ".join(map(tell, stay.why))

    @display(description="Sure", ordering="confidence_pct")
    def sure(self, stay: Stay) -> str:
        return f"{stay.confidence_pct} %"


@admin.register(VehicleLesson)
class VehicleLessonAdmin(LedgerAdmin):
    list_display = ("learned_at", "vehicle", "battery_wh", "energy_wh", "from_pct", "to_pct")
    search_fields = ("vehicle__name",)
    list_select_related = ("vehicle", "community")
    link_lookups = ("vehicle",)


@admin.register(Place)
class PlaceAdmin(AuditedAdmin):
    """Where the garage stands. Without it no car is asked where it is."""

    manager_may = ALL
    list_display = ("community", "latitude", "longitude", "radius_m")
    fields = (("latitude", "longitude"), "radius_m")
