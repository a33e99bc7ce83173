"""The demo's price follows a market of its own, and the balancer follows the price where somebody chooses so."""

from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.demo import market, seed
from pricing.domain import curves
from pricing.models import SignalPublication
from scheduling.domain.learning import headroom
from scheduling.domain.learning.aims import aim_at
from scheduling.enums import ClusterAim
from scheduling.models import AimSeason
from scheduling.solver.problem import Aim

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def test_evening_is_dearer_than_the_night_and_cars_wait_for_it_once_somebody_chooses_so():
    cluster = seed.seed(now=NOW)
    market.open_market(cluster)
    for _ in range(2):
        market.publish_days(cluster, now=NOW)
    headroom.publish_all(now=NOW)
    # One of the months before, and one of the days ahead.
    assert SignalPublication.objects.count() == 2
    prices = curves.prices_ahead(cluster, start=NOW, count=96)
    night = prices[7 * 4 : 11 * 4]
    assert max(night) < prices[0]
    assert aim_at(cluster, at=NOW) is Aim.NONE
    AimSeason.objects.create(community=cluster.community, cluster=cluster, aim=ClusterAim.PRICE)
    assert aim_at(cluster, at=NOW) is Aim.PRICE


def test_market_of_a_demo_that_starts_again_days_later_goes_on():
    cluster = seed.seed(now=NOW)
    market.open_market(cluster)
    market.publish_days(cluster, now=NOW)
    later = NOW + timedelta(days=9)
    market.publish_days(cluster, now=later)
    headroom.publish_all(now=later)
    [step] = curves.published_steps(cluster, start=later, count=1)
    assert step is not None
    assert not step.is_fallback
