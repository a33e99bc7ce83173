"""What a charge point says of its state, of faults, and of its plugs; and what it is answered at the end."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain import commands
from chargers.enums import CommandKind, ConnectorStatus
from chargers.models import ChargePoint, Connector, Session
from grid.models import AuditEntry
from pricing.domain.billing import cost_so_far_minor
from scheduling.domain.wording import Word, connector_state, sentence
from tests.chargers.ocpp.station import Station, moment
from tests.factories.pricing import TariffFactory

MAKERS_WORDS = {"vendorId": "ACME", "vendorErrorCode": "E-42", "info": "Fan stuck"}


def test_fault_of_a_connector_has_the_makers_words_beside_it(online):
    online.status("Faulted", errorCode="OtherError", **MAKERS_WORDS)
    connector = Connector.objects.get()
    assert (connector.error_code, connector.vendor_error) == ("OtherError", "ACME E-42")
    assert (
        sentence(None, connector=connector, session=None, now=datetime.now(UTC))
        == "Faulted: OtherError (ACME E-42, Fan stuck)"
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
    assert connector_state(connector, None, datetime.now(UTC)) == Word.FAULTED
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
    commands.enqueue(
        connector.charge_point, CommandKind.UNLOCK, by="test", now=datetime.now(UTC), connector=connector
    )
    assert charger.expect("UnlockConnector") == {"evseId": 1, "connectorId": 2}


def test_end_is_answered_with_what_the_transaction_has_cost(charger, connector):
    TariffFactory(community=connector.community)
    station = Station(charger).connect()
    station.boot()
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, token="TAG", wh=1_000, at=moment(began))
    answer = station.event("Ended", 1, wh=11_000)
    session = Session.objects.get()
    cost_minor = cost_so_far_minor(session, now=datetime.now(UTC))
    assert cost_minor > 0
    assert answer["totalCost"] == cost_minor / 100


def test_end_without_a_price_says_none(charger):
    station = Station(charger).connect()
    station.boot()
    station.event("Started", 0, token="TAG", wh=1_000)
    assert "totalCost" not in station.event("Ended", 1, wh=11_000)
