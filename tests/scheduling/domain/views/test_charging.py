from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, DrawSource, SessionState
from scheduling.domain.views import charging
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def root():
    return CircuitFactory()


@pytest.fixture
def driver(root):
    return DriverFactory(community=root.community)


def plug(root, driver, *, status=ConnectorStatus.CHARGING, confirmed_ma=9_000, **fields):
    """A car that draws 6 kW and has 10 kWh after two hours."""
    connector = ConnectorFactory(
        circuit=root,
        status=status,
        charge_point__online_until=NOW + HOUR,
        fallback_ma=6_000,
        fallback_confirmed_at=NOW,
        confirmed_ma=confirmed_ma,
    )
    given = {
        "state": SessionState.ACTIVE,
        "plugged_at": NOW - 2 * HOUR,
        "started_at": NOW - 2 * HOUR,
        "metered_at": NOW,
        "drawn_at": NOW,
        "draw_source": DrawSource.CURRENT,
        "power_w": 6_000,
        "energy_wh": 10_000,
    }
    return SessionFactory(connector=connector, driver=driver, **(given | fields))


def seen(driver, **options):
    [row] = charging.of_drivers([driver.pk], now=NOW, **options)
    return row


def could(row):
    return [said.code for said in row.could]


def test_car_with_a_slot_is_forecast_at_its_present_power(root, driver):
    session = plug(root, driver)
    slot = SlotRequestFactory(
        cluster=root.cluster,
        driver=driver,
        session=session,
        state=SlotState.ACTIVE,
        energy_wh=16_000,
        created_at=NOW,
    )
    row = seen(driver)
    assert (row.session, row.slot, row.state, row.limit_ma) == (session, slot, "charging", 9_000)
    assert (row.wanted_wh, row.power_w, row.finish_at) == (16_000, 6_000, NOW + HOUR)
    assert (row.ready_by, row.cost_minor, could(row)) == (slot.ready_by, None, ["could.claim_emergency"])


def test_car_without_a_slot_wants_what_its_battery_has_room_for(root, driver):
    vehicle = VehicleFactory(driver=driver, battery_wh=50_000)
    plug(root, driver, vehicle=vehicle, charge_pct=60)
    row = seen(driver)
    assert (row.wanted_wh, row.finish_at) == (30_000, NOW + 20_000 / 6_000 * HOUR)
    assert could(row) == ["could.say_need", "could.claim_emergency"]


def test_forecast_slows_where_this_car_is_known_to(root, driver):
    vehicle = VehicleFactory(driver=driver, battery_wh=50_000, taper={"95": 3_000})
    plug(root, driver, vehicle=vehicle, charge_pct=90)
    row = seen(driver)
    # 5 kWh are asked of the charger; nine tenths of them reach the battery: 9 %, of which 4 % at half the power.
    assert row.wanted_wh == 15_000
    steady_s = 50_000 / 100 / 0.9 * 3_600 / 6_000
    assert row.finish_at == NOW + timedelta(seconds=round(5 * steady_s + 4 * 2 * steady_s))


@pytest.mark.parametrize(
    "fields",
    [{"charge_pct": None}, {"power_w": 0}, {"drawn_at": NOW - 2 * HOUR, "metered_at": NOW - 2 * HOUR}],
)
def test_nothing_is_forecast_of_what_nobody_knows(root, driver, fields):
    vehicle = VehicleFactory(driver=driver, battery_wh=50_000)
    plug(root, driver, **({"vehicle": vehicle, "charge_pct": 60} | fields))
    assert seen(driver).finish_at is None


def test_limit_is_the_fallback_until_one_is_confirmed(root, driver):
    plug(root, driver, confirmed_ma=None)
    assert seen(driver).limit_ma == 6_000


def test_driver_with_an_emergency_is_not_told_to_claim_one(root, driver):
    session = plug(root, driver)
    EmergencyRequest.objects.create(
        community=root.community,
        driver=driver,
        session=session,
        reason="Hospital",
        energy_wh=1,
        needed_by=NOW + HOUR,
        until=NOW + HOUR,
        state=EmergencyState.ACCEPTED,
        state_since=NOW,
        created_at=NOW,
    )
    row = seen(driver)
    assert (row.state, could(row)) == ("emergency", [])


def test_full_car_could_make_room(root, driver):
    plug(root, driver, status=ConnectorStatus.SUSPENDED_EV, power_w=0)
    row = seen(driver)
    assert (row.state, could(row)) == ("full", ["could.move_car"])


def test_cars_of_the_drivers_are_listed_oldest_first_in_as_many_queries_for_many(
    root, driver, django_assert_num_queries
):
    late = plug(root, driver, plugged_at=NOW - HOUR)
    early = plug(root, driver)
    plug(root, driver, state=SessionState.ENDED)
    plug(root, DriverFactory(community=root.community))
    for drivers in ([driver.pk], [driver.pk] * 2):
        with django_assert_num_queries(5):
            rows = charging.of_drivers(drivers, now=NOW, with_cost=False)
        assert [row.session for row in rows] == [early, late]


def test_slots_to_come_are_those_that_wait_by_their_beginning(root, driver):
    def slot(**fields):
        return SlotRequestFactory(cluster=root.cluster, driver=driver, **({"created_at": NOW} | fields))

    late = slot(not_before=NOW + HOUR)
    early = slot(state=SlotState.QUEUED, promised_wh=0)
    slot(state=SlotState.ACTIVE)
    slot(not_before=NOW - HOUR, ready_by=NOW)
    SlotRequestFactory(cluster=root.cluster, created_at=NOW)
    assert charging.upcoming_slots([driver.pk], now=NOW) == [early, late]
