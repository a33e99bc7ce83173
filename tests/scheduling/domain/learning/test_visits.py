from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.enums import SessionState
from grid.domain.audit import SYSTEM, Actor, record_entry
from scheduling.domain.learning.visits import REMOTE_STOP, Visit, is_own_stop
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connector():
    return ConnectorFactory()


def session_of(connector, **fields):
    """Plugged in four hours ago, charged from three to one hour ago, and left now."""
    given = {
        "plugged_at": NOW - 4 * HOUR,
        "started_at": NOW - 3 * HOUR,
        "stopped_at": NOW - HOUR,
        "unplugged_at": NOW,
        "energy_wh": 8_000,
        "state": SessionState.ENDED,
    }
    return SessionFactory(connector=connector, **(given | fields))


def test_stay_of_one_transaction_is_what_it_received_and_waited_for(connector):
    driver = DriverFactory(community=connector.community)
    vehicle = VehicleFactory(driver=driver, phases=1, max_current_ma=10_000, battery_wh=50_000)
    session = session_of(connector, driver=driver, vehicle=vehicle, charge_pct=80, stop_reason="Local")
    visit = Visit.of(session, now=NOW)
    assert (visit.driver_id, visit.vehicle_id, visit.battery_wh) == (driver.pk, vehicle.pk, 50_000)
    assert (visit.received_wh, visit.charged_for, visit.waited_s) == (8_000, 2 * HOUR, 3_600)
    assert (visit.began_at, visit.given_up_at, visit.left_at) == (NOW - 4 * HOUR, NOW - HOUR, NOW)
    # 10 A at 230 V on the car's one phase.
    assert (visit.full_power_w, visit.most_wh(2 * HOUR), visit.most_wh(-HOUR)) == (2_300, 4_600, 0)


def test_stay_of_several_transactions_is_one_visit(connector):
    stay = {"stay_id": uuid4()}
    driver = DriverFactory(community=connector.community)
    first = session_of(
        connector, **stay, driver=driver, stopped_at=NOW - 2 * HOUR, unplugged_at=NOW - 2 * HOUR
    )
    last = session_of(
        connector,
        **stay,
        stay_began_at=first.plugged_at,
        plugged_at=NOW - 2 * HOUR,
        started_at=NOW - HOUR,
        stopped_at=None,
        energy_wh=1_000,
        ended_sated=True,
    )
    visits = [Visit.of(session, now=NOW) for session in (first, last)]
    assert visits[0] == visits[1]
    assert (visits[0].driver_id, visits[0].received_wh, visits[0].charged_for) == (driver.pk, 9_000, 2 * HOUR)
    assert (visits[0].began_at, visits[0].waited_s) == (NOW - 4 * HOUR, 3_600)
    assert (visits[0].given_up_at, visits[0].is_full) == (NOW, True)


def test_car_that_stands_there_still_is_measured_until_now(connector):
    session = session_of(connector, stopped_at=None, unplugged_at=None, state=SessionState.ACTIVE)
    visit = Visit.of(session, now=NOW)
    assert (visit.charged_for, visit.left_at, visit.given_up_at) == (3 * HOUR, NOW, NOW)


@pytest.mark.parametrize(("charge_pct", "is_full"), [(None, False), (98, False), (99, True)])
def test_stay_is_full_by_the_chargers_word(connector, charge_pct, is_full):
    assert Visit.of(session_of(connector, charge_pct=charge_pct), now=NOW).is_full is is_full


def test_transaction_that_never_started_waited_and_received_nothing(connector):
    session = session_of(connector, started_at=None, stopped_at=None, energy_wh=0)
    visit = Visit.of(session, now=NOW)
    assert (visit.received_wh, visit.charged_for, visit.waited_s) == (0, timedelta(), 0)


def test_clock_of_a_charger_that_runs_backwards_takes_no_time_away(connector):
    session = session_of(connector, started_at=NOW - HOUR, stopped_at=NOW - 2 * HOUR)
    assert Visit.of(session, now=NOW).charged_for == timedelta()


@pytest.mark.parametrize(
    ("reason", "is_own"),
    [("", True), ("Local", True), ("StoppedByEV", True), ("PowerLoss", False), ("DeAuthorized", False)],
)
def test_stop_is_the_drivers_or_the_cars_by_its_reason(connector, reason, is_own):
    assert is_own_stop(session_of(connector, stop_reason=reason)) is is_own


@pytest.mark.parametrize(
    ("who", "is_own"),
    [("driver", True), ("namesake", False), ("system", False), ("nobody", False), ("of another time", False)],
)
def test_remote_stop_is_the_drivers_where_the_driver_asked_for_it(connector, who, is_own):
    driver = DriverFactory(community=connector.community)
    session = session_of(connector, driver=driver, stop_reason="Remote")
    actors = {
        "driver": Actor.of_user(driver.user),
        "of another time": Actor.of_user(driver.user),
        "namesake": Actor("user", str(UserFactory().pk), driver.user.username),
        "system": SYSTEM,
    }
    if who in actors:
        record_entry(
            actor=actors[who],
            action=REMOTE_STOP,
            target=connector,
            now=session.started_at - HOUR if who == "of another time" else NOW - HOUR,
            before={"session_id": str(session.pk)},
        )
    assert is_own_stop(session) is is_own


def test_remote_stop_of_a_car_of_nobody_is_the_houses(connector):
    assert is_own_stop(session_of(connector, stop_reason="Remote")) is False
    assert is_own_stop(session_of(connector, stop_reason="Local", stopped_at=None)) is False
