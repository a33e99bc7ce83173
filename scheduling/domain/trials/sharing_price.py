"""Costs and benefits of "everybody a little first" for a community: its own last weeks, replayed with both orders.

Stays are as they were, limits as they are now, and buildings at their most: a shortage of the past is played as one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from grid.models import Cluster
from scheduling.domain.balancing.problem import policy_of
from scheduling.domain.learning.past_days import local_day, past_days
from scheduling.domain.trials.weekly import measure_weekly
from scheduling.models import SharingPrice
from scheduling.solver.play.closed_loop import Run, run_scenario
from scheduling.solver.play.figures import Received
from scheduling.solver.play.scenario import Scenario, Session
from scheduling.solver.problem import Policy

LOOKS_BACK_DAYS = 21
PLAYED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of what was wanted, of all energy and of the worst twentieth of cars; and the mean wait for the first power."""

    energy: float
    worst: float
    wait_s: int


def measure_all(*, now: datetime) -> int:
    """Once a week for each cluster. Returns how many were measured."""
    return measure_weekly(
        SharingPrice,
        lambda cluster: measure_price(cluster, now=now),
        what="The price of sharing of cluster",
        now=now,
    )


def measure_price(cluster: Cluster, *, now: datetime) -> SharingPrice:
    today = local_day(now, cluster)
    # A car that came yesterday may still be here.
    last = today - timedelta(days=2)
    known = past_days(cluster, first=today - timedelta(days=LOOKS_BACK_DAYS), last=last)
    played = [known[day] for day in sorted(known) if known[day].sessions][-PLAYED_DAYS:]
    policy = policy_of(cluster)
    urgent, everybody = (
        _outcome(played, replace(policy, everybody_first=everybody_first))
        for everybody_first in (False, True)
    )
    price, _ = SharingPrice.objects.update_or_create(
        cluster=cluster,
        defaults={
            "community_id": cluster.community_id,
            "measured_at": now,
            "day": today,
            "days": len(played),
            "cars": sum(len(day.sessions) for day in played),
            "energy_urgent": urgent.energy if urgent else None,
            "energy_everybody": everybody.energy if everybody else None,
            "worst_urgent": urgent.worst if urgent else None,
            "worst_everybody": everybody.worst if everybody else None,
            "wait_urgent_s": urgent.wait_s if urgent else None,
            "wait_everybody_s": everybody.wait_s if everybody else None,
        },
    )
    return price


def _outcome(days: Iterable[Scenario], policy: Policy) -> Outcome | None:
    """None where no car wanted anything."""
    received = Received()
    waits_s: list[int] = []
    for day in days:
        run = run_scenario(day, policy)
        received.add(day, run)
        waits_s += [_wait_s(run, session) for session in day.sessions]
    if not waits_s:
        return None
    return Outcome(received.energy_share, received.worst_share, round(float(np.mean(waits_s))))


def _wait_s(run: Run, session: Session) -> int:
    """From the first moment that could have had power; the whole stay where none came."""
    powered = [period for period, rate in enumerate(run.rates_kw[session.id]) if rate > 0]
    first = powered[0] if powered else session.end
    return max(0, first - session.begin) * run.period_s
