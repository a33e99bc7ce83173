from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from chargers.simulator.plant.wiring import NOTHING, Amps3


@dataclass(frozen=True, slots=True)
class Sample:
    """What a circuit carried from `at` (unix seconds) on, per grid phase."""

    at: float
    ma: Amps3


@dataclass(slots=True)
class History:
    """The physical sum of every circuit over time: a sample at every tick and at every change.

    `parents` maps a circuit to the one above it; a circuit carries everything behind it.
    """

    parents: dict[str, str | None]
    keep: int | None = None  # samples per circuit; None keeps all
    series: dict[str, deque[Sample]] = field(default_factory=dict)
    peaks: dict[str, Amps3] = field(default_factory=dict)

    def record(self, at: float, draws: Iterable[tuple[str, Amps3]]) -> None:
        """Add one sample to every circuit from (circuit, draw) of all charge points."""
        sums: dict[str, list[int]] = {circuit: [0, 0, 0] for circuit in self.parents}
        for circuit, draw in draws:
            for name in self._path(circuit):
                carried = sums.setdefault(name, [0, 0, 0])
                for phase in range(3):
                    carried[phase] += draw[phase]
        for circuit, carried in sums.items():
            ma: Amps3 = (carried[0], carried[1], carried[2])
            self.series.setdefault(circuit, deque(maxlen=self.keep)).append(Sample(at, ma))
            self.peaks[circuit] = _highest(self.peaks.get(circuit, NOTHING), ma)

    def _path(self, circuit: str) -> list[str]:
        path = [circuit]
        while (above := self.parents.get(path[-1])) is not None:
            path.append(above)
        return path

    def peak_ma(self, circuit: str, *, since: float = 0.0, until: float = float("inf")) -> Amps3:
        """The most the circuit carried per phase in a span of unix time; the whole past is cheap and complete."""
        if since == 0.0 and until == float("inf"):
            return self.peaks.get(circuit, NOTHING)
        peak = NOTHING
        for sample in self.series.get(circuit, ()):
            if since <= sample.at <= until:
                peak = _highest(peak, sample.ma)
        return peak

    def now_ma(self, circuit: str) -> Amps3:
        series = self.series.get(circuit)
        return series[-1].ma if series else NOTHING


def _highest(left: Amps3, right: Amps3) -> Amps3:
    return (max(left[0], right[0]), max(left[1], right[1]), max(left[2], right[2]))


def check_circuits(parents: dict[str, str | None]) -> None:
    """Raise ValueError for a parent that does not exist or a circle."""
    for circuit, parent in parents.items():
        seen = {circuit}
        above = parent
        while above is not None:
            if above not in parents:
                raise ValueError(f"circuit {circuit!r} hangs on {above!r}, which does not exist")
            if above in seen:
                raise ValueError(f"circuit {circuit!r} hangs on itself")
            seen.add(above)
            above = parents[above]
