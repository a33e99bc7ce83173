"""The games by which a driver might gain, one cheat at a time, and what they bring and cost.

A cheat's car takes what it needs and no more; the games are lies to the balancer. What a stay is, what a wish counts as and what is
learnt of the cheat are the product's own functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.month.figures import Line, shares_of
from benchmarks.month.model import Month
from benchmarks.month.night import Car, Left
from benchmarks.month.play import Playing

EARLIER_S = 3 * 3600
LEAST_STAY_S = 3600

Arrives = Callable[[Car, int], None]
Acts = Callable[[Car, int, Left], None]


@dataclass(frozen=True, slots=True)
class Game:
    """What the cheat says on arrival (`arrives`, with the seconds of a period), and does in the parts into which the stay is cut."""

    arrives: Arrives = lambda _car, _period_s: None
    parts: int = 1
    acts: Acts = lambda _car, _period, _left: None


def _asks_twice(car: Car, _period_s: int) -> None:
    car.asked_wh = min(2 * car.need_wh, max(car.driver.battery_wh, car.need_wh))


def _leaves_early(car: Car, period_s: int) -> None:
    car.ready_by = max(car.begin + LEAST_STAY_S // period_s, car.end - EARLIER_S // period_s)


def _both(car: Car, period_s: int) -> None:
    _asks_twice(car, period_s)
    _leaves_early(car, period_s)


def _says_nothing(car: Car, _period_s: int) -> None:
    car.asked_wh = car.ready_by = None


def _asks_for_the_rest(car: Car, _period: int, _left: Left) -> None:
    car.ask(car.stay_wh + car.left_wh, car.end)


def _asks_for_all_again(car: Car, _period: int, _left: Left) -> None:
    car.ask(min(car.stay_wh + car.need_wh, car.driver.battery_wh), car.end)


def _says_no_more(_car: Car, _period: int, _left: Left) -> None:
    """The wish of the stay goes on with its next transaction."""


def _unplugs(car: Car, period: int, left: Left) -> None:
    left(car, period)
    car.asked_wh = car.highest_wh = None
    car.ask(car.left_wh, car.end)


# Bookings by ghosts are played in `benchmarks.month.ghosts`: they take promises, not energy.
GAMES = {
    "stops-rest": Game(parts=4, acts=_asks_for_the_rest),
    "stops-all": Game(parts=4, acts=_asks_for_all_again),
    "stops-silent": Game(parts=4, acts=_says_no_more),
    "twice": Game(_asks_twice),
    "earlier": Game(_leaves_early),
    "twice-earlier": Game(_both),
    "split": Game(parts=3, acts=_unplugs),
    "silent": Game(_says_nothing),
}


def gain_of(
    month: Month, game: str, who: str, *, honest: Sequence[Line], memory: bool = True, guard: bool = True
) -> tuple[float, float]:
    """How much more the cheat received, as a part of the honest month's, and how much the worst neighbour's share fell."""
    played = GAMES[game]

    def arrives(car: Car) -> None:
        if car.driver.id == who:
            played.arrives(car, month.period_s)

    def act(car: Car, period: int, left: Left) -> None:
        stay = car.end - car.begin
        cuts = {car.begin + stay * part // played.parts for part in range(1, played.parts)}
        if car.driver.id == who and period in cuts:
            if not guard:
                car.forget()
            played.acts(car, period, left)

    lines = Playing(month, memory=memory, guard=guard, arrives=arrives, act=act).play()
    before, after = shares_of(honest), shares_of(lines)
    lost = max(before[driver] - after[driver] for driver in before if driver != who)
    return after[who] / before[who] - 1, lost
