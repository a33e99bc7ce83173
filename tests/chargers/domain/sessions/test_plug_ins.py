"""The stay: which transactions are of one car, and what each knows of those before it (ADR 74)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from chargers.domain.sessions import plug_ins
from chargers.enums import OCCUPIED, ConnectorStatus, SessionState
from chargers.events import CarLeft
from chargers.models import Connector, Session
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NO_CARD = AuthorizeOutcome(AuthorizationStatus.INVALID)


@pytest.fixture
def connector() -> Connector:
    return ConnectorFactory(status=ConnectorStatus.FINISHING)


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def good(driver) -> AuthorizeOutcome:
    return AuthorizeOutcome(AuthorizationStatus.ACCEPTED, driver)


@pytest.fixture
def stopped(connector, driver) -> Session:
    """Plugged in an hour ago, stopped now, still there."""
    return SessionFactory(
        connector=connector,
        driver=driver,
        state=SessionState.FINISHED,
        state_since=NOW,
        plugged_at=NOW - 60 * MINUTE,
        started_at=NOW - 60 * MINUTE,
        stopped_at=NOW,
        energy_wh=5_000,
    )


@pytest.fixture
def left(monkeypatch) -> list:
    """The sessions whose car was said to have left."""
    told: list = []

    def publish(event):
        assert isinstance(event, CarLeft)
        told.append(event.session_id)

    monkeypatch.setattr(plug_ins, "publish", publish)
    return told


# Which car


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1), timedelta(hours=1)])
def test_same_card_or_none_goes_on_within_an_hour(stopped, connector, driver, after):
    for outcome in (good(driver), NO_CARD, AuthorizeOutcome(AuthorizationStatus.BLOCKED, DriverFactory())):
        assert plug_ins.goes_on(stopped, connector, outcome, started_at=NOW + after)


def test_good_card_of_another_driver_is_another_car(stopped, connector):
    assert not plug_ins.goes_on(stopped, connector, good(DriverFactory()), started_at=NOW + MINUTE)


def test_start_before_the_stay_is_another_cars(stopped, connector, driver):
    assert not plug_ins.goes_on(stopped, connector, good(driver), started_at=NOW - 61 * MINUTE)


@pytest.mark.parametrize("status", ConnectorStatus)
def test_later_start_goes_on_only_where_the_car_was_there_all_the_time(stopped, connector, driver, status):
    connector.status = status
    later = NOW + timedelta(hours=9)
    assert plug_ins.goes_on(stopped, connector, good(driver), started_at=later) == (status in OCCUPIED)
    # An end that was told hours late shows nothing of the time in between.
    stopped.state_since = NOW + timedelta(hours=2)
    assert not plug_ins.goes_on(stopped, connector, good(driver), started_at=later)


# Energy of the stay


@examples(15, suppress=[HealthCheck.function_scoped_fixture])
@given(energies_wh=st.lists(st.integers(0, 100_000), min_size=1, max_size=5), data=st.data())
def test_each_transaction_knows_what_those_before_it_brought(connector, energies_wh, data):
    Session.objects.all().delete()
    rows: list[Session] = []
    for number, energy_wh in enumerate(energies_wh):
        session = SessionFactory.build(
            connector=connector,
            community=connector.community,
            state=SessionState.ENDED,
            plugged_at=NOW,
            started_at=NOW + number * MINUTE,
            transaction_id=number + 1,
            energy_wh=energy_wh,
        )
        if rows:
            plug_ins.join_stay(session, rows[0])
        session.save()
        rows.append(session)
    for session in data.draw(st.permutations(rows)):
        plug_ins.count_energy(session)
    found = list(Session.objects.order_by("started_at"))
    assert [one.energy_before_wh for one in found] == [sum(energies_wh[:at]) for at in range(len(rows))]
    assert found[-1].stay_energy_wh == sum(energies_wh)
    assert {(one.stay_id, one.stay_since) for one in found} == {(rows[0].stay_id, NOW)}


# Parting


def joined(stopped, **more) -> Session:
    session = Session(
        community=stopped.community,
        connector=stopped.connector,
        state=SessionState.ENDED,
        state_since=NOW,
        plugged_at=NOW,
        started_at=NOW + MINUTE,
        **more,
    )
    plug_ins.join_stay(session, stopped)
    session.save()
    plug_ins.count_energy(session)
    return session


def test_another_drivers_card_ends_the_stay_before_and_begins_its_own(stopped, left):
    session = joined(stopped)
    assert session.energy_before_wh == 5_000
    plug_ins.part_stay(session, good(DriverFactory()))
    session.refresh_from_db()
    assert (session.stay_id == stopped.stay_id, session.stay_began_at, session.energy_before_wh) == (
        False,
        None,
        0,
    )
    assert left == [stopped.pk]


@pytest.mark.parametrize("outcome", ["same", "none", "refused"])
def test_card_that_shows_no_other_driver_parts_nothing(stopped, driver, left, outcome):
    session = joined(stopped)
    refused = AuthorizeOutcome(AuthorizationStatus.BLOCKED, DriverFactory())
    plug_ins.part_stay(session, {"same": good(driver), "none": NO_CARD, "refused": refused}[outcome])
    assert (session.stay_id, left) == (stopped.stay_id, [])


# Its end


def test_stay_is_over_when_none_of_its_sessions_is_at_a_connector(stopped, left):
    session = joined(stopped)
    cluster_id = stopped.connector.charge_point.cluster_id
    plug_ins.end_if_over(session, cluster_id=cluster_id)
    assert (plug_ins.is_over(session), left) == (False, [])
    Session.objects.filter(pk=stopped.pk).update(state=SessionState.ENDED)
    plug_ins.end_if_over(session, cluster_id=cluster_id)
    assert (plug_ins.is_over(session), left) == (True, [session.pk])


@pytest.mark.parametrize(
    ("booted", "seen", "is_restarting"),
    [
        (None, None, False),
        (timedelta(seconds=10), None, True),
        (timedelta(seconds=10), timedelta(seconds=20), True),
        (timedelta(seconds=10), timedelta(seconds=5), False),
        (timedelta(seconds=120), None, False),
        (timedelta(hours=2), None, False),
    ],
)
def test_car_may_be_found_again_for_two_minutes_after_a_boot(stopped, connector, booted, seen, is_restarting):
    connector.charge_point.booted_at = None if booted is None else NOW - booted
    car_seen_at = None if seen is None else NOW - seen
    found = plug_ins.is_restarting(stopped, connector, car_seen_at=car_seen_at, now=NOW)
    assert found is is_restarting


def test_car_that_came_after_the_boot_is_not_waited_for(stopped, connector):
    connector.charge_point.booted_at = NOW - timedelta(seconds=10)
    stopped.plugged_at = NOW - timedelta(seconds=5)
    assert not plug_ins.is_restarting(stopped, connector, car_seen_at=None, now=NOW)
