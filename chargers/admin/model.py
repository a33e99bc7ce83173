from django.contrib import admin

from chargers.models import ChargePointModel
from evbalancer.common.admin.policy import EDIT, NOBODY
from grid.admin.audited import AuditedAdmin


@admin.register(ChargePointModel)
class ChargePointModelAdmin(AuditedAdmin):
    """What was learnt of a make serves every community, so operators answer for it."""

    manager_may = NOBODY
    operator_may = EDIT
    list_display = (
        "__str__",
        "honours_relative",
        "honours_duration",
        "keeps_transaction_at_zero",
        "takes_station_limit",
        "tried_at",
    )
    search_fields = ("vendor", "model")
    fieldsets = (
        (None, {"fields": (("vendor", "model"),)}),
        (
            "Learnt with real transactions",
            {
                "fields": (
                    ("honours_relative", "honours_duration", "keeps_transaction_at_zero"),
                    ("clock_error_s", "rung", "tried_at"),
                    ("takes_station_limit", "station_way", "shows_idle_default"),
                    "keeps_limits_apart",
                )
            },
        ),
        (
            "What it says of itself",
            {
                "fields": (
                    "feature_profiles",
                    ("max_stack_level", "rate_units"),
                    "measurands",
                    "told_firmware",
                )
            },
        ),
    )
    readonly_fields = ("feature_profiles", "max_stack_level", "rate_units", "measurands", "told_firmware")
