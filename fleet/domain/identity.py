"""Which of a driver's cars is it? Evidence in, a guess with its confidence and reasons out; no database, no clock.

Each piece of evidence multiplies a candidate's weight; a car that nobody told us of takes part as well, so that the only
known car of a driver is never certain by that alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from evbalancer.common.words.said import Said
from fleet.enums import PlugState

STRANGER_WEIGHT = 0.25
UNKNOWN_DRIVER_WEIGHT = 4.0
SURE_PCT = 50
PLUG_MATCH = timedelta(minutes=10)
# A car may have left in an hour.
POSITION_COUNTS_FOR = timedelta(hours=1)
ENOUGH_WH = 2_000
ENOUGH_PCT = 4
EFFICIENCY = 0.9


@dataclass(frozen=True, slots=True)
class Seen:
    """The facts about a stay. `phases` is how many it was seen to draw on, `most_ma` the most per phase."""

    plugged_at: datetime
    now: datetime
    driver_known: bool
    energy_wh: int = 0
    phases: int = 0
    most_ma: int = 0
    planned: UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The facts about a car. `gained_pct` is how much its charge rose since the stay began, where that was reported."""

    vehicle_id: UUID
    phases: int
    max_current_ma: int
    battery_wh: int | None = None
    plug_state: PlugState = PlugState.UNKNOWN
    plug_at: datetime | None = None
    plugged_since: datetime | None = None
    is_here: bool | None = None
    here_at: datetime | None = None
    gained_pct: int | None = None
    stays_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest car. `vehicle_id` is None when none is likelier than not."""

    vehicle_id: UUID | None
    confidence_pct: int
    why: tuple[Said, ...] = ()


def guess_car(seen: Seen, candidates: Sequence[Candidate]) -> Guess:
    """The same answer for the same facts, in whatever order the cars come."""
    weighed = sorted(
        ((*_weight(seen, car), str(car.vehicle_id), car) for car in candidates),
        key=lambda row: (-row[0], row[2]),
    )
    if not weighed:
        return Guess(None, 0)
    stranger = STRANGER_WEIGHT if seen.driver_known else UNKNOWN_DRIVER_WEIGHT
    weight, why, _, car = weighed[0]
    share = weight / (sum(row[0] for row in weighed) + stranger)
    confidence_pct = min(99, round(share * 100))
    if confidence_pct < SURE_PCT:
        return Guess(None, confidence_pct, why)
    return Guess(car.vehicle_id, confidence_pct, why)


def _weight(seen: Seen, car: Candidate) -> tuple[float, tuple[Said, ...]]:
    told = [*_by_plug(seen, car), *_by_place(seen, car), *_by_draw(seen, car), *_by_energy(seen, car)]
    if seen.driver_known:
        told.insert(0, (1.0, Said("stay.card")))
    if seen.planned == car.vehicle_id:
        told.append((6.0, Said("stay.booked")))
    if car.stays_elsewhere:
        told.append((0.02, Said("stay.elsewhere")))
    weight = 1.0
    for factor, _ in told:
        weight *= factor
    return weight, tuple(word for _, word in told)


def _by_plug(seen: Seen, car: Candidate) -> list[tuple[float, Said]]:
    if car.plug_at is None or car.plug_at < seen.plugged_at or car.plug_state == PlugState.UNKNOWN:
        return []
    if car.plug_state == PlugState.UNPLUGGED:
        return [(0.05, Said("stay.says_unplugged"))]
    told = [(4.0, Said("stay.says_plugged_in"))]
    if car.plugged_since is not None and abs(car.plugged_since - seen.plugged_at) <= PLUG_MATCH:
        told.append((3.0, Said("stay.plugged_in_then")))
    return told


def _by_place(seen: Seen, car: Candidate) -> list[tuple[float, Said]]:
    if car.is_here is None or car.here_at is None:
        return []
    if car.here_at < seen.plugged_at or seen.now - car.here_at > POSITION_COUNTS_FOR:
        return []
    return [(2.0, Said("stay.is_here"))] if car.is_here else [(0.1, Said("stay.is_away"))]


def _by_draw(seen: Seen, car: Candidate) -> list[tuple[float, Said]]:
    if seen.phases > car.phases:
        return [(0.05, Said("stay.too_many_phases"))]
    # A car may draw a little above its rating.
    if seen.most_ma > car.max_current_ma * 1.1:
        return [(0.1, Said("stay.too_much"))]
    return []


def _by_energy(seen: Seen, car: Candidate) -> list[tuple[float, Said]]:
    """The energy of the session against the energy that arrived in the car."""
    if car.gained_pct is None or not car.battery_wh or seen.energy_wh < ENOUGH_WH:
        return []
    if car.gained_pct < ENOUGH_PCT:
        due_pct = seen.energy_wh * EFFICIENCY * 100 / car.battery_wh
        return [(0.3, Said("stay.charge_did_not_rise"))] if due_pct >= 2 * ENOUGH_PCT else []
    ratio = car.battery_wh * car.gained_pct / 100 / (seen.energy_wh * EFFICIENCY)
    if 0.75 <= ratio <= 1.3:
        return [(4.0, Said("stay.charge_rose_as_drawn"))]
    if not 0.5 <= ratio <= 2:
        return [(0.2, Said("stay.charge_rose_otherwise"))]
    return []
