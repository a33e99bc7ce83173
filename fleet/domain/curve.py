"""How a car's battery takes energy: the lessons of a session, and their use for the next one. Pure.

Energy is the charger's, in Wh; about a tenth of it is lost on the way into an AC-charged battery.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

EFFICIENCY = 0.9
LEAST_GAIN_PCT = 15
LEAST_WH, MOST_WH = 5_000, 250_000
STEP_PCT = 5
TAPERS_FROM_PCT = 60
# The car takes less than it is offered by more than this: it is the car that holds back, not the charger.
HOLDS_BACK = 0.9


@dataclass(frozen=True, slots=True)
class Moment:
    """One measurement of a session: energy since its start, power, and what the charger offered."""

    energy_wh: int
    power_w: int
    offered_w: int | None


def capacity_wh(*, energy_wh: int, from_pct: int, to_pct: int) -> int | None:
    """The battery, from what a session delivered and what it did to the charge; None when that says too little."""
    gained_pct = to_pct - from_pct
    if gained_pct < LEAST_GAIN_PCT or energy_wh <= 0:
        return None
    found = round(energy_wh * EFFICIENCY * 100 / gained_pct)
    return found if LEAST_WH <= found <= MOST_WH else None


def learned_wh(lessons: Sequence[int]) -> int | None:
    """The median of single sessions: one strange session moves nothing."""
    return round(median(lessons)) if lessons else None


def find_taper(moments: Iterable[Moment], *, battery_wh: int, from_pct: int) -> dict[str, int]:
    """The most power the car took, by charge in steps of five per cent, where the car and not the charger held back."""
    found: dict[int, list[int]] = {}
    for moment in moments:
        pct = from_pct + moment.energy_wh * EFFICIENCY * 100 / battery_wh
        step = int(pct) // STEP_PCT * STEP_PCT
        held_back = moment.offered_w is not None and moment.power_w < moment.offered_w * HOLDS_BACK
        if step >= TAPERS_FROM_PCT and step < 100 and moment.power_w > 0 and held_back:
            found.setdefault(step, []).append(moment.power_w)
    return {str(step): max(powers) for step, powers in sorted(found.items())}


def merged_taper(tapers: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of several sessions the most that was taken in each step."""
    most: dict[int, int] = {}
    for one in tapers:
        for step, power_w in one.items():
            most[int(step)] = max(power_w, most.get(int(step), 0))
    return {str(step): power_w for step, power_w in sorted(most.items())}


def energy_wh(*, battery_wh: int, from_pct: int, to_pct: int) -> int:
    """The energy that a charger must deliver for it, losses included; 0 when the car is there already."""
    return max(0, round(battery_wh * (to_pct - from_pct) / 100 / EFFICIENCY))


def seconds_to(
    to_pct: int, *, battery_wh: int, from_pct: int, power_w: int, tapers: Mapping[str, int]
) -> int | None:
    """How long it takes at this power, less where the car takes less. None without power."""
    if power_w <= 0 or battery_wh <= 0:
        return None
    steps = {int(step): watts for step, watts in tapers.items()}
    per_pct_wh = battery_wh / 100 / EFFICIENCY
    total_s = 0.0
    for pct in range(from_pct, to_pct):
        most_w = min(power_w, steps.get(pct // STEP_PCT * STEP_PCT, power_w))
        if most_w <= 0:
            return None
        total_s += per_pct_wh * 3600 / most_w
    return round(total_s)
