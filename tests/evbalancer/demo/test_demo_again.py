"""The demo starts again, whatever its visitors clicked before."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from chargers.models import ChargePoint
from drivers.domain.drivers import app_token
from drivers.models import Driver, IdTag, User
from evbalancer.demo import bookings, seed, traffic
from fleet.models import Vehicle
from grid.domain.audit import Actor, record_entry
from grid.models import AuditEntry, Cluster, Community
from scheduling.domain.balancing.rebalance import clusters_in_use
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def test_demo_starts_again_after_its_visitors_changed_everything():
    cluster = seed.seed(now=NOW)
    community = cluster.community
    first, second, third, *_ = Driver.objects.filter(community=community).order_by("name")
    app_token(first)  # pressed Start: a second card
    IdTag.objects.filter(driver=second).update(blocked_at=NOW)
    Vehicle.objects.filter(driver=third).update(retired_at=NOW)
    Vehicle.objects.create(community=community, driver=first, name="Second car")
    Cluster.objects.create(community=community, name="Garage")
    assert seed.seed(now=NOW) == cluster
    bookings.book(cluster, now=NOW, seed=1)
    played = traffic.scenario(cluster, seed=1)
    assert len(played["charge_points"]) == seed.SINGLE_PHASE + seed.THREE_PHASE
    valid = set(IdTag.objects.filter(blocked_at=None).values_list("token", flat=True))
    assert {visit["id_tag"] for visit in played["cars"]} <= valid
    assert all(visit["car"]["battery_wh"] for visit in played["cars"])


def test_demo_starts_where_nobody_has_a_card_left():
    cluster = seed.seed(now=NOW)
    IdTag.objects.update(blocked_at=NOW)
    assert bookings.book(cluster, now=NOW, seed=1) == 0
    assert traffic.scenario(cluster, seed=1)["cars"] == []


def test_demo_knows_its_cluster_whatever_it_is_called_now():
    cluster = seed.seed(now=NOW)
    Community.objects.update(name="Acorn Court", slug="acorn")
    Cluster.objects.update(name="Garage")
    ChargePoint.objects.filter(identity="MAPLE-A01").update(retired_at=NOW, name="Gone")
    assert seed.seed(now=NOW) == cluster
    assert len(traffic.scenario(cluster, seed=1)["charge_points"]) == seed.SINGLE_PHASE + seed.THREE_PHASE - 1


def test_demo_starts_where_all_was_retired():
    cluster = seed.seed(now=NOW)
    for rows in (Community, Cluster, ChargePoint, Driver):
        rows.objects.update(retired_at=NOW)
    assert seed.seed(now=NOW) == cluster
    assert bookings.book(cluster, now=NOW, seed=1) == 0
    assert traffic.scenario(cluster, seed=1)["charge_points"] == []


def test_demo_balances_what_people_made_in_it_and_nothing_that_a_benchmark_left():
    own = seed.seed(now=NOW)
    left = ClusterFactory(name="Benchmark")
    made = ClusterFactory(name="Made by the operator")
    operator = User.objects.get(username="operator")
    with transaction.atomic():
        record_entry(actor=Actor.of_user(operator), action="cluster.added", target=made, now=NOW)
    assert seed.seed(now=NOW) == own
    assert set(clusters_in_use()) == {own.pk, made.pk}
    assert AuditEntry.objects.get(action="cluster.retired").target_id == str(left.pk)
