"""The week's table as it was rated before: by walking the minutes. Slow, and an independent witness."""

from datetime import UTC, timedelta
from itertools import pairwise


def price_at(moment, zone, base, windows):
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    for window in windows:
        if window.weekdays >> local.weekday() & 1 and window.start_min <= minute < window.end_min:
            return window.price_per_mwh_minor
    return base


def walked_minor(samples, zone, base, windows):
    """What the energy costs in cents, rounded once, half up."""
    micro = 0
    for before, after in pairwise(samples):
        start, end = before.at.astimezone(UTC), after.at.astimezone(UTC)
        energy_wh, given_wh = after.energy_wh - before.energy_wh, 0
        for begin, until in pairwise(minutes(start, end)):
            until_wh = round(energy_wh * (until - start).total_seconds() / (end - start).total_seconds())
            micro += (until_wh - given_wh) * price_at(begin, zone, base, windows)
            given_wh = until_wh
    return (micro + 500_000) // 1_000_000


def minutes(start, end):
    edges = [start]
    minute = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < end:
        edges.append(minute)
        minute += timedelta(minutes=1)
    return [*edges, end]
