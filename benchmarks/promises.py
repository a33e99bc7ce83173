"""The month of shortage with promises: how many are kept, and what they cost.

    python -m benchmarks.promises MONTH.json [--share 0.5] [--nights N]
    python -m benchmarks.promises --seed 1 2 3

Every driver asks when the car is plugged in, knowing nothing of who comes later, and is promised what the product would promise: at most a
part of the wish, and no more than fits beside the promises before it (`scheduling.domain.booking.capacity`). The plan serves promises first. A promise is
kept as the product counts it (`scheduling.domain.booking.settlement`). The part is what the product takes from the ledger's lines of the nights before;
`--share` sets it for all nights.
"""

import argparse
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.month import (
    Line,
    Month,
    figures_of,
    months_asked_for,
    night_of,
    usual_on,
    weights_on,
)
from scheduling.domain.booking.capacity import Ledger, Wish
from scheduling.domain.booking.promises import promised_share
from scheduling.domain.booking.settlement import falls_short
from scheduling.solver.play import closed_loop, scenario
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.live import live_policy
from scheduling.solver.play.scenario import VOLTS

START = datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
PATHS: dict[Hashable, Sequence[int]] = {"site": [0]}


@dataclass(slots=True)
class Evening:
    """The promises of one night: asked for with each arrival."""

    month: Month
    share: float
    promised_wh: dict[str, float] = field(default_factory=dict)

    def promise(self, period: int, session: scenario.Session, present: Sequence[closed_loop.Stay]) -> float:
        month = self.month
        room = np.array([month.limit_ma - load for load in month.base_load_ma[period:]], dtype=float)
        ledger = Ledger(np.repeat(room[None, None, :], 3, axis=1), paths=PATHS, voltage_v=VOLTS, start=START)
        before = [
            self._wish(period, stay.session, stay.promised_wh - stay.session.energy_wh + stay.left_wh)
            for stay in present
            if stay.session.end > period
        ]
        given = ledger.promise(self._wish(period, session, self.share * session.energy_wh), before).energy_wh
        self.promised_wh[session.id] = given
        return given

    def _wish(self, period: int, session: scenario.Session, energy_wh: float) -> Wish:
        driver = self.month.drivers[session.charger]
        period_s = self.month.period_s
        return Wish(
            key=session.id,
            circuit_id="site",
            phases=driver.phases,
            power_phases=len(driver.phases),
            max_ma=driver.max_ma,
            energy_wh=max(0.0, energy_wh),
            start_s=max(0, session.begin - period) * period_s,
            end_s=(session.end - period) * period_s,
        )


@dataclass(frozen=True, slots=True)
class Promises:
    """What became of a month's promises. given: of all that was wanted; missing: of those that were broken, by how much."""

    made: int
    kept: float
    given: float
    missing: tuple[float, ...]


def play_promises(
    month: Month, *, share: float | None = None, tick_s: int | None = None
) -> tuple[list[Line], Promises]:
    lines: list[Line] = []
    made: list[tuple[float, float]] = []
    for night, stays in enumerate(month.nights):
        weights = weights_on(night, lines, list(month.drivers))
        part = promised_share(usual_on(night, lines)) if share is None else share
        evening = Evening(month, part)
        played = night_of(month, {stay.driver: stay for stay in stays}, weights)
        run = run_scenario(played, live_policy(), tick_s=tick_s, promise=evening.promise)
        made += [(due, run.received_wh(key)) for key, due in evening.promised_wh.items() if due >= 1]
        for stay in stays:
            most_wh = month.drivers[stay.driver].max_w * (stay.end - stay.begin) * month.period_s / 3600
            due_wh = min(stay.wanted_wh, most_wh)
            lines.append(Line(night, stay.driver, stay.wanted_wh, due_wh, run.received_wh(stay.driver)))
    broken = sorted(1 - got / due for due, got in made if falls_short(due, got))
    wanted = sum(line.wanted_wh for line in lines)
    kept = 1 - len(broken) / max(1, len(made))
    return lines, Promises(len(made), kept, sum(due for due, _ in made) / wanted, tuple(broken))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("month", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, nargs="+", default=[])
    parser.add_argument("--nights", type=int, help="only the first so many")
    parser.add_argument("--share", type=float, help="of a wish that is promised at most")
    parser.add_argument("--tick", type=int, help="seconds between decisions; without it, the month's period")
    asked = parser.parse_args()
    for played in months_asked_for(parser, asked):
        lines, promises = play_promises(played, share=asked.share, tick_s=asked.tick)
        figures = figures_of(lines)
        print(
            f"{played.name}: {promises.made} promises, {100 * promises.given:.1f} % of what was wanted, "
            f"kept {100 * promises.kept:.2f} %; energy {100 * figures.energy:.1f} %, worst {figures.worst:.3f}, "
            f"p10 {figures.p10:.3f}, Jain {figures.jain:.4f}, longest run under 30 %: {figures.longest_run}; "
            f"missing of the broken: {', '.join(f'{100 * part:.0f} %' for part in promises.missing) or 'none'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
