"""What each aim would have cost a cluster: its own last weeks, played again by the engine that runs, at the prices of those days.

Stays are as they were, limits as they are now, and buildings at their most. Cars that usually came are expected as the balancer expects them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from grid.models import Cluster
from pricing.domain import curves
from scheduling.domain.balancing.problem import policy_of
from scheduling.domain.learning.aims import carbon_ahead
from scheduling.domain.learning.past_days import N_PERIODS, local_day, midnight_of, past_days
from scheduling.domain.trials.learning_arrivals import LEAST_DAYS, day_weight
from scheduling.domain.trials.weekly import measure_weekly
from scheduling.models import AimTrial
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.figures import Received, figures_of
from scheduling.solver.play.history import History
from scheduling.solver.play.live import TICK_S
from scheduling.solver.play.scenario import Scenario
from scheduling.solver.problem import Aim

LOOKS_BACK_DAYS = 28
PLAYED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of what was wanted, of all energy and of the worst twentieth of cars; cost and carbon None where not known."""

    energy: float
    worst: float
    cost_minor: int | None
    peak_w: int
    carbon_g: int | None


def measure_all_aims(*, now: datetime) -> int:
    """Once a week for each cluster. Returns how many were measured."""
    return measure_weekly(
        AimTrial, lambda cluster: measure_aims(cluster, now=now), what="The aims of cluster", now=now
    )


def measure_aims(cluster: Cluster, *, now: datetime) -> AimTrial:
    today = local_day(now, cluster)
    # A car that came yesterday may still be here.
    known = past_days(cluster, first=today - timedelta(days=LOOKS_BACK_DAYS), last=today - timedelta(days=2))
    played = [day for day in sorted(known) if known[day].sessions][-PLAYED_DAYS:]
    days = {day: with_prices(known[day], day, cluster) for day in played}
    outcomes = {aim.value: play_days(cluster, days, known, aim) for aim in Aim}
    trial, _ = AimTrial.objects.update_or_create(
        cluster=cluster,
        defaults={
            "community_id": cluster.community_id,
            "measured_at": now,
            "day": today,
            "days": len(days),
            "cars": sum(len(day.sessions) for day in days.values()),
            "outcomes": {name: asdict(found) for name, found in outcomes.items() if found is not None},
        },
    )
    return trial


def with_prices(scenario: Scenario, day: date, cluster: Cluster) -> Scenario:
    """Minor units per kWh, as they were published or as the tariff has them; carbon where the signal says it throughout."""
    start = midnight_of(day, cluster)
    prices = curves.prices_ahead(cluster, start=start, count=N_PERIODS)
    carbon = carbon_ahead(cluster, start=start, count=N_PERIODS)
    return replace(
        scenario,
        tariff=tuple(price / 1_000 for price in prices),
        carbon=carbon if len(carbon) == N_PERIODS else (),
    )


def play_days(
    cluster: Cluster, days: Mapping[date, Scenario], known: Mapping[date, Scenario], aim: Aim
) -> Outcome | None:
    """None where no car came, or where what the aim follows is not known on each of the days."""
    follows: Sequence[tuple[float, ...]] = {
        Aim.PRICE: [day.tariff for day in days.values()],
        Aim.CARBON: [day.carbon for day in days.values()],
    }.get(aim, [])
    if not days or not all(follows):
        return None
    policy, received = policy_of(cluster, aim=aim), Received()
    cost, carbon_g, peak_w = 0.0, 0.0, 0.0
    for day, scenario in days.items():
        run = run_scenario(scenario, policy, tick_s=TICK_S, expect=_forecast(cluster, day, scenario, known))
        received.add(scenario, run)
        figures = figures_of(scenario, run)
        cost, carbon_g = cost + figures.cost, carbon_g + figures.carbon_g
        peak_w = max(peak_w, figures.peak_w)
    return Outcome(
        energy=received.energy_share,
        worst=received.worst_share,
        cost_minor=round(cost) if all(day.tariff for day in days.values()) else None,
        peak_w=round(peak_w),
        carbon_g=round(carbon_g) if all(day.carbon for day in days.values()) else None,
    )


def _forecast(cluster: Cluster, day: date, scenario: Scenario, known: Mapping[date, Scenario]) -> Any:
    """From the days before it, where the cluster plans for arrivals and enough of them are known."""
    before = [past for past in known if past < day]
    if not cluster.plans_for_arrivals or len(before) < LEAST_DAYS:
        return None
    weights = [day_weight(past, day) for past in before]
    return History([known[past] for past in before], scenario, weights=weights).expect
