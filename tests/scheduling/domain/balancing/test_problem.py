"""The balancer's problem carries the live policy, with the community's choices and nothing else."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import promises
from benchmarks.month import night
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector
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
from tests.factories.chargers import SessionFactory

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


def test_word_of_a_car_bounds_its_demand_and_is_no_probing():
    site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), connected_at=NOW)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.CHARGING)
    connector = Connector.objects.order_by("pk").first()
    session = SessionFactory(connector=connector, state=SessionState.ACTIVE, started_at=NOW, plugged_at=NOW)
    [plain] = _problem().demands
    session.needs = {
        "mode": "AC_three_phase",
        "energy_wh": 4_000,
        "min_ma": 8_000,
        "max_ma": 10_000,
        "received_wh": 0,
    }
    session.needs["departs_at"] = (NOW + timedelta(hours=2)).isoformat()
    session.save()
    [told] = _problem().demands
    assert (told.min_ma, told.max_ma, told.remaining_wh, told.depart_s) == (8_000, 10_000, 4_000, 7_200)
    assert (plain.min_ma, plain.max_ma, plain.depart_s) == (
        connector.min_current_ma,
        connector.max_current_ma,
        None,
    )
    session.current_l1_ma = 12_000
    session.save()
    # Its meter shows that it takes more than it says.
    assert _problem().demands[0].max_ma == connector.max_current_ma
