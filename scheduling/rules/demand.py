"""The demand guard's arithmetic: what cars may take for the rest of a metering interval. Pure: figures in, watts out.

Many grid operators bill the highest mean power of a month, taken over intervals of the clock (15 minutes in most of Europe,
30 or 60 elsewhere). So within an interval, what was not used early may be used late.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """A metering interval of the clock."""

    begin: datetime
    length_s: int

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(seconds=self.length_s)

    def left_s(self, now: datetime) -> float:
        return (self.end - now).total_seconds()


@dataclass(frozen=True, slots=True)
class Meter:
    """An interval so far, and what may come. Watts of the whole connection and watt-seconds.

    used_ws: by building and cars since the interval began, times without a reading at their highest. base_w: the building
    now. base_high_w: what it may rise to before cars can follow. cars_w: what may flow to cars now. lag_s: until cars have
    followed a cut. step_s: until the next decision.
    """

    target_w: int
    length_s: int
    left_s: float
    used_ws: int
    base_w: int
    base_high_w: int
    cars_w: int
    lag_s: float
    step_s: float


def interval_at(now: datetime, *, length_s: int) -> Interval:
    """The interval that holds `now`: whole multiples since 1970, so on the hour and its parts in every time zone of today."""
    seconds = int(now.timestamp()) // length_s * length_s
    return Interval(datetime.fromtimestamp(seconds, UTC), length_s)


def cars_may_take_w(meter: Meter) -> int:
    """Power for cars from now on, so that the interval's mean stays within the target.

    The least of three: what is left spread evenly over the rest; what still holds if the building rises to its highest at
    once and cars follow late; and, near the end, what the next interval can begin with. What such a rise would take near
    the end is kept back from the beginning, so that a steady building needs no dip there.
    """
    if meter.left_s <= 0:
        return 0
    budget_ws = meter.target_w * meter.length_s - meter.used_ws
    kept_ws = max(0, meter.base_high_w - meter.base_w) * min(meter.lag_s + meter.step_s, meter.left_s)
    even_w = (budget_ws - kept_ws) / meter.left_s - meter.base_w
    return max(0, int(min(even_w, _sure_w(meter, budget_ws), _next_w(meter))))


def cannot_hold(meter: Meter) -> bool:
    """The building alone, as it is now, takes the interval beyond its target."""
    return meter.used_ws + meter.base_w * max(0.0, meter.left_s) > meter.target_w * meter.length_s


def _sure_w(meter: Meter, budget_ws: int) -> float:
    spare_ws = budget_ws - meter.base_high_w * meter.left_s
    reach_s = min(meter.lag_s + meter.step_s, meter.left_s)
    sure_w = spare_ws / reach_s
    if sure_w >= meter.cars_w or reach_s <= meter.lag_s:
        return sure_w
    # Cars go on as they are until they have followed: only what comes after counts.
    return (spare_ws - meter.cars_w * meter.lag_s) / (reach_s - meter.lag_s)


def _next_w(meter: Meter) -> float:
    reach_s = meter.lag_s + meter.step_s
    if meter.left_s > reach_s:
        return float("inf")
    # What flows now still flows when the next interval begins.
    held_w = (meter.target_w - meter.base_high_w) * meter.length_s / reach_s
    return min(held_w, meter.target_w - meter.base_w)
