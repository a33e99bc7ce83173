"""The queues of rebalances: clusters are dealt out to shards, and a worker serves its own shard before it helps with the others (ADR 143)."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID
from zlib import crc32

from django.conf import settings

BALANCE: Final = "balance"


def queue_of(cluster_id: UUID) -> str:
    """The queue of this cluster's rebalances, the same in every process."""
    return _queue(cluster_id.int % settings.BALANCE_SHARDS)


def balance_queues() -> list[str]:
    return [_queue(shard) for shard in range(settings.BALANCE_SHARDS)]


def _queue(shard: int) -> str:
    # The first shard has the name of the only one, so that workers of the release before serve it.
    return BALANCE if shard == 0 else f"{BALANCE}-{shard}"


def shard_of_worker(node: str) -> int:
    """The shard of the worker with this node name: by the number in it (`balance2@host`), else by its host's name."""
    name, _, host = node.partition("@")
    numbered = re.search(r"\d+$", name)
    number = int(numbered[0]) - 1 if numbered else crc32(host.encode())
    return number % int(settings.BALANCE_SHARDS)


class OwnShardFirst:
    """Kombu's order of a worker's queues on Redis (a `queue_order_strategy`): its own shard, then the others in turn."""

    # Of this worker's process; set before it begins to read.
    own = ""

    def __init__(self) -> None:
        self._queues: list[str] = []

    def update(self, queues: Iterable[str]) -> None:
        self._queues = list(queues)

    def consume(self, n: int) -> list[str]:
        return sorted(self._queues[:n], key=lambda queue: queue != OwnShardFirst.own)

    def rotate(self, last_used: str) -> str:
        """The one that was served last is asked last."""
        if last_used in self._queues:
            self._queues.remove(last_used)
            self._queues.append(last_used)
        return last_used
