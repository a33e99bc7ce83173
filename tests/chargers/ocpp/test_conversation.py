"""Boot, status, start, meter, stop, typed by hand: what is stored and what is answered."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, MessageDirection, SessionState
from chargers.models import MeterValue, OcppMessage, OrphanMessage, Session
from grid.models import AuditEntry
from tests.chargers.conftest import CallFailed, until, utc_now
from tests.factories.drivers import DriverFactory, IdTagFactory


@pytest.fixture
def driver(connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="TAG")
    return driver


def test_charging_session_from_boot_to_unplugging(online, connector, driver):
    online.status("Preparing")
    assert online.call("Authorize", {"idTag": "tag"}) == {"idTagInfo": {"status": "Accepted"}}
    started = online.start(meter_wh=5_000)
    assert started["idTagInfo"] == {"status": "Accepted"}
    online.status("Charging")
    assert online.meter(started["transactionId"], 5_400) == {}
    assert online.stop(started["transactionId"], meter_wh=6_200, reason="EVDisconnected", idTag="TAG") == {
        "idTagInfo": {"status": "Accepted"}
    }
    online.status("Available")
    session = Session.objects.get()
    assert (session.state, session.driver, session.energy_wh) == (SessionState.ENDED, driver, 1_200)
    assert (session.stop_reason, session.transaction_id) == ("EVDisconnected", started["transactionId"])
    assert MeterValue.objects.get().energy_wh == 5_400
    connector.refresh_from_db()
    assert connector.status == ConnectorStatus.AVAILABLE


def test_boot_is_answered_with_time_and_interval(charger, connector):
    answer = charger.connect().boot(firmwareVersion="1.2", chargePointSerialNumber="S1")
    assert (answer["status"], answer["interval"]) == ("Accepted", 20)
    assert abs(datetime.fromisoformat(answer["currentTime"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert answer["currentTime"].endswith("Z")
    connector.charge_point.refresh_from_db()
    assert (connector.charge_point.firmware_version, connector.charge_point.serial_number) == ("1.2", "S1")


def test_first_boot_is_made_safe_with_a_fallback_of_0_a(charger, connector):
    charger.connect().boot()
    asked = charger.expect("SetChargingProfile")
    profile = asked["csChargingProfiles"]
    assert (asked["connectorId"], profile["chargingProfilePurpose"]) == (0, "TxDefaultProfile")
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 0.0}]
    charger.expect("ChangeConfiguration")
    connector.refresh_from_db()
    assert (connector.fallback_ma, connector.fallback_confirmed_at is not None) == (0, True)


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("DataTransfer", {"vendorId": "V", "messageId": "M", "data": "x"}, {"status": "UnknownVendorId"}),
        ("DiagnosticsStatusNotification", {"status": "Uploading"}, {}),
        ("FirmwareStatusNotification", {"status": "Downloaded"}, {}),
        ("LogStatusNotification", {"status": "Uploaded", "requestId": 4}, {}),
        ("SignedFirmwareStatusNotification", {"status": "Installed", "requestId": 4}, {}),
        ("SignCertificate", {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, {"status": "Rejected"}),
    ],
)
def test_notice_is_answered_and_kept_in_the_log(online, action, payload, answer):
    assert online.call(action, payload) == answer
    logged = until(lambda: OcppMessage.objects.filter(action=action, direction=MessageDirection.IN).first())
    assert logged.payload == payload


def test_security_event_of_an_unknown_kind_is_kept_in_the_trail(online, connector):
    online.call(
        "SecurityEventNotification", {"type": "SomethingNew", "timestamp": utc_now(), "techInfo": "details"}
    )
    entry = AuditEntry.objects.get(action="charge_point.security_event")
    assert (entry.actor_label, entry.after["kind"]) == (connector.charge_point.identity, "SomethingNew")


def test_heartbeats_and_meter_values_stay_out_of_the_log(online):
    assert "currentTime" in online.call("Heartbeat")
    online.meter(None, 5)
    online.call("DataTransfer", {"vendorId": "V"})
    until(lambda: OcppMessage.objects.filter(action="DataTransfer").exists())
    assert not OcppMessage.objects.filter(action__in=["Heartbeat", "MeterValues"]).exists()


@pytest.mark.promise("O1")
def test_start_replayed_over_a_new_socket_has_the_same_transaction(online, driver):
    at = utc_now()
    first = online.start(at=at)
    online.close()
    online.connect()
    assert [online.start(at=at) for _ in range(5)] == [first] * 5
    assert Session.objects.count() == 1


@pytest.mark.promise("O2")
@pytest.mark.parametrize("transaction_id", [-1, 0, 99_999, 2**31 - 1])
def test_stop_of_an_unknown_transaction_is_confirmed_each_time(online, transaction_id):
    at = utc_now()
    for _ in range(5):
        assert (
            online.call(
                "StopTransaction",
                {"transactionId": transaction_id, "meterStop": 5, "timestamp": at},
                wait_s=1,
            )
            == {}
        )
    assert OrphanMessage.objects.get().payload["transactionId"] == transaction_id


@pytest.mark.promise("O3")
def test_transaction_messages_that_make_no_sense_are_answered_all_the_same(online, driver):
    assert online.start("NOBODY", connector=7)["idTagInfo"]["status"] == "Invalid"
    started = online.start("NOBODY", at="2031-01-01T00:00:00Z")
    assert started["idTagInfo"]["status"] == "Invalid"
    assert online.meter(started["transactionId"], -5, at="not a time") == {}
    assert online.stop(started["transactionId"], meter_wh=0, at="1970-01-01T00:00:00Z") == {}
    assert online.stop(started["transactionId"], meter_wh=0, at="1970-01-01T00:00:00Z") == {}


@pytest.mark.promise("O4")
def test_offline_queue_is_taken_in_order_with_exact_energy(online, driver):
    begin = datetime.now(UTC) - timedelta(hours=6)
    for n in range(25):
        at = begin + timedelta(minutes=10 * n)
        started = online.start(meter_wh=1_000 * n, at=at.isoformat())
        for minute in range(1, 4):
            online.meter(
                started["transactionId"],
                1_000 * n + 100 * minute,
                at=(at + timedelta(minutes=minute)).isoformat(),
            )
        online.stop(
            started["transactionId"], meter_wh=1_000 * n + 700, at=(at + timedelta(minutes=5)).isoformat()
        )
    sessions = Session.objects.order_by("started_at")
    assert [session.energy_wh for session in sessions] == [700] * 25
    assert [session.started_at for session in sessions] == [
        begin + timedelta(minutes=10 * n) for n in range(25)
    ]
    assert {session.metered_at for session in sessions} == {None}


@pytest.mark.promise("O6")
def test_calls_sent_together_are_all_answered(online):
    ids = {online.start_call("Heartbeat", {}) for _ in range(10)} | {
        online.start_call(
            "StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
        )
        for _ in range(10)
    }
    assert {online.next_answer()[1] for _ in range(20)} == ids


@pytest.mark.promise("O16")
@pytest.mark.parametrize(("registration", "word"), [("pending", "Pending"), ("rejected", "Rejected")])
def test_charge_point_that_is_not_accepted_may_only_boot(charger, connector, registration, word):
    charge_point = connector.charge_point
    charge_point.registration = registration
    charge_point.save()
    charger.connect()
    assert charger.boot()["status"] == word
    for action in ("Heartbeat", "Authorize", "StatusNotification"):
        payload = {
            "Authorize": {"idTag": "T"},
            "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
        }
        with pytest.raises(CallFailed, match="SecurityError"):
            charger.call(action, payload.get(action, {}))
    charger.listen(1.5)
    assert charger.calls == []
    charge_point.registration = "accepted"
    charge_point.save()
    assert charger.boot()["status"] == "Accepted"
    assert "currentTime" in charger.call("Heartbeat")


@pytest.mark.promise("O15")
@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Teleport", {}, "NotImplemented"),
        ("RemoteStartTransaction", {"idTag": "T"}, "NotSupported"),
        ("StatusNotification", {"errorCode": "NoError", "status": "Available"}, "ProtocolError"),
        ("Authorize", {"idTag": ["A", "B"]}, "TypeConstraintViolation"),
        (
            "StatusNotification",
            {"connectorId": "one", "errorCode": "NoError", "status": "Available"},
            "TypeConstraintViolation",
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": "Dreaming"},
            "PropertyConstraintViolation",
        ),
        ("Authorize", {"idTag": "a\0b"}, "PropertyConstraintViolation"),
        (
            "StartTransaction",
            {"connectorId": 2**60, "idTag": "T", "meterStart": 0, "timestamp": "x"},
            "PropertyConstraintViolation",
        ),
    ],
)
def test_call_that_is_refused_has_the_specifications_code(online, action, payload, code):
    with pytest.raises(CallFailed) as refusal:
        online.call(action, payload)
    assert refusal.value.code == code
    assert "currentTime" in online.call("Heartbeat")


@pytest.mark.promise("O15")
def test_unknown_message_type_is_ignored(online):
    for frame in (
        [5, "x", "Heartbeat", {}],
        [0, "x"],
        [3, "nobody asked", {}],
        [4, "nobody asked", "GenericError", "", {}],
    ):
        online.send(json.dumps(frame))
    assert "currentTime" in online.call("Heartbeat")
