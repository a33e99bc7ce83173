"""How long a dynamic price curve takes to compute, and a tick that plans by an aim: `python -m benchmarks.prices [--cars 60,1000]`.

A tick is measured at a congested site and at one with one and a half and five times its limits, in the processor's time. The ratio is
of the quickest runs, taken in turn, because a shared machine is noisy.

The figures stand in results.md.
"""

import argparse
import math
import random
import statistics
import time
from dataclasses import replace

from benchmarks.solver import fleet
from pricing.dynamic import Inputs, Terms, price_steps
from scheduling.solver import solve
from scheduling.solver.play.live import live_policy
from scheduling.solver.problem import Aim

ROUNDS = 500
# A market's quarters, with a night and a noon that are cheaper, and noise.
SERIES = tuple(300 + 150 * math.sin(at / 10) + at * 7919 % 13 for at in range(96))
ROOMS = (1.0, 1.5, 5.0)
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


def ticks(cars, room):
    """Milliseconds of a tick for each aim, at a site with so many times the limits of a congested one."""
    crowded = fleet(cars)
    circuits = tuple(replace(each, limit_w=each.limit_w * room) for each in crowded.circuits)
    problem = replace(crowded, circuits=circuits, price=SERIES, carbon=SERIES)
    asked = {aim: replace(problem, policy=live_policy(aim=aim)) for aim in Aim}
    found = dict.fromkeys(Aim, math.inf)
    for _ in range(1 + (9 if cars <= 100 else 3)):
        for aim, each in asked.items():
            begun = time.process_time()
            solve(each)
            found[aim] = min(found[aim], (time.process_time() - begun) * 1000)
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
        for room in ROOMS:
            found = ticks(cars, room)
            words = ", ".join(
                f"{aim} {took:.1f} ms ({took / found[Aim.NONE]:.2f}x)" for aim, took in found.items()
            )
            print(f"{cars} cars, {room} times the limits, a tick: {words}")


if __name__ == "__main__":
    main()
