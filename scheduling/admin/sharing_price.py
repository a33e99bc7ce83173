"""What the order in a shortage costs, by the cluster's own last weeks: said where it is chosen."""

from django.contrib import admin
from django.http import HttpRequest

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
        _row("What cannot wait first", price, price.energy_urgent, price.worst_urgent, price.wait_urgent_s),
        _row(
            "Everybody a little first",
            price,
            price.energy_everybody,
            price.worst_everybody,
            price.wait_everybody_s,
        ),
    ]
    rows[cluster.everybody_first][0] = Cell(f"{rows[cluster.everybody_first][0]} (chosen)", tone="ok")
    headers = [
        "Order in a shortage",
        "Days and cars, played again",
        "Received of what was wanted",
        "The worst-served twentieth",
        "Mean wait for the first power",
    ]
    return table("What the order costs here", headers, rows, more=Cell("The figures", page_of(price)))


def _row(
    order: str, price: SharingPrice, energy: float | None, worst: float | None, wait_s: int | None
) -> list[Cell | str]:
    if energy is None or worst is None or wait_s is None:
        return [order, "no car came in the last weeks", "-", "-", "-"]
    return [
        order,
        f"{price.days} days, {price.cars} cars",
        f"{100 * energy:.1f} %",
        f"{100 * worst:.0f} %",
        f"{wait_s // 60} min",
    ]
