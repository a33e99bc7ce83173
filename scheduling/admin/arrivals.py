"""What usually comes to a cluster, and what planning for it was worth on its own last days."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin
from grid.models import Cluster
from scheduling.models import ArrivalForecast


@admin.register(ArrivalForecast)
class ArrivalForecastAdmin(LedgerAdmin):
    list_display = ("cluster", "learned_at", "days", "busyness", "worth", "is_used")
    list_filter = ("is_used",)
    list_select_related = ("cluster", "community")
    fields = (
        ("cluster", "is_used"),
        ("learned_at", "day", "days"),
        ("usual_stay_wh", "busyness"),
        "days_played",
        ("energy_without", "energy_with"),
        ("worst_without", "worst_with"),
        "flows",
    )

    @display(description="Worst served, without and with")
    def worth(self, forecast: ArrivalForecast) -> str:
        return worth_of(forecast) or "-"


def worth_of(forecast: ArrivalForecast) -> str:
    """What the worst-served cars of the last days had, without the forecast and with it."""
    if forecast.worst_without is None or forecast.worst_with is None:
        return ""
    return f"{forecast.worst_without:.0%}, {forecast.worst_with:.0%}"


@panel_for(Cluster, rank=30)
def arrivals_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    forecast = ArrivalForecast.objects.filter(cluster=cluster).first()
    if forecast is None or not cluster.plans_for_arrivals:
        return None
    verdict = (
        Cell(gettext("Yes, it helped"), tone="ok")
        if forecast.is_used
        else Cell(gettext("No, it did not help"), tone="quiet")
    )
    if not forecast.days_played:
        verdict = Cell(gettext("Not yet: a week is needed to learn from"), tone="quiet")
    rows = [
        [
            forecast.day.isoformat(),
            str(forecast.days),
            verdict,
            worth_of(forecast) or "-",
            f"{forecast.busyness:.1f}",
        ]
    ]
    headers = [
        gettext("For"),
        gettext("Learnt from days"),
        gettext("Planned for"),
        gettext("Worst-served cars of the last days, without and with"),
        gettext("Today against a usual day"),
    ]
    return table(
        gettext("Cars that usually come"),
        headers,
        rows,
        more=Cell(gettext("The forecast"), page_of(forecast)),
    )
