"""A station of OCPP 2 restarts in mid-charge: its transaction goes on by any event, and else is closed with the last meter."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.domain.sessions import zombies
from chargers.enums import SessionState
from chargers.models import Connector, Session
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from tests.chargers.ocpp.station import Desked, moment
from tests.factories.chargers import ConnectorFactory

BOOT = {"reason": "PowerUp", "chargingStation": {"model": "Typed", "vendorName": "Hand"}}


@dataclass
class Clocked:
    """A station that says what it says at its own time."""

    desk: Desked
    at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=2))
    sequence: int = -1

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)

    def call(self, action: str, payload: dict[str, Any]) -> None:
        self.desk.call(action, payload, at=self.at)

    def event(self, kind: str, *, watts: int | None = None, wh: int | None = None, state="Charging") -> None:
        self.sequence += 1
        payload = {
            "eventType": kind,
            "timestamp": moment(self.at),
            "triggerReason": "ChargingStateChanged" if wh is None else "MeterValuePeriodic",
            "seqNo": self.sequence,
            "transactionInfo": {"transactionId": "tx-1", "chargingState": state},
            "evse": {"id": 1, "connectorId": 1},
        }
        if wh is not None:
            power = {"value": watts, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W"}}
            payload["meterValue"] = [{"timestamp": moment(self.at), "sampledValue": [{"value": wh}, power]}]
        self.call("TransactionEvent", payload)

    def status(self, told: str) -> None:
        payload = {"timestamp": moment(self.at), "connectorStatus": told, "evseId": 1, "connectorId": 1}
        self.call("StatusNotification", payload)


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture(params=[V201, V21], ids=["2.0.1", "2.1"])
def booted(connector, request) -> Clocked:
    """It charged with 3.7 kW, and booted."""
    station = Clocked(Desked(connector, request.param))
    station.event("Started", wh=1_000, watts=0)
    station.later(minutes=30)
    station.event("Updated", wh=2_800, watts=3_700)
    station.later(minutes=1)
    station.call("BootNotification", BOOT)
    station.later(seconds=5)
    return station


def ended(station: Clocked, **later: float) -> int:
    return zombies.end_zombies(now=station.at + timedelta(**later))


@pytest.mark.parametrize("told", ["Available", "Reserved", "Unavailable"])
def test_transaction_that_a_status_denies_is_closed_after_half_a_minute(booted, told):
    booted.status(told)
    assert (ended(booted, seconds=20), ended(booted, seconds=40)) == (0, 1)
    session = Session.objects.get()
    assert (session.energy_wh, session.stop_reason) == (1_800, "Charger restarted, no stop was sent")


@pytest.mark.parametrize("first", [None, "Available"])
def test_transaction_of_which_an_occupied_evse_says_nothing_is_closed_after_ten_minutes(booted, first):
    if first is not None:
        booted.status(first)
    booted.status("Occupied")
    assert (ended(booted, minutes=9), ended(booted, minutes=11)) == (0, 1)
    session = Session.objects.get()
    assert (session.energy_wh, session.state) == (1_800, SessionState.FINISHED)


@pytest.mark.parametrize("first", [None, "Available", "Unavailable"])
@pytest.mark.parametrize(
    "said", [{"state": "SuspendedEV"}, {"wh": 2_800, "watts": 0}, {"wh": 2_900, "watts": 3_700}]
)
def test_transaction_goes_on_by_any_event(booted, first, said):
    if first is not None:
        booted.status(first)
    booted.status("Occupied")
    booted.later(seconds=25)
    booted.event("Updated", **said)
    assert ended(booted, hours=1) == 0
    booted.event("Ended", wh=3_000, watts=0)
    assert Session.objects.get().energy_wh == 2_000


def test_event_that_waited_while_it_restarted_keeps_nothing_open(booted):
    booted.status("Occupied")
    said_at, booted.at = booted.at, booted.at - timedelta(seconds=20)
    booted.sequence += 1
    payload = {
        "eventType": "Updated",
        "timestamp": moment(booted.at),
        "triggerReason": "ChargingStateChanged",
        "seqNo": booted.sequence,
        "transactionInfo": {"transactionId": "tx-1", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "offline": True,
    }
    booted.at = said_at + timedelta(seconds=2)
    booted.call("TransactionEvent", payload)
    assert ended(booted, minutes=11) == 1
