"""What past days teach: which cars may still come, how long drivers stay and how much they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scheduling.solver.errors import BadInputError
from scheduling.solver.play.scenario import Scenario, read_scenario
from scheduling.solver.problem import Circuit, Demand

BUCKET_S = 3600
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


class Flow(NamedTuple):
    """Cars of a usual day that come and leave at like hours, together: fractions of cars. Times since the day's midnight."""

    circuit_id: str
    arrive_s: float
    depart_s: float
    power_w: float
    energy_wh: float


def flows_of(
    days: Sequence[Scenario], circuits: Sequence[Circuit], *, weights: Sequence[float] | None = None
) -> tuple[Flow, ...]:
    """The weighted mean of the days, which is sharp by the hour of coming and of leaving. Cars of circuits that are gone
    count at the root.
    """
    known = {circuit.id for circuit in circuits}
    root = next(circuit.id for circuit in circuits if circuit.parent_id is None)
    weighed = [1.0] * len(days) if weights is None else weights
    sums: dict[tuple[str, int, int], list[float]] = {}
    for day, weight in zip(days, weighed, strict=True):
        for session in day.sessions:
            node = day.chargers[session.charger].node
            last_s = max(session.arrive_s, session.depart_s - 1)
            key = (node if node in known else root, session.arrive_s // BUCKET_S, last_s // BUCKET_S)
            part = sums.setdefault(key, [0.0, 0.0, 0.0, 0.0])
            power_w = weight * min(session.max_w, day.chargers[session.charger].max_w)
            part[0] += session.arrive_s * power_w
            part[1] += session.depart_s * power_w
            part[2] += power_w
            part[3] += session.energy_wh * weight
    total = sum(weighed)
    return tuple(
        Flow(place, arrive / power_w, depart / power_w, power_w / total, energy_wh / total)
        for (place, _, _), (arrive, depart, power_w, energy_wh) in sorted(sums.items())
        if power_w > 0
    )


def expected_cars(flows: Sequence[Flow], *, now_s: int, scale: float = 1.0, of: str = "") -> list[Demand]:
    """The rest of the day, as cars of that average power and energy. `of` names the day where several are asked
    for.
    """
    return [
        Demand(
            id=f"expected {of}{number:05}",
            circuit_id=flow.circuit_id,
            max_ma=1_000_000,
            max_w=flow.power_w * scale,
            energy_wh=flow.energy_wh * scale,
            remaining_wh=flow.energy_wh * scale,
            arrive_s=max(1, int(flow.arrive_s) - now_s),
            depart_s=max(1, int(flow.depart_s) - now_s),
        )
        for number, flow in enumerate(flows)
        if flow.arrive_s > now_s
    ]


def busyness(flows: Sequence[Flow], *, now_s: int, today_wh: float) -> float:
    """How busy the day is, by what has come so far, against the usual one. Within bounds: a morning proves little."""
    usual_wh = sum(flow.energy_wh for flow in flows if flow.arrive_s <= now_s)
    prior_wh = 0.25 * sum(flow.energy_wh for flow in flows) + 1.0
    return min(SWING[1], max(SWING[0], (today_wh + prior_wh) / (usual_wh + prior_wh)))


class History:
    """An average day as a few flows of cars, scaled by how busy today has been so far."""

    def __init__(
        self, days: Sequence[Scenario], today: Scenario, *, weights: Sequence[float] | None = None
    ) -> None:
        self.flows = flows_of(days, today.circuits, weights=weights)

    def expect(self, scenario: Scenario, period: int) -> list[Demand]:
        """Cars that may come after this period."""
        now_s = period * scenario.period_s
        today_wh = sum(session.energy_wh for session in scenario.sessions if session.arrive_s <= now_s)
        scale = busyness(self.flows, now_s=now_s, today_wh=today_wh)
        return expected_cars(self.flows, now_s=now_s, scale=scale)


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
