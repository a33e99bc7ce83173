"""The demand guard over simulated days: no interval's mean goes beyond the target that the building alone keeps."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rules.demand import Meter, cannot_hold, cars_may_take_w, interval_at
from tests.examples import examples

STEP_S = 60
STEPS = 24 * 60


def day(
    *, seed: int, target_w: int, base_high_w: int, length_s: int, lag_s: int, eager: float
) -> list[float]:
    """Mean power of each interval. Cars follow a cut `lag_s` late and a raise at once; the building jumps as it likes."""
    chance = random.Random(seed)
    means, used_ws, cars_w, base_w = [], 0, 0, base_high_w
    waiting = []  # what cars were told and have not followed yet
    for step in range(STEPS):
        left_s = length_s - step * STEP_S % length_s
        may_w = cars_may_take_w(
            Meter(
                target_w=target_w, length_s=length_s, left_s=left_s, used_ws=used_ws, base_w=base_w,
                base_high_w=base_high_w, cars_w=max(waiting, default=0), lag_s=lag_s, step_s=STEP_S,
            )
        )  # fmt: skip
        waiting.append(may_w)
        allowed_w = max(waiting)
        waiting = waiting[-(lag_s // STEP_S) :] if lag_s else []
        cars_w = allowed_w if chance.random() < eager else chance.randint(0, allowed_w)
        base_w = chance.choice([0, chance.randint(0, base_high_w), base_high_w])
        used_ws += (base_w + cars_w) * STEP_S
        if left_s == STEP_S:
            means.append(used_ws / length_s)
            used_ws = 0
    return means


@examples(60)
@given(
    seed=st.integers(0, 2**32),
    target_w=st.integers(1_000, 200_000),
    high_pct=st.integers(0, 100),
    length_s=st.sampled_from([900, 1800, 3600]),
    lag_s=st.sampled_from([0, 60]),
    eager=st.sampled_from([0.0, 0.8, 1.0]),
)
def test_no_interval_goes_beyond_a_target_that_the_building_alone_keeps(
    seed, target_w, high_pct, length_s, lag_s, eager
):
    means = day(
        seed=seed, target_w=target_w, base_high_w=target_w * high_pct // 100, length_s=length_s, lag_s=lag_s, eager=eager
    )  # fmt: skip
    assert len(means) == 24 * 3600 // length_s
    assert max(means) <= target_w


def meter(**changes) -> Meter:
    usual = {
        "target_w": 60_000, "length_s": 900, "left_s": 900, "used_ws": 0, "base_w": 20_000, "base_high_w": 30_000,
        "cars_w": 40_000, "lag_s": 45, "step_s": 5,
    }  # fmt: skip
    return Meter(**usual | changes)


def test_hungry_cars_use_what_a_steady_building_leaves():
    used_ws = cars_w = 0
    for second in range(0, 900, 5):
        cars_w = cars_may_take_w(
            meter(left_s=900 - second, used_ws=used_ws, cars_w=cars_w, base_high_w=20_000)
        )
        used_ws += (20_000 + cars_w) * 5
    assert used_ws / 900 == pytest.approx(60_000, rel=0.001)


def test_what_was_not_used_early_may_be_used_late():
    assert (
        cars_may_take_w(meter(left_s=300, used_ws=20_000 * 600, base_high_w=20_000))
        == 60_000 * 3 - 20_000 * 2 - 20_000
    )


def test_near_the_end_nothing_is_allowed_that_the_next_interval_could_not_begin_with():
    assert cars_may_take_w(meter(left_s=40, used_ws=20_000 * 860, cars_w=0)) == 40_000


def test_steady_building_that_might_rise_causes_no_dip_near_the_end():
    used_ws, cars_w, told = 0, 39_000, []
    for second in range(0, 900, 5):
        told.append(cars_may_take_w(meter(left_s=900 - second, used_ws=used_ws, cars_w=cars_w)))
        cars_w = told[-1]
        used_ws += (20_000 + cars_w) * 5
    assert max(told) - min(told) < 600
    assert 59_000 < used_ws / 900 <= 60_000


@pytest.mark.parametrize(("used_ws", "held"), [(0, True), (60_000 * 900, False), (70_000 * 600, True)])
def test_building_that_takes_more_than_the_target_alone_is_said(used_ws, held):
    left_s = 900 if used_ws == 0 else 300
    assert cannot_hold(meter(left_s=left_s, used_ws=used_ws, base_w=20_000)) is not held


@pytest.mark.parametrize(("length_s", "minute"), [(900, 45), (1800, 30), (3600, 0)])
def test_intervals_are_those_of_the_clock(length_s, minute):
    now = datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)
    assert interval_at(now, length_s=length_s).begin == now.replace(minute=minute, second=0)
    assert interval_at(now, length_s=length_s).left_s(now) == 1
