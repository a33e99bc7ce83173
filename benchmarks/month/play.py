"""A month night after night: the ledger's weights and what is learnt of each driver come from the product's own functions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.month.figures import Line
from benchmarks.month.model import Month, Stay
from benchmarks.month.night import Act, Car, Night
from scheduling.domain.learning.fairness import (
    REMEMBERED,
    count_wanted_wh,
    faded_share,
    given_up,
    relative_weight,
)
from scheduling.domain.learning.visits import Visit
from scheduling.models import SlotRequest
from scheduling.rules.guard import NEW, Lately, Learnt, StayFact, learn

WRONGED_NIGHTS = range(5, 8)
GIVEN_BACK_AFTER = (3, 7, 14, 22)
FIRST_EVENING = datetime(2026, 11, 1, 16, tzinfo=UTC)

Denied = Callable[[int, str], bool]
Arrives = Callable[[Car], None]


def weights_on(night: int, lines: Sequence[Line], drivers: Sequence[str]) -> dict[str, float]:
    """The ledger's weights on the evening of this night."""
    due = dict.fromkeys(drivers, 0.0)
    missed = dict.fromkeys(drivers, 0.0)
    for line in lines:
        age = timedelta(days=night - line.night)
        if age >= REMEMBERED:
            continue
        due[line.driver] += faded_share(age) * line.due_wh
        missed[line.driver] += faded_share(age) * max(0.0, line.due_wh - line.received_wh)
    usual = usual_on(night, lines)
    return {driver: relative_weight(due[driver], missed[driver], usual=usual) for driver in drivers}


def usual_on(night: int, lines: Sequence[Line]) -> float:
    """What part of its wishes the community missed, as the ledger says on the evening of this night."""
    due = missed = 0.0
    for line in lines:
        age = timedelta(days=night - line.night)
        if age < REMEMBERED:
            due += faded_share(age) * line.due_wh
            missed += faded_share(age) * max(0.0, line.due_wh - line.received_wh)
    return missed / due if due else 0.0


class Playing:
    """One month as it goes. `guard`: whether what was learnt of a driver counts. `arrives` and `act` are what a cheat says and does."""

    def __init__(
        self,
        month: Month,
        *,
        memory: bool,
        guard: bool = True,
        before: Sequence[Line] = (),
        denied: Denied = lambda _night, _driver: False,
        arrives: Arrives = lambda _car: None,
        act: Act = lambda _car, _period, _left: None,
    ) -> None:
        self.month, self.memory, self.guard = month, memory, guard
        self.denied, self.arrives, self.act = denied, arrives, act
        self.lines = list(before)
        self.facts: dict[str, list[StayFact]] = {driver: [] for driver in month.drivers}
        self.known: dict[str, Learnt] = {}
        self.night = 1 + max((line.night for line in self.lines), default=-1)

    def play(self) -> list[Line]:
        while self.night < len(self.month.nights):
            self._play_night()
            self.night += 1
        return self.lines

    def learnt(self, driver: str) -> Learnt:
        return self.known.get(driver, NEW) if self.guard else NEW

    def _play_night(self) -> None:
        weights = weights_on(self.night, self.lines, list(self.month.drivers)) if self.memory else {}
        cars = []
        for stay in self.month.nights[self.night]:
            car = self._car(stay, weights.get(stay.driver, 1.0))
            if self.denied(self.night, stay.driver):
                self._leave(car, car.end)
                continue
            self.arrives(car)
            car.highest_wh = car.asked_wh
            cars.append(car)
        start_s = self.evening.timestamp()
        Night(self.month, cars, self.learnt, self._leave, self.act, start_s).play()

    @property
    def evening(self) -> datetime:
        return FIRST_EVENING + timedelta(days=self.night)

    def _car(self, stay: Stay, weight: float) -> Car:
        driver = self.month.drivers[stay.driver]
        return Car(
            driver,
            stay.begin,
            stay.end,
            need_wh=stay.wanted_wh,
            asked_wh=stay.wanted_wh,
            ready_by=stay.end,
            stay_begin=stay.begin,
            highest_wh=stay.wanted_wh,
            weight=weight,
        )

    def _leave(self, car: Car, period: int) -> None:
        """The stay ends: the ledger's line, and what it teaches."""
        step = timedelta(seconds=self.month.period_s)
        driver, evening = car.driver, self.evening
        least_wh = driver.min_w * self.month.period_s / 3600
        is_sated = car.left_wh < least_wh
        # A crumb that the game's quarters of an hour leave out is no news of the car.
        received_wh = round(car.stay_wh + (max(0.0, car.left_wh) if is_sated else 0.0))
        visit = Visit(
            driver_id=None,
            received_wh=received_wh,
            charged_for=(period - car.stay_begin) * step,
            full_power_w=round(driver.max_w),
            battery_wh=driver.battery_wh,
            charge_pct=None,
            waited_s=0,
            given_up_at=evening + period * step,
            began_at=evening + car.stay_begin * step,
            left_at=evening + period * step,
            vehicle_id=None,
            is_sated=is_sated,
        )
        slot = None
        learnt = self.learnt(driver.id)
        if car.highest_wh is not None and car.ready_by is not None:
            slot = SlotRequest(energy_wh=round(car.highest_wh), ready_by=evening + car.ready_by * step)
        wanted_wh = count_wanted_wh(visit, slot, learnt)
        due_wh = wanted_wh - given_up(visit, slot, wanted_wh=wanted_wh)
        is_first = car.stay_begin == car.begin
        self.lines.append(Line(self.night, driver.id, car.need_wh if is_first else 0.0, due_wh, car.stay_wh))
        self.facts[driver.id].append(
            StayFact(
                asked_wh=slot.energy_wh if slot is not None else None,
                received_wh=received_wh,
                is_sated=is_sated,
                had_enough=is_sated or received_wh >= wanted_wh,
                overrun_s=(period - car.ready_by) * self.month.period_s if car.ready_by is not None else None,
                stayed_s=(period - car.stay_begin) * self.month.period_s,
            )
        )
        before_wh = self.learnt(driver.id).before(visit.began_at.timestamp())
        lately = Lately(visit.left_at.timestamp(), received_wh + before_wh)
        self.known[driver.id] = replace(learn(self.facts[driver.id]), lately=lately)
        car.before_wh += car.stay_wh
        car.stay_wh, car.stay_begin = 0.0, period
        car.forget()


def play_month(month: Month, *, memory: bool, guard: bool = True, **more: Any) -> list[Line]:
    """Play the nights that follow those of `before`; see Playing."""
    return Playing(month, memory=memory, guard=guard, **more).play()


def given_back(month: Month, driver: str, *, memory: bool, whole: Sequence[Line] = ()) -> dict[int, float]:
    """After how many nights which part of what a wronged driver lost is back. `whole`: the month without the wrong."""
    begin, end = WRONGED_NIGHTS.start, WRONGED_NIGHTS.stop
    whole = whole or play_month(month, memory=memory)
    wronged = play_month(
        month,
        memory=memory,
        before=[line for line in whole if line.night < begin],
        denied=lambda night, who: who == driver and night in WRONGED_NIGHTS,
    )
    gain = [0.0] * len(month.nights)
    for lines, sign in ((wronged, 1), (whole, -1)):
        for line in lines:
            if line.driver == driver:
                gain[line.night] += sign * line.received_wh
    loss = -sum(gain[begin:end])
    if not loss:
        raise SystemExit(f"{driver} is not there on those nights, or received nothing anyway")
    return {after: sum(gain[end : end + after]) / loss for after in GIVEN_BACK_AFTER}
