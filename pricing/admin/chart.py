"""Values that hold for a quarter of an hour each, drawn as steps."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pricing.signals.series import QUARTER

WIDTH, HEIGHT, FOOT = 960, 200, 18
TICK_HOURS = 6


def draw_steps(
    lines: Mapping[str, Sequence[int | None]],
    *,
    start: datetime,
    now: datetime,
    zone: ZoneInfo,
    word: Callable[[int], str],
) -> dict[str, Any]:
    """The context of `admin/pricing/steps.html`. A line breaks where nothing is known; `word` names a value with its unit."""
    count = max(len(values) for values in lines.values())
    known = [value for values in lines.values() for value in values if value is not None]
    least, most = min(0, *known), max(1, *known)
    wide, high = WIDTH / count, HEIGHT / (most - least)

    def y_of(value: int) -> float:
        return round(HEIGHT - (value - least) * high, 1)

    def path(values: Sequence[int | None]) -> str:
        parts, drawing = [], False
        for at, value in enumerate(values):
            if value is None:
                drawing = False
                continue
            parts.append(f"{'L' if drawing else 'M'}{at * wide:.1f},{y_of(value)}H{(at + 1) * wide:.1f}")
            drawing = True
        return "".join(parts)

    def x_of(moment: datetime) -> float:
        return round((moment - start) / QUARTER * wide, 1)

    return {
        "lines": [{"name": name, "path": path(values)} for name, values in lines.items()],
        "zero_y": y_of(0),
        "now_x": x_of(now),
        "ticks": [
            {"x": x_of(moment), "said": f"{moment.astimezone(zone):%H:%M}"}
            for moment in _ticks(start, count, zone)
        ],
        "width": WIDTH,
        "height": HEIGHT,
        "whole": HEIGHT + FOOT,
        "most": word(max(known)),
        "least": word(min(known)),
        "zone": zone.key,
    }


def _ticks(start: datetime, count: int, zone: ZoneInfo) -> list[datetime]:
    moments = (start + number * QUARTER for number in range(count))
    local = ((moment, moment.astimezone(zone)) for moment in moments)
    every = timedelta(hours=TICK_HOURS)
    return [moment for moment, wall in local if not wall.minute and not wall.hour % (every.seconds // 3600)]
