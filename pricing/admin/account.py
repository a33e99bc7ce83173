"""A cluster's month of money, on the pages of the cluster and of the month to bill."""

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.words.amounts import kilowatts
from grid.models import Cluster
from pricing.admin.chart import HEIGHT, WIDTH, draw_steps
from pricing.domain.papers.accounts import figures_in, month_name, notes_on, peak_day
from pricing.domain.papers.charges import show_money
from pricing.domain.reports.accounts import Account, read_account
from pricing.models import BillingMonth
from pricing.signals.series import QUARTER

KEPT_S: Final = 300
FOOT: Final = 18
GAP: Final = 0.25


@panel_for(Cluster, rank=34)
def running_month_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    """The month that runs. None before anything was sold in it."""
    zone = ZoneInfo(cluster.community.time_zone)
    return _panel([cluster], timezone.localdate(timezone=zone))


@panel_for(BillingMonth, rank=34)
def billed_month_panel(request: HttpRequest, month: BillingMonth) -> Panel | None:
    """The month to bill, of each cluster of the community."""
    clusters = Cluster.objects.filter(community=month.community_id).select_related("community")
    return _panel(clusters, month.first_day)


def _panel(clusters: Any, month: date) -> Panel | None:
    parts = [part for cluster in clusters if (part := _part(cluster, month)) is not None]
    if not parts:
        return None
    return Panel(gettext("Revenue, cost and peak"), "admin/pricing/account.html", {"parts": parts})


def _part(cluster: Cluster, month: date) -> dict[str, Any] | None:
    """Kept for five minutes: a month of a large cluster has thousands of sessions."""
    key = f"account:{cluster.pk}:{month:%Y-%m}:{get_language()}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        account = read_account(cluster, month=month, now=timezone.now())
        kept = _drawn(cluster, account) if account.sessions else {}
        cache.set(key, kept, KEPT_S)
    return kept or None


def _drawn(cluster: Cluster, account: Account) -> dict[str, Any]:
    return {
        "name": f"{cluster.name}, {month_name(account)}",
        "figures": figures_in(account),
        "notes": notes_on(account),
        "days": _bars(account),
        "loads": _loads(cluster, account),
        "file": f"{reverse('account-xlsx', args=[cluster.pk])}?month={account.month.isoformat()}",
    }


def _bars(account: Account) -> dict[str, Any]:
    """Two bars a day: revenue, and the cost of its energy in front of it."""
    most = max([1, *(max(day.revenue_minor, day.purchase_minor) for day in account.days)])
    wide = WIDTH / 31

    def high(minor: int) -> float:
        return round(max(0, minor) * HEIGHT / most, 1)

    bars = [
        {
            "x": round((day.day.day - 1) * wide, 1),
            "inner_x": round((day.day.day - 1 + GAP) * wide, 1),
            "revenue_y": HEIGHT - high(day.revenue_minor),
            "revenue": high(day.revenue_minor),
            "cost_y": HEIGHT - high(day.purchase_minor),
            "cost": high(day.purchase_minor),
            "said": f"{day.day:%d.%m.}: {show_money(day.revenue_minor, account.currency)} / "
            f"{show_money(day.purchase_minor, account.currency)}",
        }
        for day in account.days
    ]
    ticks = [{"x": round((day - 1) * wide, 1), "said": str(day)} for day in range(1, 32, 5)]
    return {
        "bars": bars,
        "ticks": ticks,
        "wide": round(wide * 0.9, 1),
        "inner": round(wide * 0.4, 1),
        "width": WIDTH,
        "height": HEIGHT,
        "whole": HEIGHT + FOOT,
        "most": show_money(most, account.currency),
    }


def _loads(cluster: Cluster, account: Account) -> dict[str, Any] | None:
    """The day with the highest load of charging at once."""
    loads = account.loads
    if loads is None:
        return None
    shown = peak_day(loads)
    lines = {
        gettext("As it was"): loads.actual_w[shown],
        gettext("Charging at once"): loads.at_once_w[shown],
    }
    zone = ZoneInfo(cluster.community.time_zone)
    start = loads.start + shown.start * QUARTER
    return {
        **draw_steps(lines, start=start, now=start, zone=zone, word=kilowatts),
        "day": f"{start.astimezone(zone):%d.%m.%Y}",
    }
