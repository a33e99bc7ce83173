"""How long a dynamic price curve takes to compute: `python -m benchmarks.prices`. The figures stand in results.md."""

import random
import statistics
import time

from pricing.dynamic import Inputs, Terms, price_steps

ROUNDS = 500
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


def main():
    for hours in (24, 72):
        inputs = curve(hours * 4)
        times = sorted(took_ms(inputs) for _ in range(ROUNDS))
        worst = times[int(ROUNDS * 0.99)]
        print(
            f"{hours} h price curve: {statistics.median(times):.2f} ms median, {worst:.2f} ms at the 99th percentile"
        )


if __name__ == "__main__":
    main()
