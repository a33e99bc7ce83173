"""One night in closed loop: what drivers say becomes claims by the product's own rules, and its policy decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.month.model import Driver, Month
from scheduling.domain.balancing.problem import LOW, NORMAL
from scheduling.rules.guard import NEW, Claim, Learnt, Word, claim_of
from scheduling.solver.play.live import live_policy
from scheduling.solver.play.scenario import VOLTS
from scheduling.solver.problem import LONG_AGO_S, Circuit, Demand, Problem
from scheduling.solver.solution import Solution
from scheduling.solver.solve import solve

CRUMB_WH = 1e-6


@dataclass(slots=True)
class Car:
    """A car at its charger, which takes what it needs and no more, whatever its driver says. Times are periods.

    A stay lasts until its driver unplugs; `before_wh` is of earlier stays of the night.
    """

    driver: Driver
    begin: int
    end: int
    need_wh: float
    asked_wh: float | None
    ready_by: int | None
    stay_begin: int
    weight: float = 1.0
    stay_wh: float = 0.0
    before_wh: float = 0.0
    highest_wh: float | None = None
    current_ma: int = 0
    since_s: int = LONG_AGO_S
    starts: int = 0

    @property
    def left_wh(self) -> float:
        return self.need_wh - self.before_wh - self.stay_wh

    def ask(self, wish_wh: float | None, ready_by: int | None) -> None:
        self.asked_wh, self.ready_by = wish_wh, ready_by
        self.highest_wh = max((each for each in (wish_wh, self.highest_wh) if each is not None), default=None)

    def forget(self) -> None:
        """To the balancer it is a car that was never started."""
        self.current_ma, self.since_s, self.starts = 0, LONG_AGO_S, 0


# The car is unplugged in that period: its stay ends.
Left = Callable[[Car, int], None]
# What a driver does at the charger, before each decision.
Act = Callable[[Car, int, Left], None]


@dataclass(slots=True)
class Night:
    """The cars of a night. `learnt` is asked again for each decision: what a stay taught counts in the next."""

    month: Month
    cars: Sequence[Car]
    learnt: Callable[[str], Learnt] = lambda _driver: NEW
    left: Left = lambda _car, _period: None
    act: Act = lambda _car, _period, _left: None
    start_s: float = 0.0

    def play(self) -> None:
        last: Solution | None = None
        for period in range(self.month.periods):
            present = [car for car in self.cars if car.begin <= period < car.end]
            for car in present:
                self.act(car, period, self.left)
            wanting = {car.driver.id: car for car in present if self.wants(car)}
            if wanting:
                last = solve(self._problem(wanting, period), last)
                for key, car in wanting.items():
                    self._obey(car, last.allotments[key].limit_ma, last.allotments[key].power_w)
            for car in present:
                car.since_s += self.month.period_s
            for car in present:
                if car.end == period + 1:
                    self.left(car, car.end)

    def wants(self, car: Car) -> bool:
        """A remainder below what the charger's minimum gives in a period would have to be cut short: it is left."""
        least_wh = car.driver.min_w * self.month.period_s / 3600
        return car.left_wh > CRUMB_WH and car.left_wh >= least_wh - CRUMB_WH

    def claim(self, car: Car, period: int) -> Claim:
        until_s = None if car.ready_by is None else (car.ready_by - period) * self.month.period_s
        learnt, begin_s = self.learnt(car.driver.id), self.start_s + car.stay_begin * self.month.period_s
        return claim_of(
            Word(None if car.asked_wh is None else round(car.asked_wh), until_s),
            learnt,
            received_wh=round(car.stay_wh),
            stayed_s=(period - car.stay_begin) * self.month.period_s,
            before_wh=learnt.before(begin_s),
        )

    def _obey(self, car: Car, limit_ma: int, offered_w: float) -> None:
        if (limit_ma > 0) != (car.current_ma > 0):
            car.since_s = 0
            car.starts += limit_ma > 0
        car.current_ma = limit_ma
        car.stay_wh += min(offered_w * self.month.period_s / 3600, car.left_wh)

    def _problem(self, wanting: dict[str, Car], period: int) -> Problem:
        rest = self.month.base_load_ma[period:]
        site = Circuit(
            "site",
            limit_ma=(self.month.limit_ma,) * 3,
            base_load_ma_series=tuple((each,) * 3 for each in rest),
        )
        demands = tuple(self._demand(car, period) for car in wanting.values())
        at_s = period * self.month.period_s
        return Problem((site,), demands, policy=live_policy(), period_s=self.month.period_s, at_s=at_s)

    def _demand(self, car: Car, period: int) -> Demand:
        driver, claim = car.driver, self.claim(car, period)
        return Demand(
            id=driver.id,
            circuit_id="site",
            phases=driver.phases,
            min_ma=driver.min_ma,
            max_ma=driver.max_ma,
            volts=VOLTS,
            energy_wh=claim.energy_wh,
            remaining_wh=claim.remaining_wh,
            depart_s=claim.depart_s,
            priority=LOW if claim.is_served else NORMAL,
            weight=car.weight,
            current_ma=car.current_ma,
            since_s=car.since_s,
            starts=car.starts,
            connected_s=(period - car.stay_begin) * self.month.period_s,
        )
