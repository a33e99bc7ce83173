"""Two connectors under one limit, in every order of what can happen: at no instant can more flow than the limit allows."""

import pytest

from tests.scheduling.safety.scope.acts import OF_SERVER
from tests.scheduling.safety.scope.explore import Explorer, Found, Rules
from tests.scheduling.safety.scope.planted import PLANTED

pytestmark = pytest.mark.promise("E1")

GLOBAL_ACTS = {"tick", "lapse", "crash", "restart", "cut", "restore", "balance"}


def explore(rules: Rules, *, depth: int = 12, states: int = 1_000_000) -> Found:
    return Explorer(rules).explore(depth=depth, most_states=states)


def test_nothing_that_four_steps_lead_to_breaks_the_limit() -> None:
    found = explore(Rules(), depth=4)
    assert found.broken == []
    assert found.is_whole
    # The same model has the same states, whatever the machine.
    assert found.by_depth == [7, 52, 304, 1711, 9182]


def test_every_kind_of_step_is_taken() -> None:
    assert set(explore(Rules(), depth=4).acts) == {*OF_SERVER, *GLOBAL_ACTS} - {"tell"}
    assert {"plug", "unplug", "tell"} <= set(explore(Rules(cars_come_and_go=True), depth=3).acts)


@pytest.mark.parametrize("fault", ["raises do not wait for cuts", "a restart forgets what was granted"])
def test_a_planted_fault_that_few_steps_reach_is_found(fault: str) -> None:
    assert explore(PLANTED[fault], depth=4).broken != []


def test_the_way_to_a_broken_limit_is_told_step_by_step() -> None:
    assert explore(PLANTED["raises do not wait for cuts"], depth=4).broken == [
        "a is charging at 8000 mA, its clock -10 s late, b is charging at 8000 mA, its clock -10 s late",
        "balance a to 16000 mA and b to 0 mA",
        "send a",
        "take a",
        "24000 mA could flow",
    ]


@pytest.mark.drill
@pytest.mark.parametrize("come", [False, True], ids=["cars stay", "cars come and go"])
def test_none_of_many_states_breaks_the_limit(come: bool) -> None:
    """A quarter of the million that `python -m benchmarks.small_scope` goes through."""
    found = explore(Rules(cars_come_and_go=come), states=250_000)
    assert (found.broken, found.states) == ([], 250_000)


@pytest.mark.drill
@pytest.mark.parametrize("fault", PLANTED)
def test_each_planted_fault_is_found(fault: str) -> None:
    assert explore(PLANTED[fault]).broken != []
