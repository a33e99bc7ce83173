"""What a run came to: energy, fairness, cost, peak, starts, time."""

from dataclasses import dataclass, field

from scheduling.solver.play.closed_loop import Run
from scheduling.solver.play.scenario import Scenario

MET_WITHIN_WH = 50.0
WORST_PART = 0.05


@dataclass(slots=True)
class Received:
    """What cars received of what they wanted on several days; each of them wanted something."""

    wanted_wh: float = 0.0
    received_wh: float = 0.0
    shares: list[float] = field(default_factory=list)

    def add(self, scenario: Scenario, run: Run) -> None:
        for session in scenario.sessions:
            got_wh = run.received_wh(session.id)
            self.wanted_wh += session.energy_wh
            self.received_wh += got_wh
            self.shares.append(got_wh / session.energy_wh)

    @property
    def energy_share(self) -> float:
        return self.received_wh / self.wanted_wh

    @property
    def worst_share(self) -> float:
        """The mean of the worst twentieth of the cars, of one car at least."""
        count = max(1, round(len(self.shares) * WORST_PART))
        return sum(sorted(self.shares)[:count]) / count


@dataclass(frozen=True, slots=True)
class Figures:
    """Satisfaction is delivered over asked; jain is Jain's index of it (1 when everybody fares alike)."""

    asked_wh: float
    delivered_wh: float
    met_share: float
    worst_off: float
    jain: float
    starts_per_session: float
    peak_w: float
    cost: float
    carbon_g: float
    tick_ms_median: float
    tick_ms_max: float

    @property
    def delivered_share(self) -> float:
        return self.delivered_wh / self.asked_wh if self.asked_wh else 1.0


def _units(scenario: Scenario, run: Run) -> int:
    return scenario.n_periods * scenario.period_s // run.period_s


def figures_of(scenario: Scenario, run: Run) -> Figures:
    hours = run.period_s / 3600
    periods = [at * run.period_s // scenario.period_s for at in range(_units(scenario, run))]
    total_kw = [0.0] * len(periods)
    shares, delivered, starts, met = [], 0.0, 0, 0
    for session in scenario.sessions:
        rates = run.rates_kw[session.id]
        got_wh = run.received_wh(session.id)
        delivered += got_wh
        met += session.energy_wh - got_wh < MET_WITHIN_WH
        shares.append(min(1.0, got_wh / session.energy_wh) if session.energy_wh else 1.0)
        starts += sum(now > 0 >= before for before, now in zip([0.0, *rates], rates, strict=False))
        for at, rate in enumerate(rates):
            total_kw[at] += rate
    base_kw = [
        sum(each.base_load_w_series[period] for each in scenario.circuits if each.base_load_w_series) / 1000
        for period in periods
    ]
    squares = sum(share * share for share in shares)
    count = max(1, len(shares))
    ordered = sorted(run.tick_ms) or [0.0]
    tariff = scenario.tariff or (0.0,) * scenario.n_periods
    prices = [tariff[period] for period in periods]
    carbon = scenario.carbon or (0.0,) * scenario.n_periods
    return Figures(
        asked_wh=sum(session.energy_wh for session in scenario.sessions),
        delivered_wh=delivered,
        met_share=met / count,
        worst_off=min(shares, default=1.0),
        jain=sum(shares) ** 2 / (count * squares) if squares else 0.0,
        starts_per_session=starts / count,
        peak_w=max(base + cars for base, cars in zip(base_kw, total_kw, strict=True)) * 1000,
        cost=sum(kw * hours * price for kw, price in zip(total_kw, prices, strict=True)),
        carbon_g=sum(kw * hours * carbon[period] for kw, period in zip(total_kw, periods, strict=True)),
        tick_ms_median=ordered[len(ordered) // 2],
        tick_ms_max=ordered[-1],
    )
