import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from evbalancer.common.loops import for_each


def act(row):
    if row == "odd":
        raise ValueError(row)
    if row == "late":
        raise SoftTimeLimitExceeded
    return len(row)


def test_one_rows_error_is_logged_and_the_others_have_their_turn(caplog):
    assert for_each(["a", "odd", "bc"], act, what="Row") == 3
    assert [record.getMessage() for record in caplog.records] == ["Row odd is left for the next time"]


def test_workers_time_limit_ends_the_loop():
    with pytest.raises(SoftTimeLimitExceeded):
        for_each(["late", "a"], act, what="Row")


def test_round_that_takes_too_long_leaves_the_rest():
    assert for_each(["a", "b"], act, what="Row", longest_s=-1) == 0
