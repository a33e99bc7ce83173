"""Thousands of small clusters on which everything goes wrong: no circuit and no phase ever carries more than its limit."""

import pytest

from tests.scheduling.safety import ablations
from tests.scheduling.safety.ablations import ABLATIONS, Ablation, run
from tests.scheduling.safety.live import LiveServer
from tests.scheduling.safety.stage import STAGES

pytestmark = [pytest.mark.promise("E1"), pytest.mark.promise("E14"), pytest.mark.drill]

RUNS, SHARDS = 2_000, 8
LIVE_RUNS = 40
# The rule, and a day on which the physical sum breaks a limit without it.
NOTICED = {
    "cut, confirm, then raise: the gate": 1,
    "reserve offline chargers": 18,
    "wait for the car to settle": 2,
    "reserve values in flight": 2,
    "unknown phases count on all three": 3,
    "Rejected means not applied": 18,
    "a keep-down lapses up to the fallback": 18,
    "a time-out keeps the reservation": 28,
    "rebuild reservations after a restart": 96,
    "reserve the fallback of idle connectors": 18,
    "leases end at a moment, not after a time": 354,
    "the wait counts from the last contact": 42,
    "a sign of life is no state report": 220,
    "the clock's error": 84,
    "fallbacks must fit the limit": 11,
    "a limit cut holds for later steps too": 483,
    "a rise of the building is reserved beforehand": 1,
    "a model without duration never lapses": 2,
    "a model without Relative never waits": 9,
    "nameplate until a fallback is confirmed": 15,
}
# Shown in tests/scheduling/domain/balancing/test_gate.py: with equal leases and fallbacks that fit it is never needed physically.
AT_THE_GATE = ("the fallback fits after its own lapse",)
DAYS = ("LATE", "AWAY", "SLOW", "SQUEEZED", "BLIND", "OLD_MODELS")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_physical_sum_keeps_every_limit_whatever_fails(shard: int) -> None:
    broken = {seed: run(seed).violations[:1] for seed in range(shard, RUNS, SHARDS) if run_is_broken(seed)}
    assert broken == {}


@pytest.mark.parametrize("shard", range(4))
def test_physical_sum_keeps_every_limit_under_the_policy_that_runs(shard: int) -> None:
    live = Ablation(server=LiveServer)
    assert [seed for seed in range(shard, LIVE_RUNS, 4) if run(seed, live).violations] == []


@pytest.mark.parametrize("day", DAYS)
def test_physical_sum_keeps_every_limit_on_a_day_of_one_trouble(day: str) -> None:
    trouble = getattr(ablations, day)
    assert [seed for seed in range(60) if run(seed, Ablation(trouble=trouble)).violations] == []


def test_gate_agrees_with_an_independent_count() -> None:
    assert [seed for seed in range(60) if run(seed, checks=True).violations] == []


@pytest.mark.parametrize("rule", NOTICED)
def test_harness_notices_when_a_rule_is_missing(rule: str) -> None:
    assert run(NOTICED[rule], ABLATIONS[rule]).violations != []


@pytest.mark.parametrize("rule", STAGES)
def test_directed_run_notices_when_a_rare_rule_is_missing(rule: str) -> None:
    play = STAGES[rule]
    assert play(Ablation()).violations == []
    assert play(ABLATIONS[rule]).violations != []


def test_every_rule_is_missed_by_somebody() -> None:
    assert {*NOTICED, *STAGES, *AT_THE_GATE} == set(ABLATIONS)


def run_is_broken(seed: int) -> bool:
    return bool(run(seed).violations)
