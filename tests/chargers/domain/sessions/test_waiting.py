"""OCPP 2: a transaction that begins before it names an EVSE loses neither its card, its time nor its register."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from chargers.domain.sessions import waiting, zombies
from chargers.models import Connector, OrphanMessage, Session, WaitingStart
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from drivers.models import IdTag
from pricing.models import BillLine
from tests.chargers.ocpp.station import Desked, Station, moment
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector() -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def tag(connector) -> IdTag:
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")


def session() -> Session:
    return Session.objects.get()


@pytest.fixture
def two(connector) -> Station:
    ConnectorFactory(charge_point=connector.charge_point, number=2, circuit=connector.circuit)
    return Station(Desked(connector))


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_card_and_start_wait_until_an_evse_is_named(two, connector, tag, version):
    two = Station(Desked(connector, version))
    began = datetime.now(UTC) - timedelta(minutes=30)
    started = two.event(
        "Started", 0, evse=None, token="VALID", wh=1_000, at=moment(began), trigger="Authorized"
    )
    assert started["idTokenInfo"]["status"] == "Accepted"
    two.event("Updated", 1, evse=2, state="Charging", wh=1_200)
    assert (session().connector.number, session().driver, session().id_tag) == (2, tag.driver, "VALID")
    assert (session().started_at, session().meter_start_wh, session().energy_wh) == (began, 1_000, 200)
    two.event("Started", 0, evse=None, token="VALID", wh=1_000, at=moment(began), trigger="Authorized")
    two.event("Ended", 2, evse=None, wh=1_900)
    assert (session().energy_wh, BillLine.objects.get().driver) == (900, tag.driver)
    assert (WaitingStart.objects.count(), OrphanMessage.objects.count()) == (0, 0)


def test_card_of_a_later_event_without_an_evse_waits_too(two, tag):
    two.event("Started", 0, evse=None, wh=1_000)
    two.event("Updated", 1, evse=None, token="VALID", trigger="Authorized")
    two.event("Ended", 2, evse=1, wh=1_500)
    assert (session().driver, session().energy_wh, session().events_heard) == (tag.driver, 500, "0-2")


def test_start_that_no_evse_was_named_for_is_shown_after_a_day(two, tag):
    two.event("Started", 0, evse=None, token="VALID", wh=1_000)
    assert OrphanMessage.objects.count() == 0
    zombies.end_zombies(now=datetime.now(UTC) + timedelta(hours=25))
    assert OrphanMessage.objects.get().why == "it began, and its connector was never told"
    assert WaitingStart.objects.count() == 0


def test_events_that_repeat_without_an_evse_are_one_start(two, tag):
    began = moment(datetime.now(UTC) - timedelta(minutes=5))
    for _ in range(3):
        two.event("Started", 0, evse=None, token="VALID", wh=1_000, at=began)
        two.event("Updated", 1, evse=None, wh=1_100, at=began)
    row = WaitingStart.objects.get()
    assert (row.id_tag, row.meter_wh, row.events_heard) == ("VALID", 1_000, "0-1")


def test_what_waits_is_kept_for_a_day(two, tag):
    two.event("Started", 0, evse=None, token="VALID")
    now = datetime.now(UTC)
    assert waiting.give_up_starts(now=now + timedelta(hours=23)) == 0
    assert waiting.give_up_starts(now=now + timedelta(hours=25)) == 1
    assert waiting.give_up_starts(now=now + timedelta(hours=25)) == 0


@examples(12, suppress=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 1, 2]))
def test_whatever_the_order_the_start_is_that_of_the_started_event(two, tag, order):
    WaitingStart.objects.all().delete()
    began = datetime.now(UTC) - timedelta(minutes=10)
    for number in order:
        phase = "Updated" if number else "Started"
        at = moment(began + timedelta(minutes=number))
        two.event(phase, number, evse=None, at=at, wh=1_000 + number, token="VALID" if number == 0 else None)
    row = WaitingStart.objects.get()
    assert (row.id_tag, row.meter_wh, row.charger_at, row.events_heard) == ("VALID", 1_000, began, "0-2")
