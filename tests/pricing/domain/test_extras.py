from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from pricing.domain.extras import bill_emergency, bill_overstay
from pricing.models import BillLine
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import TariffFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = {"started_at": START, "ended_at": START + 2 * HOUR}


@pytest.fixture
def session():
    connector = ConnectorFactory()
    return SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=START,
        started_at=START,
        state=SessionState.ACTIVE,
    )


@pytest.fixture
def tariff(session):
    """10 cents a kWh for priority, 1.50 an hour for standing in the way."""
    return TariffFactory(
        community=session.community, emergency_surcharge_per_mwh_minor=10_000, overstay_per_hour_minor=150
    )


def test_priority_costs_its_surcharge_on_the_energy_that_came_first(session, tariff):
    line = bill_emergency(session, energy_wh=5_250, **PERIOD)
    # 52.5 cents; half a cent is rounded up.
    assert (line.kind, line.amount_minor, line.energy_wh, line.currency) == ("emergency", 53, 5_250, "EUR")
    assert (line.driver, line.tariff, line.started_at, line.ended_at) == (
        session.driver,
        tariff,
        START,
        START + 2 * HOUR,
    )
    assert line.parts == [
        {
            "start": "2026-11-02T18:00:00+00:00",
            "end": "2026-11-02T20:00:00+00:00",
            "energy_wh": 5_250,
            "price_per_mwh_minor": 10_000,
        }
    ]


@pytest.mark.parametrize(("waited_s", "amount_minor"), [(3_600, 150), (1, 0), (11, 0), (12, 1), (36, 2)])
def test_standing_in_others_way_costs_to_the_second(session, tariff, waited_s, amount_minor):
    line = bill_overstay(session, waited=timedelta(seconds=waited_s), **PERIOD)
    assert (line.kind, line.amount_minor, line.energy_wh) == ("overstay", amount_minor, 0)
    assert line.parts[0]["others_waited_s"] == waited_s


def test_each_is_billed_once_a_session(session, tariff):
    first = [
        bill_emergency(session, energy_wh=1_000, **PERIOD),
        bill_overstay(session, waited=HOUR, **PERIOD),
    ]
    again = [
        bill_emergency(session, energy_wh=9_000, **PERIOD),
        bill_overstay(session, waited=9 * HOUR, **PERIOD),
    ]
    assert again == first
    assert sorted(BillLine.objects.values_list("kind", "amount_minor")) == [
        ("emergency", 10),
        ("overstay", 150),
    ]


def test_nothing_is_billed_where_nothing_flowed_and_nobody_waited(session, tariff):
    assert bill_emergency(session, energy_wh=0, **PERIOD) is None
    assert bill_overstay(session, waited=timedelta(milliseconds=999), **PERIOD) is None
    assert bill_overstay(session, waited=-HOUR, **PERIOD) is None
    assert not BillLine.objects.exists()


@pytest.mark.parametrize("changes", [None, {"valid_from": START + HOUR}, {"emergency": 0}])
def test_nothing_is_billed_without_a_price_when_it_began(session, changes):
    if changes is not None:
        price = changes.pop("emergency", 10_000)
        TariffFactory(community=session.community, emergency_surcharge_per_mwh_minor=price, **changes)
    assert bill_emergency(session, energy_wh=1_000, **PERIOD) is None
    assert bill_overstay(session, waited=HOUR, **PERIOD) is None
