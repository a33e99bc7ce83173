"""The demo starts again, whatever its visitors clicked before."""

from datetime import UTC, datetime

import pytest

from drivers.domain.drivers import app_token
from drivers.models import Driver, IdTag
from evbalancer.demo import bookings, seed, traffic
from fleet.models import Vehicle
from grid.models import Cluster

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
