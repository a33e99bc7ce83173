"""Who may charge where and when, as each version of OCPP asks and is answered. Without a wire, by a clock of the test."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.access.rules import set_access_in_words
from chargers.models import Connector, Session
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from drivers.models import Notification
from grid.domain.audit import SYSTEM
from tests.chargers.ocpp.station import Desked, moment
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, FlatFactory, IdTagFactory

# Monday, 10:00 in Berlin.
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVENING = AT + timedelta(hours=9)
SECOND = timedelta(seconds=1)


class Typed16:
    elsewhere = late = "Blocked"

    def __init__(self, connector):
        self.wire = Desked(connector, V16)

    def show(self, token, at):
        answer = self.wire.call("Authorize", {"idTag": token}, at=at)["idTagInfo"]
        return answer["status"], answer.get("expiryDate")

    def start(self, token, at, *, number=1, received=None):
        payload = {"connectorId": number, "idTag": token, "meterStart": 0, "timestamp": moment(at)}
        answer = self.wire.call("StartTransaction", payload, at=received or at)
        self.number = answer["transactionId"]
        return answer["idTagInfo"]["status"]

    def stop(self, token, at):
        payload = {
            "transactionId": self.number, "idTag": token, "meterStop": 5_000, "timestamp": moment(at),
        }  # fmt: skip
        return self.wire.call("StopTransaction", payload, at=at)["idTagInfo"]["status"]


class Typed201:
    elsewhere, late = "NotAtThisLocation", "NotAtThisTime"
    version = V201

    def __init__(self, connector):
        self.wire = Desked(connector, self.version)
        self.sequence = 0

    def show(self, token, at):
        payload = {"idToken": {"idToken": token, "type": "ISO14443"}}
        answer = self.wire.call("Authorize", payload, at=at)["idTokenInfo"]
        return answer["status"], answer.get("cacheExpiryDateTime")

    def start(self, token, at, *, number=1, received=None):
        return self.event("Started", token, at, number=number, received=received)

    def stop(self, token, at):
        return self.event("Ended", token, at)

    def event(self, kind, token, at, *, number=1, received=None):
        payload = {
            "eventType": kind,
            "timestamp": moment(at),
            "triggerReason": "Authorized",
            "seqNo": self.sequence,
            "transactionInfo": {"transactionId": f"tx-{number}"},
            "evse": {"id": number, "connectorId": 1},
            "idToken": {"idToken": token, "type": "ISO14443"},
        }
        self.sequence += 1
        return self.wire.call("TransactionEvent", payload, at=received or at)["idTokenInfo"]["status"]


class Typed21(Typed201):
    version = V21


@pytest.fixture(params=[Typed16, Typed201, Typed21])
def station(request, connector):
    return request.param(connector)


@pytest.fixture
def connector(db):
    return ConnectorFactory(max_current_ma=32_000, charge_point__name="A-05")


@pytest.fixture
def second(connector):
    return ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)


@pytest.fixture
def ada(connector):
    flat = FlatFactory(community=connector.community, name="Flat 3")
    return IdTagFactory(driver=DriverFactory(community=connector.community, flat=flat), token="ADA").driver


@pytest.fixture
def bob(connector):
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="BOB").driver


def keep(connector, words):
    set_access_in_words(connector, words, actor=SYSTEM, now=AT)


def test_a_space_of_one_flat_refuses_others_in_words(station, connector, ada, bob):
    keep(connector, "flat Flat 3")
    assert station.show("ADA", AT) == ("Accepted", None)
    assert station.show("BOB", AT) == (station.elsewhere, None)
    assert station.start("BOB", AT) == station.elsewhere
    assert Session.objects.get().is_refused
    told = Notification.objects.filter(driver=bob)
    assert {row.told for row in told} == {
        f"Your card was not accepted at {place}. A-05/1 is kept for others. Ask the managers who may charge there."
        for place in ("A-05", "A-05/1")
    }


def test_authorize_names_no_connector_and_the_start_decides(station, connector, second, ada, bob):
    """A card is accepted where it may charge at one of the connectors."""
    keep(connector, "flat Flat 3")
    assert station.show("BOB", AT)[0] == "Accepted"
    assert station.start("BOB", AT) == station.elsewhere
    assert station.start("BOB", AT + SECOND, number=2) == "Accepted"
    bobs = Session.objects.get(connector=second)
    assert (bobs.driver, bobs.is_refused) == (bob, False)


def test_hours_begin_and_end_and_no_cache_outlasts_them(station, connector, bob):
    keep(connector, "everybody, 08:00-18:00")
    assert station.show("BOB", AT) == ("Accepted", "2026-03-02T17:00:00.000Z")
    assert station.show("BOB", EVENING) == (station.late, None)
    assert station.start("BOB", EVENING) == station.late


def test_a_session_that_runs_goes_on_when_hours_end_and_its_driver_stops_it(station, connector, bob):
    keep(connector, "everybody, 08:00-18:00")
    assert station.start("BOB", AT) == "Accepted"
    if isinstance(station, Typed201):
        assert station.event("Updated", "BOB", EVENING) == "Accepted"
    session = Session.objects.get()
    assert (session.state, session.is_refused) == ("active", False)
    assert station.stop("BOB", EVENING + SECOND) == "Accepted"


def test_a_start_that_comes_late_is_judged_by_when_it_began(station, connector, bob):
    """From a queue of hours without a connection, and from the other side of the end."""
    keep(connector, "everybody, 08:00-18:00")
    assert station.start("BOB", AT, received=EVENING) == "Accepted"


def test_a_repeated_start_gets_the_same_answer(station, connector, bob):
    keep(connector, "everybody, 08:00-18:00")
    assert station.start("BOB", AT) == "Accepted"
    if isinstance(station, Typed16):
        assert station.start("BOB", AT, received=EVENING) == "Accepted"
    else:
        station.sequence = 0
        assert station.start("BOB", AT, received=EVENING) == "Accepted"
    assert Session.objects.count() == 1


def test_a_card_that_follows_the_cable_is_judged_at_its_connector(connector, ada, bob):
    """OCPP 2: the transaction begins with the cable, and whoever is refused may be followed by somebody who is not."""
    keep(connector, "flat Flat 3")
    station = Typed201(connector)
    station.wire.call(
        "TransactionEvent",
        {
            "eventType": "Started", "timestamp": moment(AT), "triggerReason": "CablePluggedIn", "seqNo": 0,
            "transactionInfo": {"transactionId": "tx-1"}, "evse": {"id": 1, "connectorId": 1},
        },
        at=AT,
    )  # fmt: skip
    station.sequence = 1
    assert station.event("Updated", "BOB", AT + SECOND) == "NotAtThisLocation"
    assert Session.objects.get().is_refused
    assert station.event("Updated", "ADA", AT + 2 * SECOND) == "Accepted"
    session = Session.objects.get()
    assert (session.driver, session.is_refused) == (ada, False)


def test_where_no_card_is_asked_for_a_car_is_a_guests(connector, ada):
    station = Typed201(connector)
    payload = {
        "eventType": "Started", "timestamp": moment(AT), "triggerReason": "Authorized", "seqNo": 0,
        "transactionInfo": {"transactionId": "tx-1"}, "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "", "type": "NoAuthorization"},
    }  # fmt: skip
    keep(connector, "flat Flat 3")
    assert (
        station.wire.call("TransactionEvent", payload, at=AT)["idTokenInfo"]["status"] == "NotAtThisLocation"
    )
    keep(connector, "guests")
    payload["transactionInfo"]["transactionId"] = "tx-2"
    assert station.wire.call("TransactionEvent", payload, at=AT)["idTokenInfo"]["status"] == "Accepted"
    assert Connector.objects.count() == 1
