"""What the order in a shortage costs, by the cluster's own past."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from grid.models import Cluster
from scheduling.domain.balancing.problem import policy_of
from scheduling.domain.trials.sharing_price import measure_all, measure_price
from scheduling.models import FairnessEntry, SharingPrice
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
# From and for how many hours, and kWh wanted: two who can wait, and one who can't.
CARS = ((18, 12, 20), (18, 12, 20), (19, 3, 10))


@pytest.fixture
def root():
    """Room for two cars at their minimum beside the margin."""
    return CircuitFactory(limit_l1_ma=14_000, limit_l2_ma=14_000, limit_l3_ma=14_000)


def evenings(root, *, count, now=NOW):
    connectors = [ConnectorFactory(circuit=root, phase_rotation="R") for _ in CARS]
    driver = DriverFactory(community=root.community)
    for days_ago in range(3, 3 + count):
        for connector, (hour, hours, kwh) in zip(connectors, CARS, strict=True):
            came_at = (now - timedelta(days=days_ago)).replace(hour=hour)
            session = SessionFactory(
                connector=connector, driver=driver, state=SessionState.ENDED, energy_wh=kwh * 700, plugged_at=came_at,
                unplugged_at=came_at + timedelta(hours=hours),
            )  # fmt: skip
            FairnessEntry.objects.create(
                community=root.community, cluster=root.cluster, driver=driver, session=session, stay_id=session.stay_id,
                at=session.unplugged_at, wanted_wh=kwh * 1000, received_wh=kwh * 700, waited_s=0,
            )  # fmt: skip


def test_price_is_what_the_last_days_would_have_been_with_either_order(root):
    evenings(root, count=4)
    price = measure_price(root.cluster, now=NOW)
    assert (price.days, price.cars) == (4, 12)
    # Everybody at once: the car that can't wait has to share what it could have had alone.
    assert price.worst_urgent > price.worst_everybody + 0.05
    assert 0.5 < price.energy_everybody <= price.energy_urgent + 0.01
    assert price.wait_everybody_s <= price.wait_urgent_s


def test_choice_of_the_community_changes_no_price(root):
    evenings(root, count=2)
    before = measure_price(root.cluster, now=NOW)
    Cluster.objects.update(everybody_first=True)
    cluster = Cluster.objects.select_related("community").get()
    assert policy_of(cluster).everybody_first
    after = measure_price(cluster, now=NOW)
    assert (after.pk, after.energy_urgent, after.worst_everybody) == (
        before.pk, before.energy_urgent, before.worst_everybody,
    )  # fmt: skip


def test_cluster_without_cars_has_no_price(root):
    price = measure_price(root.cluster, now=NOW)
    assert (price.days, price.energy_urgent, price.wait_everybody_s) == (0, None, None)


def test_price_is_measured_once_a_week(root):
    evenings(root, count=1)
    assert measure_all(now=NOW) == 1
    assert measure_all(now=NOW + timedelta(days=6)) == 0
    assert measure_all(now=NOW + timedelta(days=7)) == 1
    assert SharingPrice.objects.count() == 1
