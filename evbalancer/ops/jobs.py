"""What the in-process scheduler does periodically: the domain functions that Celery's tasks wrap."""

from datetime import datetime

from chargers.domain import local_lists
from drivers.domain import notifications, webhooks
from evbalancer.common.loops import for_each
from evbalancer.ops.scheduler import Job, Lane, balance_on_beat
from fleet.domain import polling
from fleet.domain import webhooks as car_webhooks
from fleet.smartcar.choice import gateway
from fleet.tasks import RENEWING
from grid.openadr import follow
from pricing.domain import costs
from scheduling.domain import abuse, learning_arrivals, sharing_price
from scheduling.domain.rebalance import clusters_in_use
from scheduling.tasks import LAPSING


def refresh_tokens(*, now: datetime) -> None:
    for_each(RENEWING, lambda job: job(gateway(), now=now), what="Job")


def refresh_vehicles(*, now: datetime) -> None:
    polling.refresh_states(gateway(), now=now)


JOBS = (
    Job("rebalance", every_s=3, run=balance_on_beat, lane=Lane.BALANCER, over=clusters_in_use),
    *(Job(run.__name__.replace("_", " "), every_s=60, run=run) for run in LAPSING),
    Job("tell costs", every_s=20, run=costs.tell_running),
    Job("follow local lists", every_s=600, run=local_lists.follow_all),
    Job("scan for abuse", every_s=3600, run=abuse.scan),
    Job("learn arrivals", every_s=900, run=learning_arrivals.learn_all, lane=Lane.SLOW),
    Job("price sharing", every_s=3600, run=sharing_price.measure_all, lane=Lane.SLOW),
    Job("send mails", every_s=60, run=notifications.send_due_mails, lane=Lane.SLOW),
    Job("deliver webhooks", every_s=30, run=webhooks.deliver_due, lane=Lane.SLOW),
    Job("poll demand programs", every_s=60, run=follow.poll_all, lane=Lane.SLOW),
    Job("refresh vehicle tokens", every_s=600, run=refresh_tokens, lane=Lane.SLOW),
    Job("forget old webhook events", every_s=86_400, run=car_webhooks.prune),
    Job("refresh vehicle states", every_s=300, run=refresh_vehicles, lane=Lane.SLOW),
)
