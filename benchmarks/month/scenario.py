"""A night of the month as a scenario for the engine's own closed loop."""

from benchmarks.month.model import Month, Stay
from scheduling.solver.play.scenario import VOLTS, Charger, Scenario, Session
from scheduling.solver.problem import Circuit


def night_of(month: Month, stays: dict[str, Stay], weights: dict[str, float]) -> Scenario:
    site = Circuit(
        "site",
        limit_ma=(month.limit_ma,) * 3,
        base_load_w_series=tuple(3 * each / 1000 * VOLTS for each in month.base_load_ma),
        base_load_ma_series=tuple((each,) * 3 for each in month.base_load_ma),
    )
    chargers = {
        each.id: Charger(each.id, "site", each.max_w, each.min_w, each.phases, VOLTS)
        for each in month.drivers.values()
    }
    sessions = tuple(
        Session(
            id=key,
            charger=stay.driver,
            arrive_s=stay.begin * month.period_s,
            depart_s=stay.end * month.period_s,
            begin=stay.begin,
            end=stay.end,
            energy_wh=stay.wanted_wh,
            max_w=month.drivers[stay.driver].max_w,
            priority=1,
            driver=stay.driver,
            weight=weights.get(stay.driver, 1.0),
        )
        for key, stay in stays.items()
    )
    return Scenario(month.name, month.period_s, month.periods, (site,), chargers, sessions, (), (), VOLTS)
