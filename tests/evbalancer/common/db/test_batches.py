"""A batch has as many rows as fit into a moment."""

import pytest

from evbalancer.common.db.batches import AIM_S, FEWEST_ROWS, FIRST_ROWS, LOCKED_S, MOST_ROWS, Pace


def after(took_s, rows=None, times=1):
    pace = Pace()
    for _ in range(times):
        pace.note(took_s, pace.rows if rows is None else rows)
    return pace.rows


def test_slow_batch_halves_the_next_one():
    assert after(2 * AIM_S) == FIRST_ROWS // 2


def test_quick_batch_lets_the_next_one_grow_to_a_bound():
    assert after(0.001) == 2 * FIRST_ROWS + 1
    assert after(0.001, times=50) == MOST_ROWS


def test_few_rows_teach_nothing():
    assert after(0.001, rows=3) == FIRST_ROWS


def test_one_that_hung_does_not_stop_the_clearing():
    assert after(10.0, times=50) == FEWEST_ROWS


@pytest.mark.parametrize("cost_s", [0.00001, 0.0001, 0.0005])
def test_pace_settles_below_the_longest_lock(cost_s):
    pace = Pace()
    for _ in range(50):
        pace.note(pace.rows * cost_s, pace.rows)
        # What grows does so by two at most, from a batch that took the aim at most.
        assert pace.rows * cost_s <= LOCKED_S
