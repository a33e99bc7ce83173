"""Clusters on shards, and workers that prefer theirs."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from evbalancer.common.shards import OwnShardFirst, balance_queues, queue_of, shard_of_worker


def test_one_shard_has_the_name_that_workers_of_former_releases_read(settings) -> None:
    settings.BALANCE_SHARDS = 1
    assert balance_queues() == ["balance"]
    assert {queue_of(uuid4()) for _ in range(20)} == {"balance"}


def test_clusters_are_dealt_out_evenly_and_always_the_same_way(settings) -> None:
    settings.BALANCE_SHARDS = 4
    assert balance_queues() == ["balance", "balance-1", "balance-2", "balance-3"]
    counts = Counter(queue_of(uuid4()) for _ in range(4000))
    assert set(counts) == set(balance_queues())
    assert min(counts.values()) > 850
    assert queue_of(UUID(int=6)) == "balance-2"


@pytest.mark.parametrize(
    ("node", "shard"),
    [("balance1@host", 0), ("balance3@host", 2), ("balance4@host", 0), ("balance@alpha", 1)],
)
def test_worker_has_the_shard_of_its_number_or_of_its_host(settings, node: str, shard: int) -> None:
    settings.BALANCE_SHARDS = 3
    assert shard_of_worker(node) == shard


def test_own_shard_is_read_first_and_the_others_in_turn(monkeypatch) -> None:
    monkeypatch.setattr(OwnShardFirst, "own", "balance-1")
    order = OwnShardFirst()
    order.update(["balance", "balance-1", "balance-2"])
    assert order.consume(3) == ["balance-1", "balance", "balance-2"]
    order.rotate("balance")
    assert order.consume(3) == ["balance-1", "balance-2", "balance"]
