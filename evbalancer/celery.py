"""Celery's application. Its tasks are rows of the table of periodic work, and rebalances that an event asks for."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup, worker_process_init

from evbalancer.common.clocks import clock_watch
from evbalancer.common.collector import calm_collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

app = Celery("evbalancer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()


@celeryd_after_setup.connect
def _serve_shards(sender: str, instance: Any, **_: object) -> None:
    """A worker of the balancing queue serves all shards, its own one first."""
    from evbalancer.common.shards import BALANCE, OwnShardFirst, balance_queues, shard_of_worker

    queues = app.amqp.queues
    if BALANCE in queues.consume_from:
        shards = balance_queues()
        queues.select(
            [*queues.consume_from, *(queue for queue in shards if queue not in queues.consume_from)]
        )
        OwnShardFirst.own = shards[shard_of_worker(sender)]


@worker_process_init.connect
def _calm_worker(**_: object) -> None:
    calm_collector()
    clock_watch.begin_watch()
