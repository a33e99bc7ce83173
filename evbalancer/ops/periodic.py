"""The table of periodic work. The in-process scheduler, Celery's beat and docs/periodic.md read it; nothing else lists such work."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from chargers.domain.cards import local_lists
from drivers.domain import notifications, tokens, webhooks
from drivers.domain.channels import pushes
from evbalancer.common.db.locks import ClusterBusy
from evbalancer.common.shards import BALANCE, queue_of
from evbalancer.ops import retention
from fleet.domain import connections, polling
from fleet.domain import webhooks as car_webhooks
from fleet.smartcar.choice import gateway
from grid.domain.idempotency import prune_idempotency_keys
from grid.openadr import follow
from pricing.domain import costs, fetching
from pricing.domain.reports import profiles
from scheduling.domain.alarms import judging, sending
from scheduling.domain.balancing.rebalance import clusters_in_use, share_power
from scheduling.domain.booking import keeping, no_shows, requests, reservations
from scheduling.domain.conduct import abuse, emergencies
from scheduling.domain.learning import headroom
from scheduling.domain.telling import notices
from scheduling.domain.trials import aims, learning_arrivals, sharing_price

# For a cluster that somebody has locked, while all others wait.
PATIENCE: Final = timedelta(milliseconds=250)
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


class Lane(Enum):
    """What keeps each other waiting: a cut waits for the rebalance that runs, and for nothing else.

    In process each lane is a thread. With Celery it is a queue with a worker of its own; the balancer's has shards.
    """

    BALANCER = "balancer"
    # Short work on the database.
    CHORES = "chores"
    # They wait for others: providers of prices and of demand programs, of cars, mail servers and drivers' own addresses.
    PRICES = "prices"
    CARS = "cars"
    MAIL = "mail"
    # The same, and not behind them: alarms wait for no mail.
    ALARMS = "alarms"
    # Seconds of processor.
    COMPUTING = "computing"
    # Small pieces for a minute at a time.
    CLEARING = "clearing"

    @property
    def queue(self) -> str:
        return BALANCE if self is Lane.BALANCER else self.value


@dataclass(frozen=True, slots=True)
class Row:
    """A function of `now` that is due every so often.

    With `over` it is called for each of those ids, and other work of its lane has its turn in between.
    """

    name: str
    run: Callable[..., object]
    every_s: int
    lane: Lane = Lane.CHORES
    over: Callable[[], Sequence[UUID]] | None = None

    def queue_for(self, one: UUID) -> str:
        """The queue of one of many."""
        return queue_of(one) if self.lane is Lane.BALANCER else self.lane.queue


def balance_cluster(cluster_id: UUID, *, now: datetime, stand_in: str = "") -> None:
    """One of many: a cluster that somebody else has locked has its turn with the next beat."""
    with contextlib.suppress(ClusterBusy):
        share_power(cluster_id, now=now, patience=PATIENCE, stand_in=stand_in)


def refresh_vehicle_tokens(*, now: datetime) -> None:
    connections.refresh_due(gateway(), now=now)


def finish_disconnecting_vehicles(*, now: datetime) -> None:
    connections.finish_disconnecting(gateway(), now=now)


def refresh_vehicle_states(*, now: datetime) -> None:
    polling.refresh_states(gateway(), now=now)


# Operators know the rows by these names: renaming one loses their edits of its schedule.
ROWS: Final = (
    Row("Rebalance all clusters", balance_cluster, every_s=3, lane=Lane.BALANCER, over=clusters_in_use),
    Row("Judge the alarms of clusters", judging.judge_cluster, every_s=20, over=clusters_in_use),
    Row("Judge the alarms of the server", judging.judge_site, every_s=20),
    Row("Lapse slots without a car", no_shows.lapse_no_shows, every_s=MINUTE_S),
    Row("Answer waiting requests after departures", requests.improve_after_departures, every_s=MINUTE_S),
    Row("Reserve booked connectors", reservations.reserve_due, every_s=MINUTE_S),
    Row("End emergencies", emergencies.finish_due, every_s=MINUTE_S),
    Row("Warn of overstays", notices.warn_overstays, every_s=MINUTE_S),
    Row("Warn of promises that can't be kept", keeping.warn_of_broken, every_s=MINUTE_S),
    Row("Tell what sessions have cost", costs.tell_running, every_s=20),
    Row("Publish prices that follow the market", headroom.publish_all, every_s=5 * MINUTE_S),
    Row("Keep local lists in step", local_lists.follow_all, every_s=10 * MINUTE_S),
    Row("Scan for abuse", abuse.scan_communities, every_s=HOUR_S),
    Row(
        "Learn which cars usually come",
        learning_arrivals.learn_all,
        every_s=15 * MINUTE_S,
        lane=Lane.COMPUTING,
    ),
    Row(
        "Measure what the order in a shortage costs",
        sharing_price.measure_all,
        every_s=HOUR_S,
        lane=Lane.COMPUTING,
    ),
    Row(
        "Compare sessions with charging at once",
        profiles.measure_profiles,
        every_s=MINUTE_S,
        lane=Lane.COMPUTING,
    ),
    Row("Measure what aims cost", aims.measure_all_aims, every_s=HOUR_S, lane=Lane.COMPUTING),
    Row("Refresh vehicle tokens", refresh_vehicle_tokens, every_s=10 * MINUTE_S, lane=Lane.CARS),
    Row(
        "Finish disconnecting vehicles", finish_disconnecting_vehicles, every_s=10 * MINUTE_S, lane=Lane.CARS
    ),
    Row("Refresh vehicle states", refresh_vehicle_states, every_s=5 * MINUTE_S, lane=Lane.CARS),
    Row("Send alarms", sending.send_due_alarms, every_s=10, lane=Lane.ALARMS),
    Row("Send mails", notifications.send_due_mails, every_s=MINUTE_S, lane=Lane.MAIL),
    Row("Send web pushes", pushes.send_due_pushes, every_s=10, lane=Lane.MAIL),
    Row("Deliver webhooks", webhooks.deliver_due, every_s=30, lane=Lane.MAIL),
    Row("Ask for energy signals", fetching.fetch_due, every_s=MINUTE_S, lane=Lane.PRICES),
    Row("Poll demand programs", follow.poll_all, every_s=MINUTE_S, lane=Lane.PRICES),
    Row("Prune webhook events", car_webhooks.prune_events, every_s=DAY_S, lane=Lane.CLEARING),
    Row("Prune sign-in tokens", tokens.prune_tokens, every_s=DAY_S, lane=Lane.CLEARING),
    Row("Prune idempotency keys", prune_idempotency_keys, every_s=DAY_S, lane=Lane.CLEARING),
    Row("Clear what is over its time", retention.clear_old_rows, every_s=5 * MINUTE_S, lane=Lane.CLEARING),
)


def row_named(name: str) -> Row:
    """Raises LookupError where the table has no such row."""
    for row in ROWS:
        if row.name == name:
            return row
    raise LookupError(f"There is no periodic work named {name!r}: run manage.py register_periodic_tasks")
