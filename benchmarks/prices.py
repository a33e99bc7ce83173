"""How long a dynamic price curve takes to compute, and a tick that plans by an aim: `python -m benchmarks.prices [--cars 60,1000]`.

The figures stand in results.md.
"""

import argparse
import math
import random
import statistics
import time
from dataclasses import replace

from benchmarks.solver import fleet, median_ms
from pricing.dynamic import Inputs, Terms, price_steps
from scheduling.solver import solve
from scheduling.solver.play.live import live_policy
from scheduling.solver.problem import Aim

ROUNDS = 500
# A market's quarters, with a night and a noon that are cheaper, and noise.
SERIES = tuple(300 + 150 * math.sin(at / 10) + at * 7919 % 13 for at in range(96))
MOST_CARS_FOR_PEAK = 60
TERMS = Terms(
    fallback=10_000, grid=11_000, levies=2_050, tax_permille=190, scarcity_most=20_000, scarcity_from_pct=20,
    carbon_per_tonne=10_000, floor=0, ceiling=60_000,
)  # fmt: skip


def curve(quarters):
    chance = random.Random(quarters)
    return Inputs(
        tuple(chance.randrange(-5_000, 30_000) for _ in range(quarters)),
        tuple(chance.randrange(0, 600) for _ in range(quarters)),
        tuple(chance.randrange(0, 100) for _ in range(quarters)),
    )


def took_ms(inputs):
    begun = time.perf_counter()
    price_steps(TERMS, inputs)
    return (time.perf_counter() - begun) * 1000


def ticks(cars):
    """Milliseconds of a tick of a congested site for each aim."""
    problem = replace(fleet(cars), price=SERIES, carbon=SERIES)
    found = {}
    for aim in Aim:
        if aim is Aim.PEAK and cars > MOST_CARS_FOR_PEAK:
            continue
        asked = replace(problem, policy=live_policy(aim=aim))
        solve(asked)
        found[aim] = median_ms(lambda asked=asked: solve(asked), 5 if cars <= 1_000 else 1)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cars", default="60,1000")
    chosen = parser.parse_args()
    for hours in (24, 72):
        inputs = curve(hours * 4)
        times = sorted(took_ms(inputs) for _ in range(ROUNDS))
        worst = times[int(ROUNDS * 0.99)]
        print(
            f"{hours} h price curve: {statistics.median(times):.2f} ms median, {worst:.2f} ms at the 99th percentile"
        )
    for cars in map(int, chosen.cars.split(",")):
        found = ticks(cars)
        told = ", ".join(
            f"{aim} {took:.0f} ms ({took / found[Aim.NONE]:.1f}x)" for aim, took in found.items()
        )
        print(f"{cars} cars, a tick: {told}")


if __name__ == "__main__":
    main()
