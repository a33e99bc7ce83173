"""One policy: what the balancer runs is what simulate, explain and the benchmarks play."""

from scheduling.management.commands.simulate import policy_named
from scheduling.solver import Policy, ShortageRule
from scheduling.solver.play.live import LIVE, live_policy


def test_simulate_names_the_live_policy_and_the_bare_engine():
    assert policy_named("live") == live_policy() == LIVE
    assert policy_named("live-serve") == live_policy(rule=ShortageRule.SERVE)
    assert policy_named("fair") == Policy()
    assert LIVE.minimum_first
    assert not Policy().minimum_first
