"""Learns which cars usually come to a cluster, and whether planning for them helps there.

Days alike count more, and recent ones: a weekday is learnt from the same weekday first, then from others of its kind. The
last days are played again with the policy that runs, once with a forecast from what was known before and once without. The
forecast is used while that went better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from evbalancer.common.loops import for_each
from grid.models import Cluster
from scheduling.domain.balancing.problem import policy_of
from scheduling.domain.learning.past_days import local_day, midnight_of, past_days, stays_between
from scheduling.models import ArrivalForecast
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.figures import Received
from scheduling.solver.play.history import Flow, History, busyness, flows_of
from scheduling.solver.play.scenario import Scenario
from scheduling.solver.problem import Policy

REMEMBERED_DAYS = 56
HALF_LIFE_DAYS = 21.0
# Of a day's weight: how much another weekday of the same kind, and one of the other kind, says about it.
SAME_KIND, OTHER_KIND = 0.3, 0.05
SATURDAY = 5
# Before a week is known nothing is expected.
LEAST_DAYS = 7
PLAYED_DAYS = 3
# Forecasts reach over a night that was missed.
DAYS_AHEAD = 3
# Shares of what was wanted: a gain below the first is none, and a loss of energy above the second is one.
LEAST_GAIN, MOST_LOST = 0.002, 0.001
LONGEST_ROUND_S = 120.0


@dataclass(frozen=True, slots=True)
class Played:
    """The last days, played again: shares of what was wanted, of all energy and of the worst twentieth of cars."""

    days: int
    energy_without: float
    energy_with: float
    worst_without: float
    worst_with: float

    @property
    def helps(self) -> bool:
        gain = self.worst_with - self.worst_without
        return gain >= LEAST_GAIN and self.energy_with >= self.energy_without - MOST_LOST


def learn_all(*, now: datetime) -> int:
    """Learn where the day is a new one, and see how busy it is so far everywhere else. Returns how many were learnt."""
    clusters = Cluster.objects.filter(retired_at=None, plans_for_arrivals=True).select_related("community")
    return for_each(
        clusters,
        lambda cluster: follow_days(cluster, now=now),
        what="Arrivals of cluster",
        longest_s=LONGEST_ROUND_S,
    )


def follow_days(cluster: Cluster, *, now: datetime) -> bool:
    today = local_day(now, cluster)
    forecast = ArrivalForecast.objects.filter(cluster=cluster).first()
    if forecast is None or forecast.day != today:
        learn_arrivals(cluster, now=now)
        return True
    ArrivalForecast.objects.filter(pk=forecast.pk).update(busyness=_busyness(cluster, forecast, now=now))
    return False


def learn_arrivals(cluster: Cluster, *, now: datetime) -> ArrivalForecast:
    """Learn from the last weeks what is usual today and on the next days, and whether it is worth planning for."""
    today = local_day(now, cluster)
    known = past_days(cluster, first=today - timedelta(days=REMEMBERED_DAYS), last=today - timedelta(days=1))
    played = play_last_days(known, policy_of(cluster)) if len(known) >= LEAST_DAYS else None
    energies = [session.energy_wh for day in known.values() for session in day.sessions]
    flows = [
        _flows(known, today + timedelta(days=number)) if len(known) >= LEAST_DAYS else []
        for number in range(DAYS_AHEAD)
    ]
    forecast, _ = ArrivalForecast.objects.update_or_create(
        cluster=cluster,
        defaults={
            "community_id": cluster.community_id,
            "learned_at": now,
            "day": today,
            "days": len(known),
            "flows": flows,
            "usual_stay_wh": int(np.mean(energies)) if energies else 0,
            "busyness": 1.0,
            "is_used": played is not None and played.helps,
            "days_played": played.days if played else 0,
            "energy_without": played.energy_without if played else None,
            "energy_with": played.energy_with if played else None,
            "worst_without": played.worst_without if played else None,
            "worst_with": played.worst_with if played else None,
        },
    )
    return forecast


def day_weight(day: date, target: date) -> float:
    """How much a past day says about another one."""
    age: float = 0.5 ** ((target - day).days / HALF_LIFE_DAYS)
    if day.weekday() == target.weekday():
        return age
    alike = (day.weekday() >= SATURDAY) == (target.weekday() >= SATURDAY)
    return age * (SAME_KIND if alike else OTHER_KIND)


def play_last_days(known: Mapping[date, Scenario], policy: Policy) -> Played | None:
    """The last days on which cars came, each with a forecast from the days before it; None without any."""
    days = sorted(known)
    worth = [day for number, day in enumerate(days) if number >= LEAST_DAYS - 1 and known[day].sessions]
    without, with_forecast = Received(), Received()
    for day in worth[-PLAYED_DAYS:]:
        before = [past for past in days if past < day]
        scenario = known[day]
        history = History(
            [known[past] for past in before], scenario, weights=[day_weight(past, day) for past in before]
        )
        without.add(scenario, run_scenario(scenario, policy))
        with_forecast.add(scenario, run_scenario(scenario, policy, expect=history.expect))
    if not without.shares:
        return None
    return Played(
        days=len(worth[-PLAYED_DAYS:]),
        energy_without=without.energy_share,
        energy_with=with_forecast.energy_share,
        worst_without=without.worst_share,
        worst_with=with_forecast.worst_share,
    )


def _flows(known: Mapping[date, Scenario], target: date) -> list[list[str | float]]:
    """As they are stored: whole seconds, watts and watt-hours."""
    days = list(known)
    circuits = known[days[-1]].circuits
    found = flows_of(
        [known[day] for day in days], circuits, weights=[day_weight(day, target) for day in days]
    )
    return [[flow.circuit_id, *(round(part) for part in flow[1:])] for flow in found]


def _busyness(cluster: Cluster, forecast: ArrivalForecast, *, now: datetime) -> float:
    """A car that stands here counts as a usual one until it has taken more."""
    begun = midnight_of(forecast.day, cluster)
    here = stays_between(cluster, begun, now)
    today_wh = sum(max(stay.wanted_wh, forecast.usual_stay_wh) for _, stay in here)
    flows = [Flow(*row) for row in forecast.flows[0]] if forecast.flows else []
    return busyness(flows, now_s=int((now - begun).total_seconds()), today_wh=float(today_wh))
