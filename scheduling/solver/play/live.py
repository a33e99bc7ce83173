"""The policy that runs: one object for the balancer, `simulate`, the benchmarks and the demo."""

from dataclasses import replace

from scheduling.solver.problem import Aim, Policy, ShortageRule

LIVE = Policy(minimum_first=True, dead_band_ma=1_000)
# The balancer decides with every event and at least this often; a simulation decides this often.
TICK_S = 300


def live_policy(
    *,
    rule: ShortageRule = LIVE.rule,
    aim: Aim = LIVE.aim,
    rotate_s: int = LIVE.rotate_s,
    everybody_first: bool = LIVE.everybody_first,
) -> Policy:
    """What runs, with a community's own choices."""
    return replace(LIVE, rule=rule, aim=aim, rotate_s=rotate_s, everybody_first=everybody_first)
