from dataclasses import replace

import pytest

from scheduling.solver import (
    Circuit,
    Demand,
    PhasorLimit,
    Policy,
    Problem,
    Reservation,
    Violation,
    violations,
)

ROOT = Circuit(
    "root", limit_ma=(32_000, 20_000, 32_000), base_load_ma=(2_000, 0, 0), margin_ma=1_000, limit_w=12_000
)
FEEDER = Circuit("feeder", "root", limit_ma=(25_000,) * 3)
CARS = (Demand("a", "feeder", (0,)), Demand("b", "feeder", (0, 1, 2)))
SITE = Problem((ROOT, FEEDER), CARS)


def kinds(problem, limits_ma):
    return [(each.kind, each.where, each.phase, each.amount) for each in violations(problem, limits_ma)]


def test_setpoints_within_every_limit_are_no_violation():
    assert violations(SITE, {"a": 10_000, "b": 10_000}) == []


def test_a_full_phase_is_named():
    assert kinds(SITE, {"a": 16_000, "b": 10_000}) == [("circuit_phase", "feeder", 0, 1_000)]


def test_total_power_counts_beside_the_phases():
    assert kinds(SITE, {"b": 18_000}) == [("circuit_power", "root", None, pytest.approx(420))]


def test_a_childs_base_load_counts_for_its_ancestors():
    site = replace(SITE, circuits=(ROOT, replace(FEEDER, base_load_ma=(20_000, 0, 0))))
    assert [each.where for each in violations(site, {"a": 10_000})] == ["feeder", "root"]


def test_a_reservation_counts_on_its_path():
    site = replace(SITE, reservations=(Reservation("feeder", (20_000, 0, 0)),))
    assert kinds(site, {"a": 6_000}) == [("circuit_phase", "feeder", 0, 1_000)]


def test_base_load_alone_over_the_limit_leaves_nothing_for_cars():
    site = replace(SITE, circuits=(replace(ROOT, base_load_ma=(90_000, 0, 0)), FEEDER))
    assert violations(site, {}) == []
    assert kinds(site, {"a": 6_000}) == [("circuit_phase", "root", 0, 6_000)]


def test_phasors_add_as_vectors():
    turned = PhasorLimit("w", 10_000, (("a", 1.0, 0.0), ("b", -1.0, 0.0)), volts=230.0)
    site = replace(SITE, demands=(CARS[0], replace(CARS[1], phases=(1,))), phasors=(turned,))
    assert violations(site, {"a": 12_000, "b": 12_000}) == []
    assert kinds(site, {"a": 12_000}) == [("phasor", "w", None, pytest.approx(2_000))]


@pytest.mark.parametrize(
    ("limits_ma", "found"),
    [
        ({"a": 5_000}, Violation("below_min", "a", None, 1_000)),
        ({"a": 6_500}, Violation("off_step", "a", None, 500)),
        ({"a": -6_000}, Violation("negative", "a", None, -6_000)),
        ({"x": 6_000}, Violation("unknown_demand", "x", None, 6_000)),
    ],
)
def test_setpoints_no_charger_takes_are_violations(limits_ma, found):
    assert found in violations(SITE, limits_ma)


def test_a_car_that_is_not_here_gets_nothing():
    site = replace(SITE, demands=(replace(CARS[0], arrive_s=60),))
    assert violations(site, {"a": 6_000}) == [Violation("not_here", "a", None, 60)]


def test_above_the_chargers_most_is_a_violation_in_continuous_studies_too():
    site = replace(SITE, demands=(replace(CARS[0], max_ma=8_000),), policy=Policy(quantise=False))
    assert violations(site, {"a": 8_500.5}) == [Violation("above_max", "a", None, 500.5)]
