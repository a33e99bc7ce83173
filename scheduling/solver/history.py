"""What past days teach: which cars may still come, how long drivers stay and how much they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scheduling.solver.errors import BadInputError
from scheduling.solver.problem import Demand
from scheduling.solver.scenario import Scenario, read_scenario

BUCKET_S = 3600
TODAY_COUNTS_S = 2 * 3600  # a day's first hours say little about the rest
SWING = (0.5, 2.0)  # how far today may pull the average day
ENOUGH_STAYS = 5
HOURS_ALIKE = 2


def past_days(data: Any) -> list[Scenario]:
    """Past days from parsed JSON: a scenario, a list of scenarios, or an object with `days` or `scenarios`."""
    if isinstance(data, dict):
        data = data.get("days", data.get("scenarios", [data]))
    if not isinstance(data, list) or not data:
        raise BadInputError("history", "must be a scenario or a list of scenarios")
    days = []
    for at, raw in enumerate(data):
        try:
            days.append(read_scenario(raw))
        except BadInputError as error:
            raise BadInputError(f"[{at}].{error.path}" if len(data) > 1 else error.path, error.why) from error
    return days


class History:
    """An average day as a few flows of cars, scaled by how busy today has been so far."""

    def __init__(self, days: Sequence[Scenario], today: Scenario) -> None:
        self._days = len(days)
        known = {circuit.id for circuit in today.circuits}
        root = next(circuit.id for circuit in today.circuits if circuit.parent_id is None)
        flows: dict[tuple[str, int, int], list[float]] = {}
        self._arrived: list[tuple[int, float]] = []
        for day in days:
            for session in day.sessions:
                node = day.chargers[session.charger].node
                place = node if node in known else root
                key = (
                    place,
                    session.arrive_s // BUCKET_S,
                    max(session.arrive_s, session.depart_s - 1) // BUCKET_S,
                )
                flow = flows.setdefault(key, [0.0, 0.0, 0.0, 0.0])
                power_w = min(session.max_w, day.chargers[session.charger].max_w)
                flow[0] += power_w
                flow[1] += session.energy_wh
                flow[2] += session.arrive_s * power_w
                flow[3] += session.depart_s * power_w
                self._arrived.append((session.arrive_s, session.energy_wh))
        self._flows = {key: flow for key, flow in sorted(flows.items()) if flow[0] > 0}

    def expect(self, scenario: Scenario, period: int) -> list[Demand]:
        """Cars that may come after this period, as fractions of cars: power and energy are averages over the days."""
        now_s = period * scenario.period_s
        scale = self._busyness(scenario, now_s) / self._days
        found = []
        for (place, begin, end), (power_w, energy_wh, arrive, depart) in self._flows.items():
            arrive_s, depart_s = arrive / power_w, depart / power_w
            if arrive_s <= now_s:
                continue
            found.append(
                Demand(
                    id=f"expected {place} {begin} {end}",
                    circuit_id=place,
                    max_ma=1_000_000,
                    max_w=power_w * scale,
                    energy_wh=energy_wh * scale,
                    remaining_wh=energy_wh * scale,
                    arrive_s=max(1, int(arrive_s) - now_s),
                    depart_s=max(1, int(depart_s) - now_s),
                )
            )
        return found

    def _busyness(self, scenario: Scenario, now_s: int) -> float:
        usual = sum(energy for arrive_s, energy in self._arrived if arrive_s <= now_s) / self._days
        mean = sum(energy for _, energy in self._arrived) / self._days
        today = sum(session.energy_wh for session in scenario.sessions if session.arrive_s <= now_s)
        prior = 0.25 * mean + 1.0
        return min(SWING[1], max(SWING[0], (today + prior) / (usual + prior)))


@dataclass(frozen=True, slots=True)
class PastStay:
    """hour: local hour of arrival."""

    driver: str
    hour: int
    stay_s: int
    energy_wh: float


class Habits:
    """Quantiles of stay and energy per driver and time of day; where a driver is new, everybody's serve.

    A forecast never replaces what a driver declares: it is what to assume where nothing was declared, and what
    to warn about when a declaration is far from it.
    """

    def __init__(self, stays: Sequence[PastStay]) -> None:
        self._stays = list(stays)
        self._by_driver: dict[str, list[PastStay]] = {}
        for stay in self._stays:
            self._by_driver.setdefault(stay.driver, []).append(stay)

    def stay_s(self, driver: str, hour: int, quantile: float) -> int | None:
        """Seconds the driver stays in this share of cases, None without any record."""
        sample = self._sample(driver, hour)
        return int(np.quantile([stay.stay_s for stay in sample], quantile)) if sample else None

    def energy_wh(self, driver: str, hour: int, quantile: float) -> int | None:
        sample = self._sample(driver, hour)
        return int(np.quantile([stay.energy_wh for stay in sample], quantile)) if sample else None

    def _sample(self, driver: str, hour: int) -> list[PastStay]:
        own = self._by_driver.get(driver, [])
        for pool in (own, self._stays):
            near = [stay for stay in pool if _apart(stay.hour, hour) <= HOURS_ALIKE]
            if len(near) >= ENOUGH_STAYS:
                return near
            if len(pool) >= ENOUGH_STAYS:
                return pool
        return self._stays


def _apart(one: int, other: int) -> int:
    gap = abs(one - other) % 24
    return min(gap, 24 - gap)
