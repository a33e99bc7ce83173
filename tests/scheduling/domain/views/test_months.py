"""A driver's months: what counts to which, and what nobody knows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chargers.enums import SessionState
from pricing.enums import LineKind, SignalQuantity
from pricing.models import BillLine, LoadProfile, SignalPublication
from scheduling.domain.views.months import Month, sum_months
from scheduling.enums import SlotState
from tests.asserts.http import client_of
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import EnergySignalFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)


@pytest.fixture
def driver():
    return DriverFactory(community__time_zone="Europe/Berlin")


def stay(driver, began, energy_wh=8_000, **fields):
    return SessionFactory(
        community=driver.community, driver=driver, plugged_at=began, state=SessionState.ENDED, energy_wh=energy_wh,
        connector__charge_point__cluster__community=driver.community, **fields,
    )  # fmt: skip


def bill(session, amount_minor, kind=LineKind.ENERGY):
    return BillLine.objects.create(
        community=session.community, session=session, driver=session.driver, amount_minor=amount_minor, kind=kind,
        currency="EUR", started_at=session.plugged_at, ended_at=session.plugged_at,
    )  # fmt: skip


def months(driver, count=2):
    return sum_months(driver, count=count, now=NOW)


def test_months_without_anything_say_so(driver):
    assert months(driver, 3) == [Month(date(2026, first, 1)) for first in (1, 2, 3)]


def test_stay_counts_to_the_month_it_began_in_on_the_communitys_clock(driver):
    # Half an hour past midnight in Berlin, and still February in UTC.
    stay(driver, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), energy_wh=5_000)
    stay(driver, FEBRUARY)
    stay(DriverFactory(community=driver.community), FEBRUARY)
    stay(driver, datetime(2026, 1, 31, 22, tzinfo=UTC))
    assert [(row.stays, row.energy_wh) for row in months(driver)] == [(1, 8_000), (1, 5_000)]


def test_money_is_that_of_bill_lines_corrections_included(driver):
    session = stay(driver, FEBRUARY)
    bill(session, 240)
    bill(session, -40, LineKind.ADJUSTMENT)
    assert [row.cost_minor for row in months(driver)] == [200, None]


def test_promises_that_were_given_up_are_neither_kept_nor_broken(driver):
    given = {
        "driver": driver,
        "created_at": FEBRUARY,
        "state_since": FEBRUARY,
        "cluster__community": driver.community,
    }
    for state in (
        SlotState.FULFILLED,
        SlotState.FULFILLED,
        SlotState.UNMET,
        SlotState.CANCELLED,
        SlotState.LEFT,
    ):
        SlotRequestFactory(state=state, **given)
    assert [(row.settled, row.kept) for row in months(driver)] == [(3, 2), (0, 0)]


def test_carbon_is_told_of_the_energy_that_a_signal_covers(driver):
    session = stay(driver, FEBRUARY)
    LoadProfile.objects.create(
        community=driver.community, session=session, cluster=session.connector.charge_point.cluster, begins_at=FEBRUARY,
        ended_at=FEBRUARY + timedelta(minutes=45), energies_wh=[1_000, 2_000, 4_000],
        at_once_from=FEBRUARY, at_once_w=11_000,
    )  # fmt: skip
    cluster = session.connector.charge_point.cluster
    signal = EnergySignalFactory(community=cluster.community, quantity=SignalQuantity.CARBON)
    SignalPublication.objects.create(
        community=cluster.community, signal=signal, received_at=FEBRUARY, published_at=FEBRUARY, begins_at=FEBRUARY,
        ends_at=FEBRUARY + timedelta(minutes=30), values=[300, 200],
    )  # fmt: skip
    assert [(row.carbon_g, row.carbon_wh) for row in months(driver)] == [(700, 3_000), (None, 0)]


def test_each_reads_the_own_months_alone(driver):
    stay(driver, datetime.now(UTC))
    answer = client_of(driver.user).get("/drivers/months?count=1").json()
    assert (answer["months"][0]["stays"], answer["months"][0]["energy_wh"]) == (1, 8_000)
    other = client_of(DriverFactory(community=driver.community).user).get("/drivers/months?count=1").json()
    assert other["months"][0]["stays"] == 0
    foreign = f"/drivers/months?community={DriverFactory().community_id}"
    assert client_of(driver.user).get(foreign).status_code == 404
    assert client_of(driver.user).get("/drivers/months?count=1000").status_code == 400
