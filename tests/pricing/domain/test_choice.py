"""Which tariff a session has, and that it keeps it."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.models import ConnectorGroup
from drivers.models import DriverGroup
from grid.domain.audit import SYSTEM
from pricing.domain.billing import bill_session, cost_so_far_minor
from pricing.domain.choice import choose_price, keep_choices, price_of_session, version_during
from pricing.domain.curves import publication_for
from pricing.domain.versions import publish_version
from pricing.enums import PriceBasis
from pricing.models import PriceChoice, PricePublication, Tariff, TariffAssignment
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory
from tests.factories.pricing import DynamicPriceFactory, TariffAssignmentFactory, TariffFactory

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connector():
    return ConnectorFactory()


@pytest.fixture
def community(connector):
    return connector.community


@pytest.fixture
def driver(community):
    return DriverFactory(community=community)


@pytest.fixture
def house(community):
    return TariffFactory(community=community, name="House")


@pytest.fixture
def assign(community, house):
    """Assigns a tariff of its own for so many cents a kWh."""

    def assigned(cents, begins_at=BEGIN, ends_at=None, **target):
        tariff = TariffFactory(
            community=community,
            name=f"{cents} cents",
            is_standing=False,
            base_price_per_mwh_minor=cents * 1000,
        )
        return TariffAssignmentFactory(tariff=tariff, begins_at=begins_at, ends_at=ends_at, **target)

    return assigned


@pytest.fixture
def visitors(community, connector):
    group = ConnectorGroup.objects.create(community=community, name="Visitors")
    group.connectors.add(connector)
    return group


@pytest.fixture
def staff(community, driver):
    return DriverGroupFactory(community=community, name="Staff", drivers=[driver])


def chosen(connector, driver=None, at=NOW):
    choice = choose_price(connector.community, at=at, driver=driver, connector=connector)
    return choice.version and choice.version.tariff.name, choice.basis


def test_narrowest_assignment_prices_a_session(assign, connector, driver, staff, visitors):
    assert chosen(connector, driver) == ("House", PriceBasis.STANDING)
    assign(1)
    assert chosen(connector, driver) == ("1 cents", PriceBasis.COMMUNITY)
    assign(2, cluster=connector.charge_point.cluster)
    assert chosen(connector, driver) == ("2 cents", PriceBasis.CLUSTER)
    assign(3, connector_group=visitors)
    assert chosen(connector, driver) == ("3 cents", PriceBasis.CONNECTOR_GROUP)
    assign(4, driver_group=staff)
    assert chosen(connector, driver) == ("4 cents", PriceBasis.DRIVER_GROUP)
    # A stranger is in no group, another connector in none either.
    assert chosen(connector) == ("3 cents", PriceBasis.CONNECTOR_GROUP)
    other = ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)
    assert chosen(other) == ("2 cents", PriceBasis.CLUSTER)
    elsewhere = ConnectorFactory(circuit__cluster__community=connector.community)
    assert chosen(elsewhere) == ("1 cents", PriceBasis.COMMUNITY)


def test_flat_brings_its_drivers_into_the_group_whenever_they_come(assign, community, connector):
    group = DriverGroup.objects.create(community=community, name="Tenants")
    group.flats.add(flat := FlatFactory(community=community))
    assign(4, driver_group=group)
    assert chosen(connector, DriverFactory(community=community, flat=flat))[0] == "4 cents"
    assert (
        chosen(connector, DriverFactory(community=community, flat=FlatFactory(community=community)))[0]
        == "House"
    )
    assert chosen(connector, DriverFactory(community=community))[0] == "House"


def test_assignment_holds_from_its_begin_to_just_before_its_end(assign, connector, driver, staff):
    assign(4, begins_at=NOW, ends_at=NOW + HOUR, driver_group=staff)
    second = timedelta(seconds=1)
    found = [
        chosen(connector, driver, at=at)[0] for at in (NOW - second, NOW, NOW + HOUR - second, NOW + HOUR)
    ]
    assert found == ["House", "4 cents", "4 cents", "House"]


def test_of_two_groups_the_one_that_was_assigned_later_counts(assign, community, connector, driver, staff):
    assign(4, begins_at=BEGIN + HOUR, driver_group=staff)
    assign(5, driver_group=DriverGroupFactory(community=community, drivers=[driver]))
    assert chosen(connector, driver)[0] == "4 cents"


def test_market_comes_before_the_clusters_tariff_and_after_groups(assign, connector, driver, staff):
    cluster = connector.charge_point.cluster
    DynamicPriceFactory(cluster=cluster)
    assign(2, cluster=cluster)
    # Its surcharges, and what counts where nothing is published, are the cluster's.
    assert chosen(connector, driver) == ("2 cents", PriceBasis.MARKET)
    assign(4, driver_group=staff)
    assert chosen(connector, driver) == ("4 cents", PriceBasis.DRIVER_GROUP)


def started(connector, driver, **more):
    return SessionFactory(
        connector=connector, driver=driver, plugged_at=NOW, started_at=NOW, energy_wh=10_000, **more
    )


def test_session_keeps_the_price_of_its_start(assign, connector, driver, staff):
    assign(4, driver_group=staff)
    session = started(connector, driver)
    keep_choices([session], now=NOW)
    staff.drivers.clear()
    assert cost_so_far_minor(session, now=NOW + HOUR) == 40
    line = bill_session(session, now=NOW + HOUR)
    assert (line.amount_minor, line.tariff.name, line.version.number) == (40, "4 cents", 1)


def test_driver_who_is_named_later_has_the_price_that_held_at_the_start(assign, connector, driver, staff):
    assign(4, driver_group=staff)
    session = started(connector, None)
    keep_choices([session], now=NOW)
    assert price_of_session(session).version.tariff.name == "House"
    session.driver = driver
    session.save()
    assert price_of_session(session).version.tariff.name == "4 cents"


def test_assignment_that_begins_while_a_session_runs_is_not_its_price(assign, connector, driver, staff):
    session = started(connector, driver)
    keep_choices([session], now=NOW)
    assert not PriceChoice.objects.exists()
    assign(4, begins_at=NOW + HOUR, driver_group=staff)
    assert bill_session(session, now=NOW + 2 * HOUR).amount_minor == 300


def test_fee_that_begins_during_a_session_is_of_its_own_tariff(assign, connector, driver, staff):
    tariff = assign(4, driver_group=staff).tariff
    session = started(connector, driver)
    Tariff.objects.filter(pk=tariff.pk).update(overstay_per_hour_minor=700)
    tariff.refresh_from_db()
    publish_version(tariff, by=SYSTEM, now=NOW + HOUR)
    assert version_during(session, at=NOW).overstay_per_hour_minor == 0
    assert version_during(session, at=NOW + HOUR).overstay_per_hour_minor == 700


def publish_market(connector):
    cluster = connector.charge_point.cluster
    DynamicPriceFactory(cluster=cluster)
    return PricePublication.objects.create(
        community=cluster.community, cluster=cluster, published_at=NOW, begins_at=NOW, ends_at=NOW + 24 * HOUR,
        per_mwh_minor=[9_000] * 96, terms={}, inputs={},
    )  # fmt: skip


def test_published_prices_bill_everybody_but_those_with_a_tariff_of_their_own(
    assign, connector, driver, staff
):
    publication = publish_market(connector)
    assign(4, driver_group=staff)
    cluster = connector.charge_point.cluster
    beside = ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)
    own = started(connector, driver)
    other = started(beside, DriverFactory(community=connector.community))
    assert bill_session(own, now=NOW + HOUR).amount_minor == 40
    assert bill_session(other, now=NOW + HOUR).amount_minor == 90
    assert publication_for(driver, connector, cluster, now=NOW) is None
    assert publication_for(other.driver, connector, cluster, now=NOW) == publication


def test_nothing_is_assigned_by_what_belongs_elsewhere(assign, connector, driver):
    other = TariffAssignmentFactory(tariff__is_standing=False, begins_at=BEGIN)
    assert chosen(connector, driver) == ("House", PriceBasis.STANDING)
    assert TariffAssignment.objects.get() == other
