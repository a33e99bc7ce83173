"""What a charge point says of its state, of faults, and of its plugs; and what it is answered at the end."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.orders import commands
from chargers.enums import CommandKind, ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from chargers.orders import read_order
from chargers.orders.charging import Unlock
from grid.models import AuditEntry
from pricing.domain.billing import cost_so_far_minor
from scheduling.domain.picture.states import PlaceState, state_of
from tests.chargers.ocpp.station import Station, moment
from tests.factories.places import place, sentence_of
from tests.factories.pricing import TariffFactory

EVENTS_WORDS = {"techCode": "E-42", "techInfo": "Fan stuck"}
MAKERS_WORDS = {"vendorId": "ACME", "vendorErrorCode": "E-42", "info": "Fan stuck"}


def test_fault_of_a_connector_has_the_makers_words_beside_it(online):
    online.status("Faulted", errorCode="OtherError", **MAKERS_WORDS)
    connector = Connector.objects.get()
    assert (connector.error_code, connector.vendor_error) == ("OtherError", "ACME E-42")
    assert (
        sentence_of(place(connector), now=datetime.now(UTC)) == "Faulted: OtherError (ACME E-42, Fan stuck)"
    )
    online.status("Available")
    connector.refresh_from_db()
    assert (connector.error_code, connector.vendor_error, connector.error_info) == ("", "", "")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_fault_of_the_whole_charge_point_is_its_state_and_is_shown_and_recorded(charger, version):
    if version == "1.6":
        charger.connect().boot()
        charger.status("Faulted", connector=0, errorCode="PowerMeterFailure", info="gone")
        code, info = "PowerMeterFailure", "gone"
    else:
        station = Station(charger).connect()
        station.boot()
        station.status("Faulted", evse=0, connector=0)
        code, info = "", ""
    charge_point = ChargePoint.objects.get()
    assert (charge_point.status, charge_point.error_code, charge_point.error_info) == ("Faulted", code, info)
    connector = Connector.objects.select_related("charge_point").get()
    assert connector.status != ConnectorStatus.FAULTED
    assert state_of(place(connector), now=datetime.now(UTC)) is PlaceState.FAULTED
    assert AuditEntry.objects.get(action="charge_point.status").after["status"] == "Faulted"
    if version == "1.6":
        charger.status("Available", connector=0)
    else:
        station.status("Available", evse=0, connector=0)
    assert ChargePoint.objects.get().status == ConnectorStatus.AVAILABLE
    assert AuditEntry.objects.filter(action="charge_point.status").count() == 2


def test_plug_that_is_in_use_is_unlocked(charger, connector):
    station = Station(charger).connect()
    station.boot()
    station.event("Started", 0, token="TAG", evse=None)
    station.call(
        "TransactionEvent",
        {
            "eventType": "Updated",
            "timestamp": datetime.now(UTC).isoformat(),
            "triggerReason": "CablePluggedIn",
            "seqNo": 1,
            "evse": {"id": 1, "connectorId": 2},
            "transactionInfo": {"transactionId": "tx-1", "chargingState": "EVConnected"},
        },
    )
    connector.refresh_from_db()
    commands.queue_command(
        connector.charge_point, Unlock(), by="test", now=datetime.now(UTC), connector=connector
    )
    assert charger.expect("UnlockConnector") == {"evseId": 1, "connectorId": 2}


@pytest.fixture(params=["ocpp2.0.1", "ocpp2.1"])
def station(charger, request):
    typed = Station(charger, subprotocol=request.param).connect()
    typed.boot()
    return typed


def test_other_plugs_of_an_evse_say_nothing_about_the_car_at_the_one_in_use(station, charger, connector):
    station.status("Available", connector=1)
    station.status("Available", connector=2)
    station.status("Occupied", connector=1)
    for word in ("Available", "Unavailable", "Reserved", "Faulted", "Available"):
        station.status(word, connector=2)
        connector.refresh_from_db()
        assert (connector.status, connector.plug_number, connector.vendor_error) == ("Preparing", 1, "")
        assert Session.objects.get().state == SessionState.PLUGGED_IN
    station.event("Started", 0, token="TAG", wh=1_000, state="Charging")
    station.status("Available", connector=2)
    connector.refresh_from_db()
    assert (connector.status, connector.plug_number) == ("Charging", 1)
    assert Session.objects.get().state == SessionState.ACTIVE
    ask(connector, CommandKind.UNLOCK)
    assert charger.expect("UnlockConnector") == {"evseId": 1, "connectorId": 1}


def test_plug_that_is_freed_frees_its_evse_and_a_boot_forgets_them(station, connector):
    station.status("Occupied", connector=2)
    station.status("Available", connector=2)
    connector.refresh_from_db()
    assert (connector.status, connector.plug_number) == ("Available", 2)
    assert Session.objects.get().state == SessionState.ENDED
    station.status("Occupied", connector=2)
    station.boot()
    station.status("Available", connector=1)
    connector.refresh_from_db()
    assert connector.status == ConnectorStatus.AVAILABLE


def test_state_is_triggered_of_the_plug_that_was_used_last(station, charger, connector):
    station.status("Occupied", connector=2)
    connector.refresh_from_db()
    ask(connector, CommandKind.TRIGGER, message="StatusNotification")
    evse = {"id": 1, "connectorId": 2}
    assert charger.expect("TriggerMessage") == {"requestedMessage": "StatusNotification", "evse": evse}


def test_states_told_as_events_count_as_those_of_a_status(station, connector):
    station.call("NotifyEvent", state_event("Occupied", name="Connector", evse={"id": 1, "connectorId": 2}))
    connector.refresh_from_db()
    assert (connector.status, connector.plug_number) == ("Preparing", 2)
    assert Session.objects.get().state == SessionState.PLUGGED_IN
    station.call("NotifyEvent", state_event("Available", name="Connector", evse={"id": 1, "connectorId": 2}))
    assert Session.objects.get().state == SessionState.ENDED
    station.call("NotifyEvent", state_event("Faulted", name="EVSE", evse={"id": 1}, **EVENTS_WORDS))
    connector.refresh_from_db()
    assert (connector.status, connector.vendor_error, connector.error_info) == (
        "Faulted",
        "E-42",
        "Fan stuck",
    )
    station.call("NotifyEvent", state_event("Faulted", name="ChargingStation", **EVENTS_WORDS))
    charge_point = ChargePoint.objects.get()
    assert (charge_point.status, charge_point.vendor_error, charge_point.error_info) == (
        "Faulted",
        "E-42",
        "Fan stuck",
    )
    assert AuditEntry.objects.get(action="charge_point.status").after["vendor_error"] == "E-42"


def test_event_of_another_variable_or_an_unknown_state_changes_no_state(station, connector):
    station.status("Available")
    station.call("NotifyEvent", state_event("Faulted", name="FiscalMetering", evse={"id": 1}))
    station.call("NotifyEvent", state_event("OnFire", name="EVSE", evse={"id": 1}))
    station.call("NotifyEvent", state_event("Faulted", name="EVSE", evse={"id": 1}, variable="Mood"))
    connector.refresh_from_db()
    assert connector.status == ConnectorStatus.AVAILABLE


def state_event(value, *, name, evse=None, variable="AvailabilityState", **more):
    event = {
        "eventId": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": name} if evse is None else {"name": name, "evse": evse},
        "variable": {"name": variable},
        **more,
    }
    return {"generatedAt": datetime.now(UTC).isoformat(), "seqNo": 0, "eventData": [event]}


def ask(connector, kind, **arguments):
    commands.queue_command(
        connector.charge_point,
        read_order(kind, arguments),
        by="test",
        now=datetime.now(UTC),
        connector=connector,
    )


def test_end_is_answered_with_what_the_transaction_has_cost(charger, connector):
    TariffFactory(community=connector.community)
    station = Station(charger).connect()
    station.boot()
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, token="TAG", wh=1_000, at=moment(began))
    ended = datetime.now(UTC)
    answer = station.event("Ended", 1, wh=11_000, at=moment(ended))
    session = Session.objects.get()
    cost_minor = cost_so_far_minor(session, now=datetime.now(UTC))
    assert cost_minor > 0
    assert answer["totalCost"] == cost_minor / 100
    # Its first answer may have been lost.
    assert station.event("Ended", 1, wh=11_000, at=moment(ended)) == answer


def test_end_without_a_price_says_none(charger):
    station = Station(charger).connect()
    station.boot()
    station.event("Started", 0, token="TAG", wh=1_000)
    assert "totalCost" not in station.event("Ended", 1, wh=11_000)
