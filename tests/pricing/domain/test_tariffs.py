from datetime import UTC, datetime, timedelta

import pytest

from pricing.domain.tariffs import prices_per_mwh
from pricing.domain.versions import version_at
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.fixture
def community():
    """30 cents, and 20 from midnight to six."""
    community = CommunityFactory(time_zone="UTC")
    TariffWindowFactory(tariff=TariffFactory(community=community))
    return community


def test_prices_are_the_tariffs_at_the_start_of_each_period(community):
    start, step = EVENING + timedelta(hours=3), timedelta(minutes=30)
    found = prices_per_mwh(version_at(community, at=start), start=start, step=step, count=4)
    assert found == [30_000.0, 30_000.0, 20_000.0, 20_000.0]


def test_without_a_tariff_there_is_no_price():
    step = timedelta(minutes=30)
    assert prices_per_mwh(None, start=EVENING, step=step, count=4) == []
