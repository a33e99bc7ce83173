import pytest

from benchmarks.sabotages.catalogue import SABOTAGES
from benchmarks.sabotages.sabotage import Sabotage, SpentSabotageError, find
from evbalancer.life.dialects import DIALECTS
from evbalancer.life.plan import Plan


def test_there_are_enough_and_each_has_a_name_of_its_own():
    assert len({each.name for each in SABOTAGES}) == len(SABOTAGES) >= 40


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_sabotage_changes_what_is_there_and_leaves_it_as_it_was(sabotage):
    before = [find(place)[2] for place in sabotage.where]
    with sabotage.committed():
        during = [find(place)[2] for place in sabotage.where]
    assert all(one is not other for one, other in zip(before, during, strict=True))
    assert [find(place)[2] for place in sabotage.where] == before


@pytest.mark.parametrize(
    "place",
    ["chargers.nowhere:anything", "chargers.exposure:Exposure.anything", "chargers.exposure:Gone.sent"],
)
def test_sabotage_of_what_is_gone_is_an_error(place):
    with pytest.raises(SpentSabotageError), Sabotage("x", (place,), lambda real: real, Plan()).committed():
        pass


def test_calls_of_what_was_changed_are_counted():
    class Calls:
        value = 0

    name = next(iter(DIALECTS))
    sabotage = Sabotage("x", ("evbalancer.life.dialects:bender",), lambda real: real, Plan())
    with sabotage.committed(Calls):
        find("evbalancer.life.dialects:bender")[2]([name])
    assert Calls.value == 1
