import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from evbalancer.common.ids import first_uuid_of, ordered_uuid


def test_ids_rise_in_the_order_in_which_they_are_made():
    made = [ordered_uuid() for _ in range(10_000)]
    assert sorted(made) == made
    assert sorted(made, key=lambda one: one.hex) == made
    assert {(one.version, one.variant[:4]) for one in made} == {(7, "spec")}


def test_ids_of_several_threads_are_all_different():
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ordered_uuid(), range(5_000)))
    assert len(set(made)) == 5_000


def test_id_says_when_it_was_made():
    assert abs((ordered_uuid().int >> 80) - time.time_ns() // 1_000_000) < 1_000


def test_ids_of_a_moment_are_above_the_first_one_of_it():
    before = datetime.now(UTC)
    made = ordered_uuid()
    assert first_uuid_of(before - timedelta(seconds=1)) < made < first_uuid_of(before + timedelta(minutes=1))
