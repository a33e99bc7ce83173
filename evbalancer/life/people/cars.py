import random

from chargers.simulator.plant.battery import MIN_MA, Car
from chargers.simulator.play.household import MODELS

Model = tuple[str, int, int, int]


def choose_model(rng: random.Random) -> Model:
    return rng.choice(MODELS)


def drive_up(rng: random.Random, model: Model) -> Car:
    """The car as it comes: more or less empty, and with the whims of its kind."""
    name, battery_wh, phases, max_ma = model
    return Car(
        battery_wh=battery_wh,
        soc_pct=round(rng.triangular(5, 95, 40), 1),
        # Some stop at what their drivers set.
        target_pct=rng.choice((100.0, 100.0, 80.0)) if rng.random() < 0.5 else 100.0,
        phases=phases,
        max_ma=max_ma,
        # Some take nothing below 7 or 8 A, and some wake late.
        min_ma=rng.choices((MIN_MA, 7_000, 8_000), (18, 1, 1))[0],
        settle_s=round(rng.uniform(1.0, 5.0), 1),
        wake_s=rng.choices((0.0, 20.0, 90.0), (10, 2, 1))[0],
        taper_from_pct=rng.choice((70.0, 80.0, 90.0)),
        name=name,
    )
