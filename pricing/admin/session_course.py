"""A session in one picture: its power below its limit, the price of each quarter, and the charge of the battery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from chargers.models import MeterValue, Session
from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.units import ma_to_w
from evbalancer.common.words.amounts import power
from pricing.admin.chart import FOOT, HEIGHT, WIDTH
from pricing.domain import curves, signals
from pricing.domain.papers.charges import show_money
from pricing.signals.series import QUARTER

MOST_POINTS: Final = 480
# Longer stays show their end: what is asked about is what happened lately.
LONGEST: Final = timedelta(days=3)
KWH_PER_MWH: Final = 1_000
TICKS: Final = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
MOST_TICKS: Final = 8

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class _Frame:
    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        return round((moment - self.start) / (self.end - self.start) * WIDTH, 1)


@panel_for(Session, rank=5)
def course_panel(request: HttpRequest, session: Session) -> Panel | None:
    """None before the meter has said anything."""
    rows = _rows(session)
    if len(rows) < 2:
        return None
    frame = _Frame(rows[0][0], max(rows[-1][0], rows[0][0] + timedelta(minutes=1)))
    phases = len(session.phases_seen) or len(session.connector.wired_phases)
    volts = session.connector.charge_point.cluster.voltage_v
    limits = [
        (at, ma_to_w(offered_ma, voltage_v=volts, phases=phases))
        for at, _, offered_ma, _ in rows
        if offered_ma is not None
    ]
    powers = [(at, power_w) for at, power_w, _, _ in rows if power_w is not None]
    most_w = max([power_w for _, power_w in [*limits, *powers]], default=0) or 1
    prices = _prices(session, frame)
    lines = [
        {"name": "Power", "kind": "area", "path": _area(_scaled(powers, frame, most_w))},
        {
            "name": "Limit, as the charger offers it",
            "kind": "limit",
            "path": _steps(_scaled(limits, frame, most_w)),
        },
        {
            "name": _price_name(session, prices),
            "kind": "line-2",
            "path": _steps(_scaled(prices, frame, _top(prices))),
        },
        {
            "name": "Charge of the battery, 0 to 100 %",
            "kind": "line-1",
            "path": _line(_scaled(_charges(rows), frame, 100)),
        },
    ]
    zone = ZoneInfo(session.community.time_zone)
    context = {
        "lines": [line for line in lines if line["path"]],
        "ticks": [{"x": frame.x(at), "said": f"{at.astimezone(zone):%H:%M}"} for at in _ticks(frame, zone)],
        "width": WIDTH,
        "height": HEIGHT,
        "whole": HEIGHT + FOOT,
        "most": power(most_w),
        "zone": zone.key,
        "begins": frame.start,
        "ends": frame.end,
    }
    return Panel("Power, limit, price and charge", "admin/pricing/session_course.html", context)


def _rows(session: Session) -> list[tuple[datetime, int | None, int | None, int | None]]:
    """Every n-th value, so that a long stay is no longer to read than a short one."""
    ends_at = session.stopped_at or timezone.now()
    values = MeterValue.objects.filter(
        session_id=session.pk, received_at__gte=ends_at - LONGEST, quarantine=""
    )
    rows = list(
        values.order_by("received_at").values_list("received_at", "power_w", "offered_ma", "charge_pct")
    )
    every = -(-len(rows) // MOST_POINTS) or 1
    return [*rows[:-1:every], *rows[-1:]]


def _charges(
    rows: Sequence[tuple[datetime, int | None, int | None, int | None]],
) -> list[tuple[datetime, float]]:
    return [(at, float(pct)) for at, _, _, pct in rows if pct is not None]


def _prices(session: Session, frame: _Frame) -> list[tuple[datetime, float]]:
    start = signals.quarter_of(frame.start)
    count = -(-int((frame.end - start).total_seconds()) // int(QUARTER.total_seconds()))
    told = curves.prices_ahead(
        session.connector.charge_point.cluster,
        start=start,
        count=count,
        driver=session.driver,
        connector=session.connector,
        at=session.started_at or session.plugged_at,
    )
    return [(max(frame.start, start + number * QUARTER), price) for number, price in enumerate(told)]


def _price_name(session: Session, prices: Sequence[tuple[datetime, float]]) -> str:
    if not prices:
        return "Price"
    values = [price for _, price in prices]
    least, most = (
        show_money(round(value / KWH_PER_MWH), session.community.currency)
        for value in (min(values), max(values))
    )
    return f"Price of a kWh, {least}" if least == most else f"Price of a kWh, {least} to {most}"


def _top(points: Sequence[tuple[datetime, float]]) -> float:
    # In the upper half of the picture it would lie on the power.
    return 2 * max((value for _, value in points), default=1.0) or 1.0


def _scaled(points: Sequence[tuple[datetime, float]], frame: _Frame, top: float) -> Points:
    return [(frame.x(at), round(HEIGHT - max(0.0, value) / top * (HEIGHT - 14), 1)) for at, value in points]


def _line(points: Points) -> str:
    return "M" + "L".join(f"{x},{y}" for x, y in points) if points else ""


def _steps(points: Points) -> str:
    """Each value holds until the next one, and the last one to the end."""
    if not points:
        return ""
    x, y = points[0]
    return f"M{x},{y}" + "".join(f"H{x}V{y}" for x, y in points[1:]) + f"H{WIDTH}"


def _area(points: Points) -> str:
    return (
        f"M{points[0][0]},{HEIGHT}" + "".join(f"L{x},{y}" for x, y in points) + f"L{points[-1][0]},{HEIGHT}Z"
        if points
        else ""
    )


def _ticks(frame: _Frame, zone: ZoneInfo) -> list[datetime]:
    """Full hours on the wall, or parts or multiples of them, and not too many."""
    every = next((step for step in TICKS if (frame.end - frame.start) / step <= MOST_TICKS), TICKS[-1])
    midnight = frame.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((frame.end - midnight) / every)
    moments = [midnight + number * every for number in range(count + 1)]
    return [at for at in moments if frame.x(at) > 0]
