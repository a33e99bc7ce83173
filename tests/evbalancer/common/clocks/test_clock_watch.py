import time

import pytest

from evbalancer.common.clocks import clock_watch
from evbalancer.common.clocks.clock_watch import ClockWatch


class Machine:
    def __init__(self):
        self.day_s, self.up_s = 1_000_000.0, 50.0

    def wait(self, seconds):
        self.day_s += seconds
        self.up_s += seconds


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(time, "time", lambda: machine.day_s)
    monkeypatch.setattr(time, "monotonic", lambda: machine.up_s)
    return machine


def test_time_that_passes_and_a_clock_that_is_adjusted_are_nothing(machine):
    watch = ClockWatch(felt_s=400)
    for _ in range(10):
        machine.wait(3_600)
        machine.day_s += 1.5
        assert watch.off_s() == 0


def test_clock_that_was_set_forward_is_felt_until_what_was_granted_before_is_over(machine):
    watch = ClockWatch(felt_s=400)
    machine.day_s += 3_600
    assert watch.off_s() == 3_600
    machine.wait(399)
    assert watch.off_s() == 3_600
    machine.wait(1)
    assert watch.off_s() == 0


def test_clock_that_was_set_back_is_felt_for_as_long_as_noted_moments_lie_ahead(machine):
    watch = ClockWatch(felt_s=400)
    machine.day_s -= 3_600
    assert watch.off_s() == 3_600
    machine.wait(3_999)
    assert watch.off_s() == 3_600
    machine.wait(1)
    assert watch.off_s() == 0


def test_steps_add_up_as_long_as_the_first_is_felt(machine):
    watch = ClockWatch(felt_s=400)
    machine.day_s += 60
    assert watch.off_s() == 60
    machine.wait(100)
    machine.day_s -= 60
    assert watch.off_s() == 120
    machine.wait(460)
    assert watch.off_s() == 0


def test_where_nobody_watches_nothing_is_off(machine):
    assert clock_watch.clock_off_s() == 0
    clock_watch.begin_watch()
    try:
        machine.day_s += 60
        assert clock_watch.clock_off_s() == 60
    finally:
        clock_watch.end_watch()
    assert clock_watch.clock_off_s() == 0
