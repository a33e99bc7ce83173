"""What the order in a shortage costs, by the cluster's own last weeks: said where it is chosen."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from grid.admin.ledger import LedgerAdmin
from grid.models import Cluster
from scheduling.models import SharingPrice


@admin.register(SharingPrice)
class SharingPriceAdmin(LedgerAdmin):
    list_display = ("cluster", "measured_at", "days", "cars", "energy_urgent", "energy_everybody")
    list_select_related = ("cluster", "community")
    fields = (
        "cluster",
        ("measured_at", "day"),
        ("days", "cars"),
        ("energy_urgent", "energy_everybody"),
        ("worst_urgent", "worst_everybody"),
        ("wait_urgent_s", "wait_everybody_s"),
    )


@panel_for(Cluster, rank=31)
def sharing_price_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    price = SharingPrice.objects.filter(cluster=cluster).first()
    if price is None:
        return None
    rows = [
        _row(
            gettext("What cannot wait first"),
            price,
            price.energy_urgent,
            price.worst_urgent,
            price.wait_urgent_s,
        ),
        _row(
            gettext("Everybody a little first"),
            price,
            price.energy_everybody,
            price.worst_everybody,
            price.wait_everybody_s,
        ),
    ]
    rows[cluster.everybody_first][0] = Cell(
        gettext("%(rows)s (chosen)") % {"rows": rows[cluster.everybody_first][0]}, tone="ok"
    )
    headers = [
        gettext("Order in a shortage"),
        gettext("Days and cars, played again"),
        gettext("Received of what was wanted"),
        gettext("The worst-served twentieth"),
        gettext("Mean wait for the first power"),
    ]
    return table(
        gettext("What the order costs here"), headers, rows, more=Cell(gettext("The figures"), page_of(price))
    )


def _row(
    order: str, price: SharingPrice, energy: float | None, worst: float | None, wait_s: int | None
) -> list[Cell | str]:
    if energy is None or worst is None or wait_s is None:
        return [order, gettext("no car came in the last weeks"), "-", "-", "-"]
    return [
        order,
        gettext("%(days)s days, %(cars)s cars") % {"days": price.days, "cars": price.cars},
        f"{100 * energy:.1f} %",
        f"{100 * worst:.0f} %",
        gettext("%(value)s min") % {"value": wait_s // 60},
    ]
