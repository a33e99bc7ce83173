"""How many tasks wait in each queue of Celery. A queue that nobody serves grows, since what expires there is thrown away by a worker alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from evbalancer.common.cache import redis_is_away
from evbalancer.common.shards import balance_queues
from evbalancer.ops.periodic import Lane

# A worker that is merely busy has some waiting; so many wait where there is none.
UNSERVED: Final = 100


def queue_names() -> Iterator[str]:
    yield from balance_queues()
    yield from (lane.queue for lane in Lane if lane is not Lane.BALANCER)


def read_depths() -> Mapping[str, int]:
    """By queue; empty where no worker is asked, or the broker does not answer."""
    if settings.BALANCE_RUNNER != "celery" or redis_is_away():
        return {}
    try:
        with current_app.connection_for_read() as connection:
            channel = connection.default_channel
            return {name: _depth(channel, name) for name in queue_names()}
    except (OperationalError, OSError):
        return {}


def _depth(channel: Any, name: str) -> int:
    # One that was never sent to is made: asking for one that is absent would close the channel of an AMQP broker.
    return int(channel.queue_declare(name, durable=True, auto_delete=False).message_count)
