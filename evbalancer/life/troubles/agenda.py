"""What goes wrong in a simulated life, and how often."""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from evbalancer.life.lines import Network
from evbalancer.life.scene import HOUR_S, Scene
from evbalancer.life.server import Server
from evbalancer.life.troubles import charge_points, clocks, process, storage


@dataclass(frozen=True, slots=True)
class Level:
    """Mean seconds between two troubles of a charge point, two ends of the server's process, two troubles of its database, two
    steps of its clock and two times with a second process; None: never.
    """

    kinds: tuple[str, ...] = ()
    of_charge_point_s: float | None = None
    of_process_s: float | None = None
    ways: tuple[str, ...] = (process.KILL,)
    of_storage_s: float | None = None
    of_clock_s: float | None = None
    of_rival_s: float | None = None


MILD = ("cut", "offline", "late_answers", "reboot", "replayed_start")
HARD = (
    *MILD,
    "silence",
    "profiles_rejected",
    "profiles_not_supported",
    "profiles_unanswered",
    "profiles_error",
    "faulted",
)
WILD = (*HARD, "cut_under_way", "flapping", "clock_steps", "loses_frames", "repeats_frames")
LEVELS = {
    "none": Level(),
    "mild": Level(MILD, of_charge_point_s=4 * HOUR_S),
    "hard": Level(HARD, of_charge_point_s=1_200.0, of_process_s=2 * HOUR_S),
    "wild": Level(
        WILD,
        of_charge_point_s=1_200.0,
        of_process_s=2 * HOUR_S,
        ways=process.WAYS,
        of_storage_s=2 * HOUR_S,
        of_clock_s=6 * HOUR_S,
        of_rival_s=6 * HOUR_S,
    ),
}


def troubles(scene: Scene, server: Server, network: Network) -> Iterator[Coroutine[Any, Any, None]]:
    """All that will go wrong, each a task of its own."""
    level = LEVELS[scene.plan.faults]
    if level.of_charge_point_s is not None:
        for station in scene.stations:
            yield charge_points.misbehave(
                scene, station, network, kinds=level.kinds, every_s=level.of_charge_point_s
            )
    if level.of_process_s is not None:
        yield process.end_now_and_then(scene, server, ways=level.ways, every_s=level.of_process_s)
    if level.of_storage_s is not None:
        yield storage.ail_now_and_then(scene, server.storage, every_s=level.of_storage_s)
    if level.of_clock_s is not None:
        yield clocks.step_now_and_then(scene, every_s=level.of_clock_s)
    if level.of_rival_s is not None:
        yield process.rival_now_and_then(scene, server, every_s=level.of_rival_s)
