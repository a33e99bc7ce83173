import pytest

from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.domain import imports, topology
from grid.enums import LimitSource
from grid.models import Circuit, TemporaryLimit

ROOM = PhaseMilliamps(5_000, 0, 30_000)
ROOT = Circuit(name="Root", limit_l1_ma=40_000, limit_l2_ma=40_000, limit_l3_ma=40_000)
PANEL = Circuit(name="Panel", parent=ROOT, limit_l1_ma=20_000, limit_l2_ma=20_000, limit_l3_ma=20_000)
TREE = topology.tree_of([ROOT, PANEL])


def limit(circuit, source, current_ma=16_000):
    return TemporaryLimit(
        circuit=circuit,
        source=source,
        limit_l1_ma=current_ma,
        limit_l2_ma=current_ma,
        limit_l3_ma=current_ma,
    )


@pytest.mark.parametrize("source", [LimitSource.GRID_OPERATOR, LimitSource.DEMAND_RESPONSE])
def test_surplus_widens_a_limit_on_import_and_never_the_permanent_one(source):
    near = imports.near_limits_ma(TREE, [limit(ROOT, source)], ROOM)
    assert near == {ROOT.pk: (21_000, 16_000, 40_000), PANEL.pk: (20_000, 20_000, 20_000)}


def test_surplus_widens_no_managers_limit():
    near = imports.near_limits_ma(TREE, [limit(ROOT, LimitSource.MANAGER)], ROOM)
    assert near[ROOT.pk] == (16_000, 16_000, 16_000)


def test_surplus_widens_no_limit_below_the_grid_connection():
    near = imports.near_limits_ma(TREE, [limit(PANEL, LimitSource.GRID_OPERATOR)], ROOM)
    assert near == {ROOT.pk: (40_000, 40_000, 40_000), PANEL.pk: (16_000, 16_000, 16_000)}


def test_lowest_of_a_widened_limit_and_a_managers_counts():
    both = [limit(ROOT, LimitSource.GRID_OPERATOR, 10_000), limit(ROOT, LimitSource.MANAGER, 12_000)]
    assert imports.near_limits_ma(TREE, both, ROOM)[ROOT.pk] == (12_000, 10_000, 12_000)
    assert imports.near_limits_ma(TREE, both, ZERO_MA)[ROOT.pk] == (10_000, 10_000, 10_000)


def test_limit_of_a_circuit_that_is_not_in_use_bounds_nothing():
    retired = Circuit(name="Old")
    near = imports.near_limits_ma(TREE, [limit(retired, LimitSource.GRID_OPERATOR, 0)], ROOM)
    assert set(near) == {ROOT.pk, PANEL.pk}
    assert near[ROOT.pk] == (40_000, 40_000, 40_000)
