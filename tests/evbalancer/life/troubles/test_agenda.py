from chargers.simulator import faults
from evbalancer.life.troubles import charge_points, process
from evbalancer.life.troubles.agenda import LEVELS, Level


def test_every_kind_at_a_charge_point_is_known():
    kinds = {kind for level in LEVELS.values() for kind in level.kinds}
    assert kinds <= {*faults.KINDS, *charge_points.OF_LINE}
    assert set(charge_points.OF_LINE) <= kinds


def test_each_level_has_what_the_one_before_it_has():
    none, mild, hard, wild = (LEVELS[name] for name in ("none", "mild", "hard", "wild"))
    assert none == Level()
    assert set(mild.kinds) < set(hard.kinds) < set(wild.kinds)
    assert (hard.ways, wild.ways) == ((process.KILL,), process.WAYS)
    assert [level.of_storage_s is None for level in (none, mild, hard, wild)] == [True, True, True, False]
