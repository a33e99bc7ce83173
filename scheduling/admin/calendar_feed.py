from django.contrib import admin

from grid.admin.ledger import LedgerAdmin
from scheduling.models import CalendarFeed


@admin.register(CalendarFeed)
class CalendarFeedAdmin(LedgerAdmin):
    """Whose slots can be read at a secret address; the address itself is kept nowhere."""

    list_display = ("driver", "created_at")
    search_fields = ("driver__name",)
    list_select_related = ("driver", "community")
    fields = ("driver", "created_at")
    export_fields = ("driver", "created_at")
