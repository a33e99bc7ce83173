"""The month's fairness on one page that prints: by driver for managers, the own line among all others for drivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import floor
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from drivers.domain.belonging import match_belonging
from drivers.models import Driver
from evbalancer.common.security.tenancy import access_of
from evbalancer.dashboard.live.access import clusters_in_use
from grid.models import Cluster
from scheduling.domain.booking import keeping
from scheduling.domain.views import analytics
from scheduling.models import SharingPrice

# What an A4 page holds beside its figures. The lines are sorted: the worst served are always on it.
MOST_LINES = 28
LEFT, RIGHT = 20, 680


@dataclass(frozen=True)
class Mark:
    """A driver's share on the drawn line."""

    x: float
    share: float


@require_GET
@login_required
@never_cache
def fairness_page(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """404 for who neither manages this community nor drives in it."""
    cluster = clusters_in_use().filter(pk=cluster_id).select_related("community").first()
    if cluster is None:
        raise Http404
    manages = access_of(request.user).manages(cluster.community_id)
    own = Driver.objects.filter(
        match_belonging(), user=request.user.pk, community=cluster.community_id
    ).first()
    if not manages and own is None:
        raise Http404
    now = datetime.now(UTC)
    month = _month(request.GET.get("month", ""), cluster, now=now)
    return render(request, "dashboard/fairness.html", _context(cluster, month, own, manages=manages, now=now))


def _context(
    cluster: Cluster, month: date, own: Driver | None, *, manages: bool, now: datetime
) -> dict[str, Any]:
    zone = ZoneInfo(cluster.community.time_zone)
    following = (month + timedelta(days=31)).replace(day=1)
    begin, end = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (month, following))
    report = analytics.report_fairness(cluster, start=begin, end=end)
    mine = next((line for line in report.lines if own is not None and line.driver_id == own.pk), None)
    deciles = analytics.share_deciles([line.satisfaction for line in report.lines])
    least = _least([*(deciles or ()), *([mine.satisfaction] if mine is not None else [])])
    lines = report.lines if manages else ([mine] if mine is not None else [])
    return {
        "cluster": cluster,
        "month": month,
        "earlier": (month - timedelta(days=1)).replace(day=1),
        "later": following if end <= now else None,
        "is_running": end > now,
        "made_at": now.astimezone(zone),
        "report": report,
        "price": SharingPrice.objects.filter(cluster=cluster, days__gt=0).first(),
        "promises": keeping.kept_promises([cluster.pk], start=begin, end=end).get(
            cluster.pk, keeping.Record()
        ),
        "manages": manages,
        "lines": lines[:MOST_LINES],
        "left_out": max(0, len(lines) - MOST_LINES),
        "mine": mine,
        "start": begin.isoformat(),
        "end": end.isoformat(),
        "least": least,
        "neighbours": [_mark(share, least=least) for share in deciles or ()],
        "own_mark": _mark(mine.satisfaction, least=least) if mine is not None else None,
    }


def _month(asked: str, cluster: Cluster, *, now: datetime) -> date:
    """The first of the month that is asked for, by default of the one that runs. 404 for one that is none or to come."""
    today = now.astimezone(ZoneInfo(cluster.community.time_zone)).date()
    if not asked:
        return today.replace(day=1)
    try:
        month = datetime.strptime(asked, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise Http404 from error
    if month > today or month.year < 2000:
        raise Http404
    return month


def _least(shares: Sequence[float]) -> float:
    """Where the drawn line begins: a twentieth at or below the least share, with some air."""
    return max(0.0, floor((min(shares, default=0.0) - 0.02) * 20) / 20)


def _mark(share: float, *, least: float) -> Mark:
    return Mark(round(LEFT + (share - least) / (1 - least) * (RIGHT - LEFT), 1), share)
