"""A session in one picture: its power below its limit, the price of each quarter, and the charge of the battery.

While the session runs, the picture ends now and is read again every few seconds.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from chargers.enums import SessionState
from chargers.models import MeterValue, Session
from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.clocks.ticks import find_ticks
from evbalancer.common.units import ma_to_w
from evbalancer.common.words.amounts import amps, percent, power
from pricing.admin.chart import HEIGHT, WIDTH
from pricing.domain import curves, signals
from pricing.domain.papers.charges import show_money
from pricing.signals.series import QUARTER

MOST_POINTS: Final = 480
# Longer stays show their end: what is asked about is what happened lately.
LONGEST: Final = timedelta(days=3)
KWH_PER_MWH: Final = 1_000
LEVELS_W: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
MOST_LEVELS: Final = 4
REFRESH_S: Final = 15

Points = list[tuple[float, float]]
# When it was received, W, mA and per cent.
Rows = list[tuple[datetime, int | None, int | None, int | None]]


@dataclass(frozen=True)
class _Frame:
    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        return round((moment - self.start) / (self.end - self.start) * WIDTH, 1)

    def pct(self, moment: datetime) -> str:
        return f"{100 * (moment - self.start) / (self.end - self.start):.1f}"


@panel_for(Session, rank=5)
def course_panel(request: HttpRequest, session: Session) -> Panel | None:
    """None before the meter has said anything."""
    rows = _rows(session)
    if len(rows) < 2:
        return None
    running = session.stopped_at is None and session.state == SessionState.ACTIVE
    ends_at = timezone.now() if running else rows[-1][0]
    frame = _Frame(rows[0][0], max(ends_at, rows[0][0] + timedelta(minutes=1)))
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
        {"name": gettext("Power"), "kind": "area", "path": _area(_scaled(powers, frame, most_w))},
        {
            "name": gettext("Limit, as the charger offers it"),
            "kind": "limit",
            "path": _steps(_scaled(limits, frame, most_w)),
        },
        {
            "name": _price_name(session, prices),
            "kind": "line-2",
            "path": _steps(_scaled(prices, frame, _top(prices))),
        },
        {
            "name": gettext("Charge of the battery, 0 to 100 %"),
            "kind": "line-1",
            "path": _line(_scaled(_charges(rows), frame, 100)),
        },
    ]
    zone = ZoneInfo(session.community.time_zone)
    context = {
        "lines": [line for line in lines if line["path"]],
        "ticks": [
            {"x": frame.x(at), "pct": frame.pct(at), "said": f"{at.astimezone(zone):%H:%M}"}
            for at in find_ticks(frame.start, frame.end, zone=zone)
        ],
        "levels": _levels(most_w),
        "hover": [
            [frame.x(at), f"{at.astimezone(zone):%H:%M}", *words]
            for at, words in _words(rows, dict(limits), prices, session.community.currency)
        ],
        "width": WIDTH,
        "height": HEIGHT,
        "most": power(most_w),
        "zone": zone.key,
        "running": running,
        "begins": frame.start,
        "ends": frame.end,
    }
    title = gettext("Power, limit, price and charge")
    template = "admin/pricing/session_course.html"
    return Panel(title, template, context, refresh_s=REFRESH_S if running else 0)


def _levels(most_w: int) -> list[dict[str, Any]]:
    """Round powers within the picture, each with its line's height and the same in per cent from above."""
    every_w = next((step_w for step_w in LEVELS_W if most_w / step_w <= MOST_LEVELS), most_w)
    levels = []
    for level_w in range(every_w, most_w + 1, every_w):
        y = _y(level_w, most_w)
        levels.append({"y": y, "pct": f"{100 * y / HEIGHT:.1f}", "said": power(level_w)})
    return levels


def _words(
    rows: Rows, limits: dict[datetime, int], prices: Sequence[tuple[datetime, float]], currency: str
) -> Iterator[tuple[datetime, list[str]]]:
    """What a pointer at each moment reads: power, limit, price and charge, as far as they are known."""
    began = [at for at, _ in prices]
    for at, power_w, offered_ma, charge_pct in rows:
        words = [] if power_w is None else [power(power_w)]
        if offered_ma is not None:
            words.append(gettext("limit %(power)s") % {"power": f"{power(limits[at])} ({amps(offered_ma)})"})
        if began and began[0] <= at:
            price = prices[bisect_right(began, at) - 1][1]
            words.append(
                gettext("%(price)s a kWh") % {"price": show_money(round(price / KWH_PER_MWH), currency)}
            )
        if charge_pct is not None:
            words.append(gettext("battery %(charge)s") % {"charge": percent(charge_pct)})
        yield at, words


def _rows(session: Session) -> Rows:
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


def _charges(rows: Rows) -> list[tuple[datetime, float]]:
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
        return gettext("Price")
    values = [price for _, price in prices]
    least, most = (
        show_money(round(value / KWH_PER_MWH), session.community.currency)
        for value in (min(values), max(values))
    )
    if least == most:
        return gettext("Price of a kWh, %(price)s") % {"price": least}
    return gettext("Price of a kWh, %(least)s to %(most)s") % {"least": least, "most": most}


def _top(points: Sequence[tuple[datetime, float]]) -> float:
    # In the upper half of the picture it would lie on the power.
    return 2 * max((value for _, value in points), default=1.0) or 1.0


def _scaled(points: Sequence[tuple[datetime, float]], frame: _Frame, top: float) -> Points:
    return [(frame.x(at), _y(value, top)) for at, value in points]


def _y(value: float, top: float) -> float:
    return round(HEIGHT - max(0.0, value) / top * (HEIGHT - 14), 1)


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
