"""Two connectors on one circuit and a script: for the rules that random days hardly ever need."""

import random
from dataclasses import replace

from tests.scheduling.safety.ablations import Ablation
from tests.scheduling.safety.sites import BRISK, BRISK_TIMING, BRISK_WAIT_S
from tests.scheduling.safety.station import Station
from tests.scheduling.safety.world import CALM, Result, Site, World, new_row

LIMIT_MA = 16_000
QUIET = replace(CALM, plugging=0)


class Stage:
    """`hungry` takes all it can get; `other` has a fallback of 6 A and is the one things happen to."""

    def __init__(self, without: Ablation, *, base_max_ma: int = 0, other_fallback_ma: int = 6_000) -> None:
        stations, rows = [], {}
        for name, fallback_ma in enumerate((0, other_fallback_ma)):
            station = Station(name, 32_000, (0,), clock_late_s=3.0 if name == 0 else 0.0, lag_s=11)
            stations.append(station)
            rows[name] = new_row(
                station,
                ("root",),
                fallback_ma=fallback_ma,
                wait_s=BRISK_WAIT_S,
                timing=BRISK_TIMING,
                known=True,
            )
        base = {"root": (base_max_ma,) * 3}
        rise = {"root": (base_max_ma // 3,) * 3}
        self.site = Site(
            {"root": (LIMIT_MA,) * 3},
            base,
            rise,
            stations,
            rows,
            BRISK,
            BRISK_TIMING,
            BRISK_WAIT_S,
            has_base=False,
        )
        without.change(self.site)
        for row in rows.values():
            row.exposure = without.exposure(
                **{name: getattr(row.exposure, name) for name in row.exposure.__slots__}
            )
        self.world = World(self.site, QUIET, random.Random(1), plan=without.plan, server=without.server)
        self.world.base = {"root": (0, 0, 0)}
        self.hungry, self.other = stations
        self.world.at(5.0, self.start, self.hungry, 32_000)

    def start(self, station: Station, car_ma: int, *, tell: bool = True) -> None:
        station.plugged, station.car_ma, station.car_phases = True, car_ma, (0,)
        self.world.transactions += 1
        station.begin(self.world.transactions, self.world.now)
        if tell:
            self.world.flush(station)

    def run(self, seconds: int = 300) -> Result:
        # The script does the plugging.
        self.world.plug = lambda _: None  # type: ignore[method-assign]
        return self.world.run(seconds)


def away_and_dark(without: Ablation) -> Result:
    """A car plugs in just after its charger went offline; just before its fallback may flow, the server dies."""
    stage = Stage(without)
    world = stage.world
    world.at(60.0, world.cut_link, stage.other, 1_000)
    world.at(61.0, lambda: stage.start(stage.other, 16_000, tell=False))

    def die() -> None:
        world.alive = False
        stage.hungry.socket = 0

    world.at(60.0 + BRISK_WAIT_S - BRISK_TIMING.start_way_s - 5, die)
    return stage.run()


def slow_start(without: Ablation) -> Result:
    """The charger keeps speaking while its StartTransaction is held up; then the link dies before any limit arrives."""
    stage = Stage(without)
    world = stage.world
    late = BRISK_TIMING.start_way_s - 3
    world.at(62.0, lambda: stage.start(stage.other, 16_000, tell=False))

    def arrive_and_die() -> None:
        world.server.heard(stage.other.name, world.now)
        world.deliver_queue(stage.other, stage.other.socket)
        world.cut_link(stage.other, 1_000)
        world.server.closed(stage.other.name, world.now)

    def die() -> None:
        world.alive = False
        stage.hungry.socket = 0

    world.at(62.0 + late, arrive_and_die)
    # Just after the last lease that a server without this rule would renew in full.
    world.at(62.0 + BRISK_WAIT_S - BRISK.lease_s + 6, die)
    # Its status would have said that a car is charging; an idle one is what the server still believes in.
    world.status = lambda station: world.server.told_idle(station.name, world.now)  # type: ignore[method-assign]
    return stage.run()


def silent_meter(without: Ablation) -> Result:
    """The building's meter stops at next to nothing, and then the building takes its maximum."""
    stage = Stage(without, base_max_ma=9_000, other_fallback_ma=0)
    world = stage.world
    world.at(0.0, world.server.measured.__setitem__, "root", (0.0, (0, 0, 0)))
    for second in range(10, 31, 10):
        world.at(float(second), world.server.measured.__setitem__, "root", (float(second), (0, 0, 0)))
    for step in range(10):
        world.at(150.0 + 10 * step, world.base.__setitem__, "root", (900 * (step + 1),) * 3)
    return stage.run()


STAGES = {
    "every later moment is checked": away_and_dark,
    "the longest way of a start": slow_start,
    "a silent meter counts as the maximum": silent_meter,
}
