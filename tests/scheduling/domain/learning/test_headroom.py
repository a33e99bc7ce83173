from datetime import UTC, datetime, timedelta

import pytest

from pricing.models import PricePublication
from scheduling.domain.learning.headroom import forecast_headroom_pct, publish_all
from scheduling.enums import SlotState
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import DynamicPriceFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def root():
    """100 A on three phases of 230 V: 69 kW."""
    return CircuitFactory(limit_l1_ma=100_000, limit_l2_ma=100_000, limit_l3_ma=100_000)


def headroom(root, count=4, start=NOW):
    return forecast_headroom_pct(root.cluster, start=start, count=count, now=NOW)


def book(root, energy_wh, begin, end, state=SlotState.PROMISED):
    SlotRequestFactory(
        cluster=root.cluster, promised_wh=energy_wh, energy_wh=energy_wh, state=state,
        not_before=NOW + timedelta(minutes=begin), ready_by=NOW + timedelta(minutes=end), created_at=NOW,
    )  # fmt: skip


def test_building_takes_its_usual_load_from_what_stays_free(root):
    assert headroom(root) == [100] * 4
    for phase in (1, 2, 3):
        setattr(root, f"base_load_max_l{phase}_ma", 40_000)
    root.save()
    assert headroom(root) == [60] * 4


def test_booked_energy_is_spread_evenly_over_its_time(root):
    # 17.25 kWh in half an hour are 34.5 kW, half of the connection.
    book(root, 17_250, 15, 45)
    assert headroom(root) == [100, 50, 50, 100]


def test_slot_that_is_over_takes_nothing(root):
    book(root, 17_250, 15, 45, state=SlotState.CANCELLED)
    assert headroom(root) == [100] * 4


def test_more_than_there_is_leaves_nothing(root):
    book(root, 200_000, 0, 30)
    assert headroom(root, count=3) == [0, 0, 100]


def test_price_of_each_active_policy_is_published_with_its_forecast(root):
    policy = DynamicPriceFactory(cluster=root.cluster, scarcity_most_per_mwh_minor=20_000)
    DynamicPriceFactory(active=False)
    book(root, 200_000, 15, 30)
    assert publish_all(now=NOW) == 1
    publication = PricePublication.objects.get()
    assert publication.cluster == policy.cluster
    assert publication.inputs["headroom_pct"][:3] == [100, 0, 100]
    # (10000 + 11000 + 20000) x 1.19 where nothing stays free.
    assert publication.per_mwh_minor[:3] == [24_990, 48_790, 24_990]
    assert publish_all(now=NOW + timedelta(minutes=1)) == 0


def test_cluster_without_a_circuit_keeps_no_other_from_its_price(root):
    DynamicPriceFactory()
    DynamicPriceFactory(cluster=root.cluster)
    assert publish_all(now=NOW) == 2
