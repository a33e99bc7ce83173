from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.scenario import CarSpec, Visit

# name, battery (Wh), phases and current (mA) of the onboard charger
MODELS: tuple[tuple[str, int, int, int], ...] = (
    ("city car", 36_000, 1, 32_000),
    ("hatchback", 50_000, 3, 16_000),
    ("saloon", 60_000, 3, 16_000),
    ("estate", 77_000, 3, 16_000),
    ("plug-in hybrid", 12_000, 1, 16_000),
    ("older compact", 40_000, 1, 29_000),
    ("two-phase car", 35_000, 2, 16_000),
    ("van", 75_000, 3, 16_000),
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How lively a block is: mean seconds at the charger and away, and how many are home at the start."""

    stay_s: float = 1_200.0
    away_s: float = 420.0
    home_at_start: float = 0.6
    first_arrivals_s: float = 45.0  # those at home plug in within this time


def comings_and_goings(
    specs: Sequence[ChargePointSpec],
    *,
    seed: int,
    habits: Habits | None = None,
    id_tags: Mapping[str, str] | None = None,
) -> Iterator[Visit]:
    """An endless stream of visits in the order of arrival, the same for the same seed.

    Every outlet has a resident with a car of its own; id_tags maps charge point ids to their tags
    (default: the charge point's id, shortened to the 20 characters OCPP 1.6 allows).
    """
    tags = id_tags or {}
    return heapq.merge(
        *(
            _resident(
                spec.id,
                connector,
                tag=tags.get(spec.id, spec.id[:20]),
                rng=random.Random(f"{seed}:{spec.id}:{connector}"),
                habits=habits or Habits(),
            )
            for spec in specs
            for connector in range(1, spec.connectors + 1)
        ),
        key=lambda visit: visit.arrive_s,
    )


def _resident(
    charge_point: str, connector: int, *, tag: str, rng: random.Random, habits: Habits
) -> Iterator[Visit]:
    name, battery_wh, phases, max_ma = rng.choice(MODELS)
    at_home = rng.random() < habits.home_at_start
    arrive_s = rng.uniform(0, habits.first_arrivals_s) if at_home else _span(rng, habits.away_s)
    while True:
        depart_s = arrive_s + _span(rng, habits.stay_s)
        yield Visit(
            charge_point=charge_point,
            connector=connector,
            arrive_s=arrive_s,
            depart_s=depart_s,
            id_tag=tag,
            car=CarSpec(
                name=name,
                battery_wh=battery_wh,
                phases=phases,
                max_ma=max_ma,
                soc_pct=round(rng.triangular(10, 85, 35), 1),
                settle_s=round(rng.uniform(1.0, 6.0), 1),
            ),
        )
        arrive_s = depart_s + _span(rng, habits.away_s)


def _span(rng: random.Random, mean_s: float) -> float:
    # Neither a blink nor for ever: people need a minute to leave and do come back.
    return mean_s * rng.uniform(0.4, 1.6)
