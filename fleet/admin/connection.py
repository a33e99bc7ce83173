from django.contrib import admin

from evbalancer.common.admin import scope
from evbalancer.common.admin.policy import NOBODY
from evbalancer.common.admin.theme import display
from fleet.models import ConnectState, SmartcarConnection
from grid.admin.ledger import LedgerAdmin

scope.declare(ConnectState, "driver__community_id")


@admin.register(SmartcarConnection)
class SmartcarConnectionAdmin(LedgerAdmin):
    """Consent and its state. The tokens never leave the fleet app."""

    list_display = ("driver", "state_word", "state_since", "refreshed_at", "refresh_expires_at")
    list_filter = ("state",)
    search_fields = ("driver__name",)
    list_select_related = ("driver", "community")
    fieldsets = (
        (None, {"fields": ("driver", ("state", "state_since"), "scopes")}),
        ("Tokens", {"fields": (("refreshed_at", "access_expires_at", "refresh_expires_at"),)}),
    )
    export_fields = ("driver", "state", "state_since", "refreshed_at")

    @display(
        description="State",
        ordering="state",
        label={"Connected": "success", "Reconnect needed": "warning", "Disconnected": ""},
    )
    def state_word(self, connection: SmartcarConnection) -> str:
        return connection.get_state_display()


@admin.register(ConnectState)
class ConnectStateAdmin(LedgerAdmin):
    manager_may = NOBODY
    list_display = ("driver", "user", "expires_at", "used_at")
    list_select_related = ("driver", "user")
    fields = ("driver", "user", "expires_at", "used_at")
    export_fields = ("driver", "expires_at", "used_at")
