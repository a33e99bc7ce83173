from datetime import timedelta

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Cell, Panel, list_of, panel_for, table
from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from grid.models import Cluster
from scheduling.models import FairnessEntry


@admin.register(FairnessEntry)
class FairnessEntryAdmin(LedgerAdmin):
    list_display = ("at", "driver", "wanted_wh", "promised_wh", "received_wh", "satisfaction", "waited_s")
    list_filter = (
        "at",
        "cluster",
    )
    search_fields = ("driver__name",)
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fields = (
        "at",
        "cluster",
        "driver",
        "session",
        "wanted_wh",
        "given_up_wh",
        "promised_wh",
        "received_wh",
        "waited_s",
    )

    @display(description="Satisfied")
    def satisfaction(self, entry: FairnessEntry) -> str:
        due_wh = entry.wanted_wh - entry.given_up_wh
        if due_wh <= 0:
            return "100 %"
        return f"{min(100, round(100 * entry.received_wh / due_wh))} %"


@panel_for(Cluster, rank=20)
def reports_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    """The last three months, each on a page that prints."""
    page, month, rows = reverse("fairness-page", args=[cluster.pk]), timezone.localdate().replace(day=1), []
    for _ in range(3):
        rows.append([Cell(dateformat.format(month, "F Y"), f"{page}?month={month:%Y-%m}")])
        month = (month - timedelta(days=1)).replace(day=1)
    more = Cell(gettext("The whole ledger"), list_of(FairnessEntry, cluster__id__exact=cluster.pk))
    return table(gettext("Fairness reports"), [gettext("Month")], rows, more=more)
