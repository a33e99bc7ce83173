"""Celery's application. Its tasks are rows of the table of periodic work, and rebalances that an event asks for."""

import os

from celery import Celery
from celery.signals import worker_process_init

from evbalancer.common.clocks import clock_watch
from evbalancer.common.collector import calm_collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

app = Celery("evbalancer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()


@worker_process_init.connect
def _calm_worker(**_: object) -> None:
    calm_collector()
    clock_watch.begin_watch()
