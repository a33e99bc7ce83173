"""Messages that name no connector, or another one than that of the transaction which they name. Without a wire."""

from datetime import UTC, datetime

import pytest

from chargers.models import Connector, OrphanMessage, Session
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from drivers.models import IdTag
from tests.chargers.ocpp.station import Desked, Station, moment
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

CURRENTS = [
    {"value": "16.0", "measurand": "Current.Import", "unit": "A", "phase": phase}
    for phase in ("L1", "L2", "L3")
]


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def second(connector) -> Connector:
    return ConnectorFactory(
        charge_point=connector.charge_point, circuit=connector.circuit, number=2, max_current_ma=32_000
    )


@pytest.fixture
def tag(connector) -> IdTag:
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")


@pytest.fixture
def typed(connector, tag) -> Desked:
    return Desked(connector, V16)


def now() -> str:
    return moment(datetime.now(UTC))


def start(typed: Desked, connector: int) -> dict:
    payload = {"connectorId": connector, "idTag": "VALID", "meterStart": 1_000, "timestamp": now()}
    return typed.call("StartTransaction", payload)


def meter(typed: Desked, connector: int, transaction_id: int | None) -> None:
    values = [{"value": "2000", "unit": "Wh"}, *CURRENTS]
    named = {} if transaction_id is None else {"transactionId": transaction_id}
    payload = {
        "connectorId": connector,
        "meterValue": [{"timestamp": now(), "sampledValue": values}],
        **named,
    }
    typed.call("MeterValues", payload)


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_evse_0_names_none_and_the_card_waits_for_the_one_that_is(connector, second, tag, version):
    station = Station(Desked(connector, version))
    station.event("Started", 0, token="VALID", evse=0, wh=1_000, trigger="Authorized")
    station.event("Updated", 1, evse=2, state="Charging", wh=1_500)
    session = Session.objects.get()
    assert (session.connector, session.driver) == (second, tag.driver)
    assert (session.meter_start_wh, session.energy_wh) == (1_000, 500)
    assert not OrphanMessage.objects.exists()


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_evse_0_of_a_station_with_one_is_that_one(connector, tag, version):
    station = Station(Desked(connector, version))
    station.event("Started", 0, token="VALID", evse=0, wh=1_000, trigger="Authorized")
    session = Session.objects.get()
    assert (session.connector, session.driver, session.state) == (connector, tag.driver, "active")


def test_card_of_an_event_at_an_evse_that_is_not_there_is_kept_aside_and_waits(connector, second, tag):
    station = Station(Desked(connector))
    station.event("Started", 0, token="VALID", evse=7, wh=1_000, trigger="Authorized")
    assert OrphanMessage.objects.get().why == "started: there is no connector 7"
    station.event("Updated", 1, evse=2, state="Charging", wh=1_500)
    session = Session.objects.get()
    assert (session.connector, session.driver) == (second, tag.driver)
    assert (session.meter_start_wh, session.energy_wh) == (1_000, 500)


def test_start_at_connector_0_is_at_the_only_one(typed, connector, tag):
    assert start(typed, 0)["idTagInfo"]["status"] == "Accepted"
    session = Session.objects.get()
    assert (session.connector, session.driver, session.state) == (connector, tag.driver, "active")


def test_start_at_connector_0_is_kept_aside_where_two_can_be_meant(typed, second):
    assert start(typed, 0) == {"transactionId": 0, "idTagInfo": {"status": "Invalid"}}
    assert OrphanMessage.objects.get().why == "there is no connector 0"
    assert not Session.objects.exists()


@pytest.mark.parametrize("number", [0, 1, 7])
def test_values_are_of_the_transaction_that_they_name_whatever_their_connector(typed, second, number):
    transaction_id = start(typed, 2)["transactionId"]
    meter(typed, number, transaction_id)
    session = Session.objects.get(connector=second)
    assert (session.energy_wh, session.current_l1_ma) == (1_000, 16_000)
    assert not OrphanMessage.objects.exists()


def test_values_of_connector_0_without_a_transaction_are_the_main_meters(typed, connector):
    start(typed, 1)
    meter(typed, 0, None)
    session = Session.objects.get()
    assert (session.energy_wh, session.current_l1_ma) == (0, None)
