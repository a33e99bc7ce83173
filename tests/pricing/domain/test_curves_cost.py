from datetime import UTC, datetime, timedelta

import pytest

from pricing.domain.curves import cost_bounds_minor, publish_prices
from tests.factories.grid import ClusterFactory
from tests.factories.pricing import DynamicPriceFactory, TariffFactory, TariffWindowFactory, unknown_headroom

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.fixture
def cluster():
    """30 cents, and 20 from midnight to six."""
    cluster = ClusterFactory(community__time_zone="UTC")
    TariffWindowFactory(tariff=TariffFactory(community=cluster.community))
    return cluster


@pytest.mark.parametrize(
    ("energy_wh", "power_w", "bounds"),
    [
        (10_000, 10_000, (200, 300)),
        (80_000, 10_000, (60 * 20 + 20 * 30, 40 * 30 + 40 * 20)),
        # As much power as it takes when it is not known, or too little.
        (100_000, 0, (2_400, 2_400)),
        (100_000, 1_000, (2_400, 2_400)),
    ],
)
def test_cost_lies_between_the_cheapest_and_the_dearest_hours(cluster, energy_wh, power_w, bounds):
    found = cost_bounds_minor(
        cluster,
        energy_wh=energy_wh,
        power_w=power_w,
        start=EVENING,
        end=EVENING + timedelta(hours=10),
    )
    assert found == bounds


def test_cost_without_a_tariff_is_not_known():
    end = EVENING + timedelta(hours=1)
    cluster = ClusterFactory()
    assert cost_bounds_minor(cluster, energy_wh=1_000, power_w=1_000, start=EVENING, end=end) is None


def test_cost_is_by_published_prices_where_they_follow_the_market(cluster):
    policy = DynamicPriceFactory(cluster=cluster)
    publish_prices(policy, headroom=unknown_headroom, now=EVENING)
    end = EVENING + timedelta(hours=2)
    # 10 kWh at (10000 + 11000) x 1.19 a MWh.
    found = cost_bounds_minor(cluster, energy_wh=10_000, power_w=10_000, start=EVENING, end=end)
    assert found == (250, 250)
