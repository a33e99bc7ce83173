"""What the community pays, by the rows that say it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from pricing.domain.curves import publish_prices
from pricing.domain.reports.purchases import purchase_prices
from pricing.models import DynamicPrice
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import DynamicPriceFactory, EnergySignalFactory, unknown_headroom
from tests.pricing.domain.test_curves import say

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def cluster():
    return CircuitFactory().cluster


def test_price_is_the_markets_with_the_fees_of_each_quarter(cluster):
    policy = DynamicPriceFactory(cluster=cluster, levies_per_mwh_minor=1_000)
    say(policy, 80, 90, 100, begin=NOON, now=NOON)
    publish_prices(policy, headroom=unknown_headroom, now=NOON)
    DynamicPrice.objects.update(grid_fee_per_mwh_minor=20_000)
    policy.refresh_from_db()
    publish_prices(policy, headroom=unknown_headroom, now=NOON + timedelta(minutes=1))
    found = purchase_prices(cluster, start=NOON, count=4)
    # 11 cents of grid fee in the quarter that ran, 20 from the next one on; a cent of levies; nothing said of the last.
    assert found.per_mwh_minor == (8_000 + 12_000, 9_000 + 21_000, 10_000 + 21_000, None)
    assert found.with_fees


def test_the_only_signal_counts_without_a_policy(cluster):
    signal = EnergySignalFactory(community=cluster.community)
    policy = SimpleNamespace(market=signal)
    say(policy, 80, begin=NOON, now=NOON)
    found = purchase_prices(cluster, start=NOON, count=2)
    assert (found.per_mwh_minor, found.with_fees) == ((8_000, None), False)
    EnergySignalFactory(community=cluster.community)
    assert purchase_prices(cluster, start=NOON, count=1).per_mwh_minor == (None,)


def test_nothing_is_known_without_a_signal(cluster):
    assert purchase_prices(cluster, start=NOON, count=2).per_mwh_minor == (None, None)
