"""A stay of several transactions, as charge points tell it: promise, emergency and ledger hang on the car."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.domain.sessions import zombies
from chargers.models import ChargePoint, Connector, Session
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from drivers.models import Driver, Notification
from evbalancer.common.words.said import Said
from fleet.domain import stays
from fleet.models import Stay
from scheduling.domain.conduct import emergencies
from scheduling.domain.learning import fairness
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, FairnessEntry, SlotRequest
from tests.chargers.ocpp.station import Desked, moment
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory, UserFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.scheduling import SlotRequestFactory

BEGAN = datetime.now(UTC) - timedelta(hours=6)


@dataclass
class Car:
    """A car at the only connector, in the words of one version of OCPP. Times are minutes since it came."""

    version: str
    charger: Desked
    token: str | None = "MINE"
    register_wh: int = 1_000
    transactions: int = 0
    transaction_id: int = 0
    sequence: int = 0

    def at(self, minutes: float) -> datetime:
        return BEGAN + timedelta(minutes=minutes)

    def status(self, status: str, minutes: float) -> None:
        at = moment(self.at(minutes))
        if self.version == "1.6":
            self.charger.call(
                "StatusNotification",
                {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": at},
                at=self.at(minutes),
            )
        else:
            coarse = "Available" if status == "Available" else "Occupied"
            payload = {"timestamp": at, "connectorStatus": coarse, "evseId": 1, "connectorId": 1}
            self.charger.call("StatusNotification", payload, at=self.at(minutes))

    def start(self, minutes: float, token: str | None = "") -> None:
        token = self.token if token == "" else token
        self.transactions += 1
        if self.version == "1.6":
            payload = {
                "connectorId": 1,
                "idTag": token or "",
                "meterStart": self.register_wh,
                "timestamp": moment(self.at(minutes)),
            }
            answer = self.charger.call("StartTransaction", payload, at=self.at(minutes))
            self.transaction_id = answer["transactionId"]
        else:
            self.sequence = 0
            self._event("Started", minutes, token)

    def stop(self, minutes: float, *, gave_wh: int, reason: str = "Local") -> None:
        self.register_wh += gave_wh
        if self.version == "1.6":
            payload = {
                "transactionId": self.transaction_id,
                "meterStop": self.register_wh,
                "timestamp": moment(self.at(minutes)),
                "reason": reason,
            }
            self.charger.call("StopTransaction", payload, at=self.at(minutes))
        else:
            self._event("Ended", minutes, None, reason=reason)

    def boot(self, minutes: float) -> None:
        # The wire's own hello needs a socket; what it leaves is the moment of the boot.
        ChargePoint.objects.update(booted_at=self.at(minutes))

    def _event(self, kind: str, minutes: float, token: str | None, reason: str | None = None) -> None:
        at = moment(self.at(minutes))
        context = "Transaction.Begin" if kind == "Started" else "Transaction.End"
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "Authorized" if kind == "Started" else "StopAuthorized",
            "seqNo": self.sequence,
            "transactionInfo": {"transactionId": f"tx-{self.transactions}"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [
                {
                    "timestamp": at,
                    "sampledValue": [
                        {"value": self.register_wh, "context": context, "unitOfMeasure": {"unit": "Wh"}}
                    ],
                }
            ],
        }
        if reason:
            payload["transactionInfo"]["stoppedReason"] = reason
        if kind == "Started":
            free = {"idToken": "", "type": "NoAuthorization"}
            payload["idToken"] = {"idToken": token, "type": "ISO14443"} if token else free
        self.sequence += 1
        self.charger.call("TransactionEvent", payload, at=self.at(minutes))


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def driver(connector) -> Driver:
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="MINE")
    IdTagFactory(driver=driver, token="MINE-TOO")
    IdTagFactory(driver=DriverFactory(community=connector.community), token="THEIRS")
    return driver


@pytest.fixture(params=["1.6", "2.0.1", "2.1"])
def car(request, connector, driver) -> Car:
    if request.param == "1.6":
        return Car("1.6", Desked(connector, V16))
    if request.param == "2.1":
        return Car("2.1", Desked(connector, V21))
    return Car("2.0.1", Desked(connector))


@pytest.fixture
def promise(connector, driver) -> Callable[..., SlotRequest]:
    def promise(**changes: Any) -> SlotRequest:
        values = {
            "energy_wh": 18_800,
            "promised_wh": 18_800,
            "ready_by": datetime.now(UTC) + timedelta(hours=2),
        }
        return SlotRequestFactory(
            cluster=connector.circuit.cluster,
            driver=driver,
            created_at=BEGAN - timedelta(hours=1),
            **(values | changes),
        )

    return promise


def slot() -> SlotRequest:
    return SlotRequest.objects.get()


@pytest.mark.promise("T1")
def test_promise_goes_on_over_a_stop_and_a_start_and_is_settled_with_the_whole_stay(car, promise):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(10, gave_wh=18)
    car.status("Finishing", 10)
    assert (slot().state, slot().received_wh, FairnessEntry.objects.count()) == (SlotState.ACTIVE, None, 0)
    car.start(12)
    newest = Session.objects.latest("started_at")
    assert (slot().session, newest.energy_before_wh, newest.stay_energy_wh) == (newest, 18, 18)
    car.stop(300, gave_wh=18_782)
    assert (slot().state, slot().received_wh) == (SlotState.FULFILLED, 18_800)
    car.status("Available", 301)
    line = FairnessEntry.objects.get()
    assert (line.wanted_wh, line.promised_wh, line.received_wh) == (18_800, 18_800, 18_800)
    assert Session.objects.values("stay_id").distinct().count() == 1


@pytest.mark.promise("T1")
@pytest.mark.parametrize("reason", ["Reboot", "PowerLoss"])
def test_restart_of_the_charger_loses_nothing_even_where_it_says_available_first(car, promise, reason):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(60, gave_wh=5_000, reason=reason)
    car.boot(61)
    car.status("Available", 61.1)
    car.status("Preparing", 61.3)
    car.start(61.5)
    assert slot().state == SlotState.ACTIVE
    assert Session.objects.latest("started_at").stay_energy_wh == 5_000
    car.stop(300, gave_wh=13_800)
    car.status("Available", 301)
    assert (slot().state, slot().received_wh) == (SlotState.FULFILLED, 18_800)
    assert FairnessEntry.objects.get().received_wh == 18_800


@pytest.mark.promise("T1")
def test_car_that_left_while_its_charger_restarted_is_settled_once_that_is_sure(car, promise):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(60, gave_wh=5_000, reason="PowerLoss")
    car.boot(61)
    car.status("Available", 61.1)
    zombies.end_zombies(now=car.at(62))
    assert slot().state == SlotState.ACTIVE
    zombies.end_zombies(now=car.at(64))
    assert slot().state == SlotState.LEFT
    assert Session.objects.get().unplugged_at == car.at(61.1)


@pytest.mark.promise("T1")
def test_car_that_came_after_its_charger_booted_is_settled_when_it_leaves(car, promise):
    promise()
    car.boot(-0.5)
    car.status("Preparing", 0)
    car.start(1)
    car.stop(1.2, gave_wh=50)
    assert slot().state == SlotState.ACTIVE
    car.status("Available", 1.4)
    assert slot().state == SlotState.LEFT
    assert Session.objects.get().unplugged_at == car.at(1.4)
    assert FairnessEntry.objects.get().received_wh == 50


@pytest.mark.promise("T1")
def test_promise_that_was_not_kept_is_settled_as_such_and_told(car, promise):
    promise(ready_by=datetime.now(UTC) - timedelta(minutes=30))
    SlotRequest.objects.update(not_before=BEGAN)
    slot_id = slot().pk
    SlotRequest.objects.update(ready_by=datetime.now(UTC) + timedelta(hours=1))
    car.status("Preparing", 0)
    car.start(1)
    SlotRequest.objects.filter(pk=slot_id).update(ready_by=car.at(350))
    car.stop(355, gave_wh=4_000)
    car.status("Available", 356)
    assert (slot().state, slot().received_wh) == (SlotState.UNMET, 4_000)
    assert "4 kWh of the 18.8 kWh" in Notification.objects.get(kind="slot_moved").told
    line = FairnessEntry.objects.get()
    assert (line.wanted_wh, line.received_wh, line.given_up_wh) == (18_800, 4_000, 0)


@pytest.mark.promise("T1")
def test_own_stop_earns_nothing(car, promise, connector, driver):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(2, gave_wh=18)
    car.status("Available", 3)
    assert (slot().state, slot().received_wh) == (SlotState.LEFT, 18)
    line = FairnessEntry.objects.get()
    assert (line.wanted_wh, line.received_wh, line.given_up_wh) == (18_800, 18, 18_782)
    cluster = connector.circuit.cluster
    assert fairness.ledger_weights(cluster, [driver.pk], now=datetime.now(UTC)) == {driver.pk: 1.0}


@pytest.mark.promise("T1")
def test_accepted_emergency_goes_on_over_a_stop_and_ends_with_the_truth(car, driver):
    car.status("Preparing", 0)
    car.start(1)
    now = datetime.now(UTC)
    claim = emergencies.request_emergency(
        driver, reason="x", energy_wh=5_000, needed_by=now + timedelta(hours=1), now=now
    )
    assert claim.state == EmergencyState.ACCEPTED
    car.stop(100, gave_wh=1_000)
    car.status("Finishing", 100)
    claim.refresh_from_db()
    assert claim.state == EmergencyState.ACCEPTED
    car.start(101)
    claim.refresh_from_db()
    assert (claim.state, claim.session) == (EmergencyState.ACCEPTED, Session.objects.latest("started_at"))
    car.stop(200, gave_wh=1_000)
    car.status("Available", 201)
    claim = EmergencyRequest.objects.get()
    assert claim.state == EmergencyState.DONE
    assert claim.reasons[-1] == Said(
        "emergency.car_left", {"received_wh": 2_000, "granted_wh": claim.granted_wh}
    )


@pytest.mark.promise("T1")
@pytest.mark.parametrize("token", ["MINE-TOO", None, "UNKNOWN"])
def test_another_card_of_the_driver_none_or_a_refused_one_is_the_same_stay(car, promise, token):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(60, gave_wh=5_000)
    car.status("Finishing", 60)
    if car.version == "1.6" and token is None:
        token = "MINE"
    car.start(62, token)
    assert slot().state == SlotState.ACTIVE
    car.stop(63, gave_wh=0)
    car.status("Finishing", 63)
    car.start(64)
    newest = Session.objects.latest("started_at")
    assert (slot().session, newest.stay_energy_wh) == (newest, 5_000)


@pytest.mark.promise("T1")
def test_good_card_of_another_driver_is_another_car(car, promise, driver):
    promise()
    car.status("Preparing", 0)
    car.start(1)
    car.stop(60, gave_wh=5_000)
    car.start(62, "THEIRS")
    assert (slot().state, slot().received_wh) == (SlotState.LEFT, 5_000)
    first, second = Session.objects.order_by("started_at")
    assert (second.stay_energy_wh, first.stay_id == second.stay_id) == (0, False)
    assert FairnessEntry.objects.get().driver == driver


@pytest.mark.promise("T1")
def test_start_long_after_the_last_word_is_another_visit(car, promise):
    promise()
    car.status("Preparing", -600)
    car.start(-599)
    car.stop(-500, gave_wh=5_000)
    Session.objects.update(state_since=car.at(0))  # the stop came from an offline queue
    car.start(1)
    assert Session.objects.values("stay_id").distinct().count() == 2


@pytest.mark.promise("T1")
def test_late_end_of_an_earlier_transaction_counts_for_the_stay(car, promise):
    if car.version != "1.6":
        pytest.skip("1.6's own: the second start displaces the first, whose stop comes from a queue")
    promise()
    car.status("Preparing", 0)
    car.start(1)
    first = car.transaction_id
    car.register_wh += 4_000
    car.start(60)
    second, car.transaction_id = car.transaction_id, first
    car.stop(59, gave_wh=0)
    car.transaction_id = second
    assert Session.objects.latest("started_at").stay_energy_wh == 4_000
    car.stop(300, gave_wh=14_800)
    car.status("Available", 301)
    assert (slot().state, slot().received_wh) == (SlotState.FULFILLED, 18_800)
    assert FairnessEntry.objects.get().received_wh == 18_800


@pytest.mark.promise("T1")
def test_what_the_driver_said_of_the_car_holds_for_the_next_transaction(car, driver):
    vehicle = VehicleFactory(driver=driver)
    VehicleFactory(driver=driver)
    car.status("Preparing", 0)
    car.start(1)
    stays.correct_stay(Stay.objects.get(), vehicle, by=UserFactory(), now=car.at(2))
    car.stop(60, gave_wh=5_000)
    car.status("Finishing", 60)
    car.start(62)
    assert Session.objects.latest("started_at").vehicle == vehicle
