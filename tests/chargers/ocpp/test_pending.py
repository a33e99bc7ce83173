"""Strangers on the wire: held for a manager where a setting says so, and refused like a wrong key where it does not."""

import time
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chargers.domain.sockets import pending
from chargers.domain.stations.stations import NewConnector
from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand, OcppMessage, PendingChargePoint, Session
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import CallFailed, Charger
from tests.factories.chargers import ChargePointFactory
from tests.factories.grid import CircuitFactory

KEY = "0123456789abcdef0123"


@pytest.fixture
def held(settings):
    settings.OCPP_HOLD_UNKNOWN = True


@pytest.fixture
def stranger(endpoint):
    chargers = []

    def make(identity="NEW-1", key=KEY) -> Charger:
        chargers.append(Charger(f"ws://127.0.0.1:{endpoint.port}", identity, key))
        return chargers[-1]

    yield make
    for charger in chargers:
        charger.close()


def refused(charger, **how) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        charger.connect(**how)
    return refusal.value.response.status_code


def accept(**options):
    wanted = NewConnector(CircuitFactory(**options))
    row = PendingChargePoint.objects.get()
    return pending.accept_pending(row, name="A-01", connectors=[wanted], actor=SYSTEM, now=datetime.now(UTC))


@pytest.mark.promise("O16")
@pytest.mark.parametrize(
    ("version", "boot"),
    [
        pytest.param(
            "ocpp1.6",
            {"chargePointVendor": "Hand", "chargePointModel": "Typed", "chargePointSerialNumber": "S1"},
            id="TC_002_pending_boot",
        ),
        pytest.param(
            "ocpp2.0.1",
            {
                "reason": "PowerUp",
                "chargingStation": {"vendorName": "Hand", "model": "Typed", "serialNumber": "S1"},
            },
            id="TC_B_02_CSMS_pending_boot",
        ),
    ],
)
def test_stranger_is_pending_and_nothing_else_is_taken(held, stranger, version, boot):
    charger = stranger().connect(subprotocols=(version,))
    answer = charger.call("BootNotification", boot)
    assert (answer["status"], answer["interval"]) == ("Pending", pending.BOOT_EVERY_S)
    row = PendingChargePoint.objects.get()
    assert (row.identity, row.vendor, row.model, row.serial_number) == ("NEW-1", "Hand", "Typed", "S1")
    assert (row.ocpp_version, row.address, row.community) == (version, "127.0.0.1", None)
    with pytest.raises(CallFailed) as refusal:
        charger.call("Heartbeat")
    assert refusal.value.code == "SecurityError"
    assert [table.objects.count() for table in (ChargePoint, Session, OcppMessage, ChargerCommand)] == [0] * 4


@pytest.mark.promise("S1")
def test_stranger_is_refused_in_the_same_time_where_nobody_is_held(stranger):
    known, unknown = ChargePointFactory(identity="KNOWN").identity, "NEW-1"
    took_ms = {known: [], unknown: []}
    for _ in range(15):
        for identity, times in took_ms.items():
            began_s = time.perf_counter()
            assert refused(stranger(identity)) in {401, 429}
            times.append((time.perf_counter() - began_s) * 1_000)
    assert abs(min(took_ms[known]) - min(took_ms[unknown])) < 20
    assert PendingChargePoint.objects.count() == 0


def test_accepted_stranger_comes_in_with_the_key_that_it_offered(held, stranger):
    charger = stranger().connect()
    charger.boot(chargePointSerialNumber="S1")
    accepted = accept()
    assert (accepted.key, accepted.charge_point.serial_number) == (None, "S1")
    # It is told at once to connect anew, and not when it boots again.
    with pytest.raises(ConnectionClosed):
        charger.receive()
    charger.close()
    assert charger.connect().boot()["status"] == "Accepted"
    assert PendingChargePoint.objects.count() == 0
    charger.expect("SetChargingProfile")


def test_accepted_stranger_with_a_short_password_is_told_a_long_one(held, stranger):
    charger = stranger(key="1234").connect()
    charger.boot()
    assert accept().key is None
    charger.close()
    charger.connect().boot()
    asked = charger.expect("ChangeConfiguration")
    while asked["key"] != "AuthorizationKey":
        asked = charger.expect("ChangeConfiguration")
    charger.close()
    charger.connect(key=asked["value"]).call("Heartbeat")
    charger.close()
    assert refused(charger) == 401
    assert ChargerCommand.objects.filter(kind=CommandKind.CHANGE_KEY).count() == 1


def test_stranger_without_a_password_gets_a_key_when_it_is_accepted(held, stranger):
    charger = stranger().connect(additional_headers={})
    charger.boot()
    key = accept().key
    charger.close()
    assert refused(charger, additional_headers={}) == 401
    assert charger.connect(key=key).boot()["status"] == "Accepted"


def test_blocked_stranger_is_rejected_and_never_let_in_again(held, stranger):
    charger = stranger().connect()
    charger.boot()
    row = PendingChargePoint.objects.get()
    pending.block_pending(row, actor=SYSTEM, reason="Not ours", now=datetime.now(UTC))
    assert charger.boot()["status"] == "Rejected"
    with pytest.raises(ConnectionClosed):
        charger.receive()
    charger.close()
    assert refused(charger) == 401
    pending.forget_pending(row, actor=SYSTEM, reason="It is ours", now=datetime.now(UTC))
    assert charger.connect().boot()["status"] == "Pending"


def test_stranger_with_another_password_is_another_device(held, stranger):
    stranger().connect().boot()
    assert refused(stranger(key="another password")) == 401
    assert refused(stranger(), additional_headers={}) == 401
    assert PendingChargePoint.objects.count() == 1


def test_newest_socket_of_a_stranger_wins(held, stranger):
    first, second = stranger().connect(), stranger()
    first.boot()
    second.connect().boot()
    with pytest.raises(ConnectionClosed):
        first.receive()
    assert second.boot()["status"] == "Pending"


def test_strangers_are_bounded_by_address_and_in_all(held, stranger, monkeypatch):
    monkeypatch.setattr(pending, "MOST_PER_ADDRESS", 2)
    for number in range(2):
        stranger(f"NEW-{number}").connect()
    assert refused(stranger("NEW-2")) == 401
    PendingChargePoint.objects.update(address="192.0.2.1")
    stranger("NEW-3").connect()
    monkeypatch.setattr(pending, "MOST", 3)
    assert refused(stranger("NEW-4")) == 401
    assert PendingChargePoint.objects.count() == 3


@pytest.mark.parametrize("identity", ["A  B", "x" * 49, "\u2603"])
def test_name_that_no_charge_point_may_have_is_not_held(held, stranger, identity):
    assert refused(stranger(identity)) == 401
    assert PendingChargePoint.objects.count() == 0


def test_name_of_a_retired_charge_point_and_a_socket_without_a_common_language_are_not_held(held, stranger):
    ChargePointFactory(identity="OLD", retired_at=datetime.now(UTC))
    assert refused(stranger("OLD")) == 401
    assert refused(stranger(), subprotocols=("ocpp1.5",)) == 401
    assert PendingChargePoint.objects.count() == 0
