"""The balancer's problem carries the live policy, with the community's choices and nothing else."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from benchmarks import promises
from benchmarks.month import night
from evbalancer.common.beside import Beside
from grid.enums import SharingPolicy
from grid.models import Cluster
from scheduling.domain.balancing import problem as balancer
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.problem import problem_of
from scheduling.domain.balancing.replay import pack_problem, unpack_problem
from scheduling.management.commands.simulate import policy_named
from scheduling.solver import ShortageRule
from scheduling.solver.play.live import live_policy
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def _problem():
    cluster = Cluster.objects.select_related("community").get()
    return problem_of(situation.read_situation(cluster, now=NOW, beside=Beside(cluster)))


def test_balancer_runs_what_simulate_plays():
    site.build()
    assert _problem().policy == policy_named("live")


def test_months_play_the_policy_that_the_balancer_runs():
    assert night.live_policy is promises.live_policy is balancer.live_policy
    site.build()
    assert _problem().policy == night.live_policy()


@pytest.mark.parametrize("rule", SharingPolicy.values)
def test_balancer_changes_only_what_the_community_chose(rule):
    site.build()
    Cluster.objects.update(policy=rule, rotation_s=600, everybody_first=True)
    problem = _problem()
    assert problem.policy == live_policy(rule=ShortageRule(rule), rotate_s=600, everybody_first=True)
    assert unpack_problem(pack_problem(problem).inputs).policy == problem.policy
    chosen = {field.name for field in fields(problem.policy)}
    same = {name for name in chosen if getattr(problem.policy, name) == getattr(live_policy(), name)}
    assert chosen - same <= {"rule", "rotate_s", "everybody_first"}
