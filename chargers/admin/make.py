from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from chargers.models import Make, MakeCorrection
from evbalancer.common.admin.panels import Panel, panel_for, table
from evbalancer.common.admin.policy import EDIT, NOBODY
from evbalancer.common.clocks import clock
from grid.admin.audited import AuditedAdmin


@admin.register(Make)
class MakeAdmin(AuditedAdmin):
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
                    ("takes_station_limit", "station_way", "shows_idle_fallback"),
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


MOST_SHOWN = 50


@panel_for(Make, rank=10)
def corrections_panel(request: HttpRequest, make: Make) -> Panel | None:
    """What its messages had to be put right in before they could be read: a word for the maker."""
    rows = [
        [
            row.action or gettext("other messages"),
            row.place,
            row.how + (f" ({row.word})" if row.word else ""),
            str(row.count),
            clock.worded(row.last_at, "d M H:i"),
        ]
        for row in MakeCorrection.objects.filter(make=make).order_by("-count")[:MOST_SHOWN]
    ]
    heads = [
        gettext("Message"),
        gettext("Place"),
        gettext("How it was read"),
        gettext("Times"),
        gettext("Last"),
    ]
    return table(gettext("Messages that did not follow OCPP"), heads, rows) if rows else None
