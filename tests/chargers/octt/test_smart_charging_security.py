"""OCTT 1.6 for a Central System: smart charging, and the security whitepaper's cases."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from websockets.exceptions import InvalidStatus

from chargers.domain.limits import limits
from chargers.domain.orders import commands
from chargers.domain.orders.arguments import make_order
from chargers.domain.sockets import keys
from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.models import ChargerCommand, Connector, OcppMessage, Session
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.chargers.conftest import until, utc_now
from tests.chargers.octt.conftest import in_an_hour

pytestmark = pytest.mark.promise("O19")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
HASH = {
    "hash_algorithm": "SHA256",
    "issuer_name_hash": "ab" * 32,
    "issuer_key_hash": "cd" * 32,
    "serial_number": "01",
}


def test_TC_056_CSMS_tx_default_profile(charger, connector):
    charger.connect().boot()
    asked = charger.expect("SetChargingProfile")
    assert asked["csChargingProfiles"]["chargingProfilePurpose"] == "TxDefaultProfile"
    charger.expect("ChangeConfiguration")
    assert ChargerCommand.objects.get(kind=CommandKind.SET_FALLBACK).state == CommandState.ACCEPTED


def test_TC_057_CSMS_tx_profile(online, charging):
    connector = Connector.objects.get()
    with transaction.atomic():
        limits.queue_limit(connector, Session.objects.get(), limit_ma=6_000, now=datetime.now(UTC))
    asked = online.expect("SetChargingProfile")
    profile = asked["csChargingProfiles"]
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", charging)
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 6.0


def test_TC_059_CSMS_remote_start_with_profile(online, order, tag):
    payload, command = order(
        CommandKind.REMOTE_START, "RemoteStartTransaction", id_tag="VALID", limit_ma=6_000, duration_s=86_400
    )
    profile = payload["chargingProfile"]
    assert (profile["chargingProfilePurpose"], "transactionId" in profile) == ("TxProfile", False)
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6.0}]
    assert command.state == CommandState.ACCEPTED
    online.call("Authorize", {"idTag": "VALID"})
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"


def test_TC_066_CSMS_get_composite_schedule(order):
    answer = {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": utc_now(),
        "chargingSchedule": {
            "duration": 300,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.3}],
        },
    }
    payload, command = order(CommandKind.READ_LIMIT, "GetCompositeSchedule", answer=answer, duration_s=300)
    assert payload == {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}
    granted = [{"start_s": 0.0, "limit_ma": 6_300}]
    assert (command.state, command.result) == (CommandState.ACCEPTED, {**answer, "granted": granted})


@pytest.mark.parametrize("word", ["Accepted", "Unknown"])
def test_TC_067_CSMS_clear_charging_profile(order, word):
    payload, command = order(
        CommandKind.CLEAR_LIMITS,
        "ClearChargingProfile",
        answer={"status": word},
        purpose="TxDefaultProfile",
        stack_level=0,
    )
    assert payload == {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    assert command.state == CommandState.ACCEPTED


def test_TC_073_CSMS_update_password(online, connector):
    old = online.key
    command = keys.send_next_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    asked = online.expect("ChangeConfiguration")
    assert (asked["key"], len(bytes.fromhex(asked["value"]))) == ("AuthorizationKey", 20)
    until(lambda: ChargerCommand.objects.get(pk=command.pk).state == CommandState.ACCEPTED)
    online.close()
    online.connect(key=asked["value"]).call("Heartbeat")
    online.close()
    with pytest.raises(InvalidStatus):
        online.connect(key=old)
    until(lambda: OcppMessage.objects.filter(action="ChangeConfiguration").exists())
    assert asked["value"] not in str(list(OcppMessage.objects.values_list("payload", flat=True)))
    assert asked["value"] not in str(list(ChargerCommand.objects.values_list("arguments", flat=True)))


def test_TC_074_CSMS_update_certificate(online, order):
    payload, command = order(
        CommandKind.TRIGGER,
        "ExtendedTriggerMessage",
        whole=True,
        message="SignChargePointCertificate",
        extended=True,
    )
    assert payload == {"requestedMessage": "SignChargePointCertificate"}
    assert command.state == CommandState.ACCEPTED
    assert online.call("SignCertificate", {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}) == {
        "status": "Rejected"
    }
    payload, command = order(CommandKind.SEND_CERTIFICATE, "CertificateSigned", whole=True, chain=CERTIFICATE)
    assert (payload, command.state) == ({"certificateChain": CERTIFICATE}, CommandState.ACCEPTED)


@pytest.mark.parametrize(
    ("use", "word"),
    [
        pytest.param("manufacturer", "ManufacturerRootCertificate", id="TC_075_1_CSMS"),
        pytest.param("central_system", "CentralSystemRootCertificate", id="TC_075_2_CSMS"),
    ],
)
def test_TC_075_CSMS_install_certificate(order, use, word):
    payload, command = order(
        CommandKind.INSTALL_CERTIFICATE, "InstallCertificate", whole=True, use=use, certificate=CERTIFICATE
    )
    assert payload == {"certificateType": word, "certificate": CERTIFICATE}
    assert command.state == CommandState.ACCEPTED
    found = {"status": "Accepted", "certificateHashData": [_hash_data()]}
    payload, command = order(
        CommandKind.READ_CERTIFICATES, "GetInstalledCertificateIds", answer=found, whole=True, use=use
    )
    assert (payload, command.result) == ({"certificateType": word}, found)


def test_TC_076_CSMS_delete_certificate(order):
    payload, command = order(CommandKind.DELETE_CERTIFICATE, "DeleteCertificate", whole=True, **HASH)
    assert (payload, command.state) == ({"certificateHashData": _hash_data()}, CommandState.ACCEPTED)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("InvalidChargePointCertificate", id="TC_077_CSMS"),
        pytest.param("InvalidCentralSystemCertificate", id="TC_078_CSMS"),
    ],
)
def test_TC_077_TC_078_CSMS_certificate_security_event(online, kind):
    assert online.call("SecurityEventNotification", {"type": kind, "timestamp": utc_now()}) == {}
    assert AuditEntry.objects.get(action="charge_point.security_event").after["kind"] == kind


def test_TC_079_CSMS_get_security_log(online, order):
    url = "https://uploads.example.com/log"
    payload, command = order(
        CommandKind.GET_LOG,
        "GetLog",
        answer={"status": "Accepted", "filename": "security.log"},
        whole=True,
        kind="security",
        url=url,
        request_number=3,
    )
    assert payload == {"logType": "SecurityLog", "requestId": 3, "log": {"remoteLocation": url}}
    assert command.state == CommandState.ACCEPTED
    for status in ("Uploading", "Uploaded"):
        assert online.call("LogStatusNotification", {"status": status, "requestId": 3}) == {}


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(
            ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"], id="TC_080_CSMS"
        ),
        pytest.param(["Downloading", "Downloaded", "InvalidSignature"], id="TC_081_CSMS"),
    ],
)
def test_TC_080_TC_081_CSMS_secure_firmware_update(online, order, statuses):
    at = in_an_hour()
    payload, command = order(
        CommandKind.UPDATE_FIRMWARE,
        "SignedUpdateFirmware",
        whole=True,
        url="https://updates.example.com/f.bin",
        retrieve_at=at,
        certificate=CERTIFICATE,
        signature="c2ln",
        request_number=5,
    )
    assert payload == {
        "requestId": 5,
        "firmware": {
            "location": "https://updates.example.com/f.bin",
            "retrieveDateTime": at,
            "signingCertificate": CERTIFICATE,
            "signature": "c2ln",
        },
    }
    assert command.state == CommandState.ACCEPTED
    for status in statuses:
        assert online.call("SignedFirmwareStatusNotification", {"status": status, "requestId": 5}) == {}
    if "InvalidSignature" in statuses:
        event = {"type": "InvalidFirmwareSignature", "timestamp": utc_now()}
        assert online.call("SecurityEventNotification", event) == {}


def test_TC_083_CSMS_upgrade_security_profile(order):
    payload, command = order(
        CommandKind.CHANGE_CONFIGURATION, "ChangeConfiguration", whole=True, key="SecurityProfile", value="2"
    )
    assert (payload, command.state) == ({"key": "SecurityProfile", "value": "2"}, CommandState.ACCEPTED)


def test_TC_085_CSMS_basic_authentication(charger):
    charger.connect()
    assert charger.boot()["status"] == "Accepted"


def test_TC_088_CSMS_subprotocol_negotiation(charger):
    charger.connect(subprotocols=("ocpp1.6",))
    assert charger.ws.subprotocol == "ocpp1.6"
    assert charger.boot()["status"] == "Accepted"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (CommandKind.RESET, {"kind": "gently"}),
        (CommandKind.RESET, {}),
        (CommandKind.REMOTE_START, {"id_tag": ""}),
        (CommandKind.CHANGE_AVAILABILITY, {"operative": "yes"}),
        (CommandKind.CLEAR_CACHE, {"more": 1}),
        (CommandKind.RESERVE, {"reservation_number": 1, "id_tag": "T", "expires_at": "soon"}),
        (CommandKind.UNLOCK, {}),
        (CommandKind.GET_LOG, {"kind": "security", "url": "https://127.0.0.1/x"}),
        (CommandKind.GET_LOG, {"kind": "security", "url": "https://169.254.169.254/latest"}),
        (CommandKind.GET_LOG, {"kind": "security", "url": "file:///etc/passwd"}),
        (CommandKind.UPDATE_FIRMWARE, {"url": "http://localhost/f", "retrieve_at": "2026-01-01T00:00:00Z"}),
    ],
)
def test_command_that_makes_no_sense_is_refused_before_it_is_queued(connector, kind, arguments):
    with pytest.raises(BadCommand):
        commands.queue_command(
            connector.charge_point, make_order(kind, arguments), by="test", now=datetime.now(UTC)
        )
    assert ChargerCommand.objects.count() == 0


def _hash_data() -> dict[str, str]:
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": HASH["issuer_name_hash"],
        "issuerKeyHash": HASH["issuer_key_hash"],
        "serialNumber": HASH["serial_number"],
    }
