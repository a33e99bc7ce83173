from django.contrib import admin

from drivers.models import Notification
from grid.admin.ledger import LedgerAdmin


@admin.register(Notification)
class NotificationAdmin(LedgerAdmin):
    list_display = ("created_at", "driver", "kind", "text", "read_at")
    list_filter = ("kind",)
    search_fields = ("driver__name", "text")
    date_hierarchy = "created_at"
    list_select_related = ("driver", "community")
