"""Sites to run: random small trees for the property test, and the three car parks whose use of power is measured."""

import random
from dataclasses import replace
from itertools import cycle

from chargers.exposure import Timing
from scheduling.domain.balancing.gate import Terms
from tests.scheduling.safety.station import Station
from tests.scheduling.safety.world import ALL_PHASES, Site, Trouble, new_row

# So short that a lease, a wait and a hold pass several times within a run of 300 seconds.
BRISK = Terms(lease_s=40, renew_lease_s=20, keep_down_s=100, renew_keep_down_s=66, horizon_s=220)
BRISK_TIMING = Timing(settle_s=12, clock_error_s=3, start_way_s=25)
BRISK_WAIT_S = 105
FULL = Terms()
FULL_WAIT_S = 300
NAMEPLATE_MA = 32_000
UNMANAGED_MA = 16_000


def fits(fallback_ma: int, path: tuple[str, ...], wired: tuple[int, ...], room: dict[str, list[int]]) -> bool:
    """Whether the fallback fits every circuit above beside those before it; it is taken if so."""
    if any(room[pk][phase] < fallback_ma for pk in path for phase in wired):
        return False
    for pk in path:
        for phase in wired:
            room[pk][phase] -= fallback_ma
    return True


def small_site(
    rng: random.Random, trouble: Trouble, *, terms: Terms = BRISK, timing: Timing = BRISK_TIMING
) -> Site:
    """Two to seven connectors on a root and up to two feeders, with a building behind each."""
    feeders = rng.choice(((), ("a",), ("a", "b")))
    root_ma = rng.choice((32_000, 40_000, 48_000, 63_000))
    limits = {"root": (root_ma,) * 3}
    limits.update({pk: (rng.choice((20_000, 25_000, 32_000)),) * 3 for pk in feeders})
    base_max = {"root": tuple(rng.choice((0, 6_000, 12_000)) for _ in range(3))}
    base_max.update({pk: (rng.choice((0, 3_000)),) * 3 for pk in feeders})
    rise = {pk: tuple(value // 3 for value in values) for pk, values in base_max.items()}
    room = {pk: list(values) for pk, values in limits.items()}
    for pk, values in base_max.items():
        for above in {pk, "root"}:
            room[above] = [have - load for have, load in zip(room[above], values, strict=True)]
    stations, rows = [], {}
    wait_s = BRISK_WAIT_S if terms is BRISK else FULL_WAIT_S
    unmanaged = 0 if rng.random() < trouble.unmanaged else None
    for name in range(rng.randint(2, 7)):
        wired = rng.choice((ALL_PHASES, (1, 2, 0), (2, 0, 1), (0,), (1,), (2,)))
        known = rng.random() >= trouble.unknown_rotation
        path = (rng.choice(feeders), "root") if feeders and rng.random() < 0.7 else ("root",)
        station = Station(
            name,
            UNMANAGED_MA if name == unmanaged else NAMEPLATE_MA,
            wired,
            clock_late_s=rng.choice((-1, -0.5, 0, 0.5, 1)) * min(trouble.clock_late_s, timing.clock_error_s),
            relative=rng.random() >= trouble.not_relative,
            lapses=rng.random() >= trouble.not_lapsing,
        )
        wanted = UNMANAGED_MA if name == unmanaged else rng.choice((0, 6_000, 6_000, 6_000, 8_000))
        counts_on = wired if known else ALL_PHASES
        fallback_ma = wanted if fits(wanted, path, counts_on, room) else 0
        stations.append(station)
        rows[name] = new_row(
            station, path, fallback_ma=fallback_ma, wait_s=wait_s, timing=timing, known=known
        )
        if name == unmanaged and fallback_ma:
            # Nobody has told this one yet what to do without us: it counts as what it could draw.
            station.fallback = None
            rows[name].exposure = replace(rows[name].exposure, fallback_ma=None, wait_s=0)
    return Site(limits, base_max, rise, stations, rows, terms, timing, wait_s, answer_s=15)


def car_park(
    count: int,
    limit_ma: int,
    *,
    phases: int,
    fallback_ma: int,
    wait_s: float = FULL_WAIT_S,
    terms: Terms = FULL,
    base_ma: int = 0,
) -> Site:
    """Connectors on one transformer, wired in turn; the fallback on as many of them as the sum allows."""
    timing = Timing()
    base_max = {"root": (base_ma,) * 3}
    room = {"root": [limit_ma - base_ma] * 3}
    turns = cycle((ALL_PHASES, (1, 2, 0), (2, 0, 1)) if phases == 3 else ((0,), (1,), (2,)))
    stations, rows = [], {}
    for name in range(count):
        station = Station(name, NAMEPLATE_MA, next(turns), clock_late_s=random.Random(name).uniform(-3, 3))
        fallback = fallback_ma if fits(fallback_ma, ("root",), station.wired, room) else 0
        stations.append(station)
        rows[name] = new_row(
            station, ("root",), fallback_ma=fallback, wait_s=wait_s, timing=timing, known=True
        )
    rise = {"root": (base_ma // 5,) * 3}
    return Site(
        {"root": (limit_ma,) * 3}, base_max, rise, stations, rows, terms, timing, wait_s, has_base=base_ma > 0
    )
