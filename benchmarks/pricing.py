"""How fast sessions are rated, on one core and without a database.

python -m benchmarks.pricing [--sessions 10000]

Sessions of 8 hours with a meter value each 5 minutes, at times spread over a year, by four tariffs in Berlin: one price, a week's
table with three windows, a day of quarter hours with a price each, and fees with charging and parking time, taxes and steps.
Each is rated from its meter values to the cent, twice; the quicker run counts, in seconds of the processor.
"""

import argparse
import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample
from pricing.rating.tariff import DAY_S, Dimension, Element, PriceComponent, Restrictions, Tariff
from pricing.rating.weekly import Window, weekly_tariff

BERLIN = ZoneInfo("Europe/Berlin")
HOURS, STEP_MIN = 8, 5
QUARTER_S = 900


def sessions(count: int) -> list[list[Sample]]:
    chance = random.Random(34)
    year = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for _ in range(count):
        at, energy_wh = year + timedelta(seconds=chance.randrange(365 * DAY_S)), 0
        samples = [Sample(at, energy_wh)]
        for _ in range(HOURS * 60 // STEP_MIN):
            at += timedelta(minutes=STEP_MIN)
            energy_wh += chance.randrange(900)
            samples.append(Sample(at, energy_wh))
        made.append(samples)
    return made


def element(dimension, price, vat=None, step=1, **restrictions):
    taxed = None if vat is None else Decimal(vat)
    component = PriceComponent(Dimension(dimension), Decimal(price), taxed, step)
    return Element((component,), Restrictions(**restrictions))


def tariffs() -> dict[str, Tariff]:
    table = [Window(127, 0, 360, 21_000), Window(127, 1_320, 1_440, 21_000), Window(31, 1_020, 1_200, 38_000)]
    quarters = [
        element("ENERGY", f"0.{20 + at_s // QUARTER_S % 17}", start_s=at_s, end_s=at_s + QUARTER_S)
        for at_s in range(0, DAY_S, QUARTER_S)
    ]
    fees = [
        element("FLAT", "0.35", 21),
        element("ENERGY", "0.41", 21, start_s=7 * 3600, end_s=23 * 3600),
        element("ENERGY", "0.33", 21, max_kwh=Decimal(20)),
        element("ENERGY", "0.29", 21),
        element("PARKING_TIME", "3", 21, 60, min_duration_s=4 * 3600),
        element("TIME", "0.10", 21, 60),
    ]
    return {
        "one price": weekly_tariff("EUR", 30_000, []),
        "a week's table": weekly_tariff("EUR", 32_000, table),
        "quarter hours": Tariff("Q", "EUR", tuple(quarters)),
        "fees, times, taxes": Tariff("F", "EUR", tuple(fees)),
    }


def rate_all(rater: Rater, made: list[list[Sample]]) -> Decimal:
    total = Decimal(0)
    for samples in made:
        session = Register(samples).session(rater.bounds, rater.zone, is_sated=True)
        total += rater.rate(session).total.incl_vat
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    count = parser.parse_args().sessions
    made = sessions(count)
    print(f"{count} sessions of {HOURS} h with a meter value each {STEP_MIN} min")
    for name, tariff in tariffs().items():
        rater = Rater(tariff, BERLIN, 2)
        runs = []
        for _ in range(2):
            begun = time.process_time()
            total = rate_all(rater, made)
            runs.append(time.process_time() - begun)
        print(f"{name:20} {min(runs):6.2f} s   {total:>12} EUR")


if __name__ == "__main__":
    main()
