import asyncio
import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}


@pytest.fixture
async def idle(csms):
    """Two connectors, booted, no car."""
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", key="first-key-0123456", connectors=2, reboot_s=0.1))
        cp.settings.backoff_first_s, cp.settings.backoff_most_s = 0.05, 0.1
        cp.settings.upkeep_step_s = 0.01
        await site.connected()
        await csms.until(lambda: len(csms.said("StatusNotification")) == 3)
        yield cp


@pytest.fixture
async def charging(csms, idle):
    """The same with a car in transaction 1001 on connector 1."""
    await idle.plug_in(Car(settle_s=0.05), id_tag="TAG1")
    await csms.until(lambda: idle.connector(1).transaction and idle.connector(1).transaction.server_id)
    return idle


def statuses(csms, connector_id=1):
    return [s["status"] for s in csms.said("StatusNotification") if s["connectorId"] == connector_id]


async def test_status_of_every_connector_follows_the_boot(csms, idle):
    assert [(s["connectorId"], s["status"]) for s in csms.said("StatusNotification")] == [
        (0, "Available"),
        (1, "Available"),
        (2, "Available"),
    ]


async def test_configuration_is_read_changed_and_obeyed(csms, idle):
    answer = await csms.call("CP1", "GetConfiguration", {"key": ["MeterValueSampleInterval", "Nonsense"]})
    assert answer == {
        "configurationKey": [{"key": "MeterValueSampleInterval", "readonly": False, "value": "10"}],
        "unknownKey": ["Nonsense"],
    }
    change = {"key": "MeterValueSampleInterval", "value": "1"}
    assert await csms.call("CP1", "ChangeConfiguration", change) == ACCEPTED
    change = {"key": "MeterValuesSampledData", "value": "Energy.Active.Import.Register,SoC"}
    assert await csms.call("CP1", "ChangeConfiguration", change) == ACCEPTED
    await idle.plug_in(Car(settle_s=0), id_tag="TAG1")
    await csms.until(lambda: csms.said("MeterValues"), timeout_s=3)
    measured = [v["measurand"] for v in csms.said("MeterValues")[0]["meterValue"][0]["sampledValue"]]
    assert measured == ["Energy.Active.Import.Register", "SoC"]
    everything = await csms.call("CP1", "GetConfiguration", {})
    assert len(everything["configurationKey"]) > 35


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("Nonsense", "1", "NotSupported"),
        ("NumberOfConnectors", "3", "Rejected"),
        ("HeartbeatInterval", "often", "Rejected"),
        ("HeartbeatInterval", "-1", "Rejected"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Charm", "Rejected"),
        ("LocalPreAuthorize", "perhaps", "Rejected"),
        ("AuthorizationKey", "short", "Rejected"),
        ("heartbeatinterval", "77", "Accepted"),
        ("CpoName", "Community", "Accepted"),
    ],
)
async def test_change_of_configuration_is_judged(csms, idle, key, value, status):
    answer = await csms.call("CP1", "ChangeConfiguration", {"key": key, "value": value})
    assert answer == {"status": status}


async def test_new_authorization_key_is_used_from_the_next_connection_on(csms, idle):
    change = {"key": "AuthorizationKey", "value": "second-key-012345"}
    assert await csms.call("CP1", "ChangeConfiguration", change) == ACCEPTED
    await csms.until(lambda: len(csms.logins) == 2 and idle.online)
    assert [password for _, password in csms.logins] == [b"first-key-0123456", b"second-key-012345"]


async def test_remote_start_with_a_profile_and_remote_stop(csms, idle):
    await idle.plug_in(Car(settle_s=0.05))
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7}],
        },
    }
    start = {"idTag": "TAG9", "connectorId": 1, "chargingProfile": profile}
    assert await csms.call("CP1", "RemoteStartTransaction", start) == ACCEPTED
    await csms.until(lambda: idle.draw_ma()[0] == 7_000 and idle.connector(1).transaction.server_id)
    assert csms.said("StartTransaction")[0]["idTag"] == "TAG9"
    assert await csms.call("CP1", "RemoteStartTransaction", start) == REJECTED
    assert await csms.call("CP1", "RemoteStopTransaction", {"transactionId": 999}) == REJECTED
    assert await csms.call("CP1", "RemoteStopTransaction", {"transactionId": 1001}) == ACCEPTED
    await csms.until(lambda: csms.said("StopTransaction"))
    assert csms.said("StopTransaction")[0]["reason"] == "Remote"
    assert (idle.draw_ma(), idle.profiles.slots) == ((0, 0, 0), [])
    await csms.until(lambda: statuses(csms)[-1] == "Finishing")


async def test_remote_start_waits_for_the_cable_for_the_connection_time_out(csms, idle):
    idle.settings.connection_timeout_s = 1
    assert await csms.call("CP1", "RemoteStartTransaction", {"idTag": "T", "connectorId": 2}) == ACCEPTED
    await csms.until(lambda: statuses(csms, 2)[-1] == "Preparing")
    await csms.until(lambda: statuses(csms, 2)[-1] == "Available")
    assert await csms.call("CP1", "RemoteStartTransaction", {"idTag": "T", "connectorId": 2}) == ACCEPTED
    await csms.until(lambda: statuses(csms, 2)[-1] == "Preparing")
    await idle.plug_in(Car(), connector_id=2)
    await csms.until(lambda: csms.said("StartTransaction"))


async def test_remote_start_asks_first_when_it_is_told_to(csms, idle):
    idle.settings.authorize_remote = True
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    await idle.plug_in(Car())
    assert await csms.call("CP1", "RemoteStartTransaction", {"idTag": "T", "connectorId": 1}) == ACCEPTED
    await csms.until(lambda: csms.said("Authorize"))
    await asyncio.sleep(0.1)
    assert csms.said("StartTransaction") == []


async def test_tag_refused_at_start_stops_the_transaction(csms, idle):
    csms.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Blocked"}}
    await idle.plug_in(Car(settle_s=0), id_tag="TAG1")
    await csms.until(lambda: csms.said("StopTransaction"))
    assert csms.said("StopTransaction")[0]["reason"] == "DeAuthorized"
    assert idle.draw_ma() == (0, 0, 0)


async def test_tag_refused_by_authorize_starts_nothing(csms, idle):
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    await idle.plug_in(Car(settle_s=0), id_tag="TAG1")
    await csms.until(lambda: csms.said("Authorize") and statuses(csms)[-1] == "Preparing")
    await asyncio.sleep(0.1)
    assert (csms.said("StartTransaction"), statuses(csms)[-1]) == ([], "Preparing")


async def test_same_card_stops_the_transaction(csms, charging):
    await charging.present_card("tag1")
    await csms.until(lambda: csms.said("StopTransaction"))
    stop = csms.said("StopTransaction")[0]
    assert (stop["reason"], stop["idTag"]) == ("Local", "tag1")


async def test_availability_changes_now_or_after_the_transaction(csms, charging):
    change = {"connectorId": 1, "type": "Inoperative"}
    assert await csms.call("CP1", "ChangeAvailability", change) == {"status": "Scheduled"}
    assert await csms.call("CP1", "ChangeAvailability", {**change, "connectorId": 2}) == ACCEPTED
    assert await csms.call("CP1", "ChangeAvailability", {**change, "connectorId": 3}) == REJECTED
    await csms.until(lambda: statuses(csms, 2)[-1] == "Unavailable")
    await charging.unplug()
    await csms.until(lambda: statuses(csms)[-1] == "Unavailable")
    assert await csms.call("CP1", "ChangeAvailability", {"connectorId": 0, "type": "Operative"}) == ACCEPTED
    await csms.until(lambda: statuses(csms)[-1] == statuses(csms, 2)[-1] == "Available")


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_reset_stops_reboots_and_reports_the_reason(csms, charging, kind, reason):
    assert await csms.call("CP1", "Reset", {"type": kind}) == ACCEPTED
    await csms.until(lambda: len(csms.said("BootNotification")) == 2 and csms.said("StopTransaction"))
    stop = csms.said("StopTransaction")[0]
    assert (stop["reason"], stop["transactionId"]) == (reason, 1001)
    order = csms.actions()
    told_before = order.index("StopTransaction") < len(order) - order[::-1].index("BootNotification") - 1
    assert told_before == (kind == "Soft")


async def test_unlocking_stops_the_transaction(csms, charging):
    assert await csms.call("CP1", "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert await csms.call("CP1", "UnlockConnector", {"connectorId": 7}) == {"status": "NotSupported"}
    await csms.until(lambda: csms.said("StopTransaction"))
    assert csms.said("StopTransaction")[0]["reason"] == "UnlockCommand"


@pytest.mark.parametrize(
    ("wanted", "action"),
    [
        ("BootNotification", "BootNotification"),
        ("Heartbeat", "Heartbeat"),
        ("StatusNotification", "StatusNotification"),
        ("MeterValues", "MeterValues"),
        ("FirmwareStatusNotification", "FirmwareStatusNotification"),
        ("DiagnosticsStatusNotification", "DiagnosticsStatusNotification"),
    ],
)
async def test_triggered_message_comes(csms, idle, wanted, action):
    mark = len(csms.said(action))
    assert await csms.call("CP1", "TriggerMessage", {"requestedMessage": wanted}) == ACCEPTED
    await csms.until(lambda: len(csms.said(action)) > mark)
    assert (
        await csms.call("CP1", "TriggerMessage", {"requestedMessage": wanted, "connectorId": 9}) == REJECTED
    )


async def test_reservation_is_kept_for_its_tag_cancelled_and_expires(csms, idle):
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    reserve = {"connectorId": 1, "expiryDate": soon, "idTag": "RES", "reservationId": 4}
    assert await csms.call("CP1", "ReserveNow", reserve) == ACCEPTED
    assert await csms.call("CP1", "ReserveNow", {**reserve, "reservationId": 5}) == {"status": "Occupied"}
    assert await csms.call("CP1", "ReserveNow", {**reserve, "connectorId": 8}) == REJECTED
    await csms.until(lambda: statuses(csms)[-1] == "Reserved")
    await idle.plug_in(Car(), id_tag="OTHER")
    await asyncio.sleep(0.1)
    assert csms.said("StartTransaction") == []
    await idle.present_card("RES")
    await csms.until(lambda: csms.said("StartTransaction"))
    assert csms.said("StartTransaction")[0]["reservationId"] == 4
    short = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
    again = {**reserve, "connectorId": 2, "reservationId": 6, "expiryDate": short}
    assert await csms.call("CP1", "ReserveNow", again) == ACCEPTED
    await csms.until(lambda: statuses(csms, 2)[-2:] == ["Reserved", "Available"])
    assert await csms.call("CP1", "ReserveNow", {**again, "expiryDate": soon}) == ACCEPTED
    assert await csms.call("CP1", "CancelReservation", {"reservationId": 6}) == ACCEPTED
    assert await csms.call("CP1", "CancelReservation", {"reservationId": 6}) == REJECTED


async def test_reservation_admits_the_group_of_its_parent(csms, idle):
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    reserve = {
        "connectorId": 1,
        "expiryDate": soon,
        "idTag": "RES",
        "reservationId": 4,
        "parentIdTag": "FAMILY",
    }
    assert await csms.call("CP1", "ReserveNow", reserve) == ACCEPTED
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "STRANGERS"}}
    await idle.plug_in(Car())
    assert await idle.present_card("OTHER") is False
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    assert await idle.present_card("COUSIN") is True
    await csms.until(lambda: csms.said("StartTransaction"))
    assert csms.said("StartTransaction")[0]["reservationId"] == 4


async def test_local_list_is_kept_by_version_and_admits_offline(csms, idle):
    def update(version, kind, *entries):
        listed = {"localAuthorizationList": list(entries)} if entries else {}
        return {"listVersion": version, "updateType": kind, **listed}

    good = {"idTag": "LOCAL", "idTagInfo": {"status": "Accepted"}}
    assert await csms.call("CP1", "GetLocalListVersion", {}) == {"listVersion": 0}
    assert await csms.call("CP1", "SendLocalList", update(3, "Full", good)) == ACCEPTED
    mismatch = {"status": "VersionMismatch"}
    assert await csms.call("CP1", "SendLocalList", update(3, "Differential", good)) == mismatch
    assert await csms.call("CP1", "SendLocalList", update(4, "Differential", {"idTag": "GONE"})) == ACCEPTED
    assert await csms.call("CP1", "SendLocalList", update(9, "Full", {"idTag": "X"})) == {"status": "Failed"}
    assert await csms.call("CP1", "GetLocalListVersion", {}) == {"listVersion": 4}
    idle.link.unplug_network()
    await csms.until(lambda: not idle.online)
    assert [await idle.authorize(tag) for tag in ("local", "UNKNOWN")] == [True, False]


async def test_firmware_and_logs_report_their_progress(csms, idle):
    now = datetime.now(UTC).isoformat()
    assert await csms.call("CP1", "UpdateFirmware", {"location": "http://x/f", "retrieveDate": now}) == {}
    assert await csms.call("CP1", "GetDiagnostics", {"location": "http://x/"}) == {"fileName": "CP1.log"}
    await csms.until(lambda: len(csms.said("FirmwareStatusNotification")) == 4)
    await csms.until(lambda: len(csms.said("DiagnosticsStatusNotification")) == 2)
    steps = [p["status"] for p in csms.said("FirmwareStatusNotification")]
    assert steps == ["Downloading", "Downloaded", "Installing", "Installed"]
    log = {"log": {"remoteLocation": "http://x/"}, "logType": "SecurityLog", "requestId": 8}
    answer = await csms.call("CP1", "GetLog", log)
    assert answer == {"status": "Accepted", "filename": "CP1-SecurityLog.log"}
    await csms.until(lambda: len(csms.said("LogStatusNotification")) == 2)
    told = csms.said("LogStatusNotification")
    assert told == [{"status": "Uploading", "requestId": 8}, {"status": "Uploaded", "requestId": 8}]


@pytest.mark.parametrize(("signature", "last"), [("c2ln" * 20, "Installed"), ("%%%", "InvalidSignature")])
async def test_signed_firmware_is_verified(csms, idle, signature, last):
    firmware = {
        "location": "http://x/f",
        "retrieveDateTime": datetime.now(UTC).isoformat(),
        "signingCertificate": "-----BEGIN CERTIFICATE-----",
        "signature": signature,
    }
    request = {"requestId": 3, "firmware": firmware}
    assert await csms.call("CP1", "SignedUpdateFirmware", request) == ACCEPTED
    said = "SignedFirmwareStatusNotification"
    await csms.until(lambda: csms.said(said) and csms.said(said)[-1]["status"] == last)
    firmware["signingCertificate"] = "none"
    assert await csms.call("CP1", "SignedUpdateFirmware", request) == {"status": "InvalidCertificate"}


def certificate(public_key, signer):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(public_key)
    builder = builder.serial_number(77).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


async def test_root_certificates_are_installed_listed_and_deleted(csms, idle):
    key = ec.generate_private_key(ec.SECP256R1())
    use = "CentralSystemRootCertificate"
    pem = certificate(key.public_key(), key)
    install = {"certificateType": use, "certificate": pem}
    assert await csms.call("CP1", "InstallCertificate", install) == ACCEPTED
    assert await csms.call("CP1", "InstallCertificate", {**install, "certificate": "no"}) == REJECTED
    listed = await csms.call("CP1", "GetInstalledCertificateIds", {"certificateType": use})
    spki = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    (found,) = listed["certificateHashData"]
    assert (listed["status"], found["serialNumber"]) == ("Accepted", "4d")
    # OCSP hashes the bit string of the key, without its algorithm (RFC 6960 section 4.1.1).
    assert found["issuerKeyHash"] == hashlib.sha256(spki).hexdigest()
    other = await csms.call(
        "CP1", "GetInstalledCertificateIds", {"certificateType": "ManufacturerRootCertificate"}
    )
    assert other == {"status": "NotFound"}
    assert await csms.call("CP1", "DeleteCertificate", {"certificateHashData": found}) == ACCEPTED
    gone = await csms.call("CP1", "DeleteCertificate", {"certificateHashData": found})
    assert gone == {"status": "NotFound"}


async def test_charge_point_certificate_is_asked_for_and_only_the_right_one_is_taken(csms, idle):
    csms.answers["SignCertificate"] = ACCEPTED
    trigger = {"requestedMessage": "SignChargePointCertificate"}
    assert await csms.call("CP1", "ExtendedTriggerMessage", trigger) == ACCEPTED
    await csms.until(lambda: csms.said("SignCertificate"))
    request = x509.load_pem_x509_csr(csms.said("SignCertificate")[0]["csr"].encode())
    signer = ec.generate_private_key(ec.SECP256R1())
    wrong = {"certificateChain": certificate(signer.public_key(), signer)}
    assert await csms.call("CP1", "CertificateSigned", wrong) == REJECTED
    await csms.until(lambda: csms.said("SecurityEventNotification"))
    right = {"certificateChain": certificate(request.public_key(), signer)}
    assert await csms.call("CP1", "CertificateSigned", right) == ACCEPTED


async def test_composite_schedule_in_watts(csms, charging):
    request = {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}
    answer = await csms.call("CP1", "GetCompositeSchedule", request)
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    assert periods == [{"startPeriod": 0, "limit": 22080.0}]
    assert await csms.call("CP1", "GetCompositeSchedule", {"connectorId": 5, "duration": 60}) == REJECTED


async def test_profiles_are_cleared_and_unknown_ones_said_to_be(csms, idle):
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.5}],
        },
    }
    request = {"connectorId": 0, "csChargingProfiles": profile}
    assert await csms.call("CP1", "SetChargingProfile", request) == ACCEPTED
    assert await csms.call("CP1", "SetChargingProfile", {**request, "connectorId": 9}) == REJECTED
    late = {**request, "csChargingProfiles": {**profile, "validTo": "tomorrow"}}
    assert await csms.call("CP1", "SetChargingProfile", late) == REJECTED
    assert await csms.call("CP1", "ClearChargingProfile", {"id": 1}) == ACCEPTED
    assert await csms.call("CP1", "ClearChargingProfile", {"id": 1}) == {"status": "Unknown"}


async def test_data_transfer_knows_its_vendor(csms, idle):
    assert await csms.call("CP1", "DataTransfer", {"vendorId": "X"}) == {"status": "UnknownVendorId"}
    known = await csms.call("CP1", "DataTransfer", {"vendorId": "EVSim", "data": "echo"})
    assert known == {"status": "Accepted", "data": "echo"}


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Fly", {}, "NotImplemented"),
        ("Heartbeat", {}, "NotSupported"),
        ("Reset", {}, "ProtocolError"),
        ("Reset", {"type": 5}, "TypeConstraintViolation"),
        ("Reset", {"type": "Soft", "when": "now"}, "FormationViolation"),
    ],
)
async def test_bad_request_gets_the_specifications_error(csms, idle, action, payload, code):
    assert await csms.call("CP1", action, payload) == ("error", code)


async def test_boot_is_repeated_until_it_is_accepted(csms):
    answers = iter(["Pending", "Rejected", "Accepted"])
    csms.answers["BootNotification"] = lambda: {
        "currentTime": "2026-01-01T00:00:00Z",
        "interval": 1,
        "status": next(answers),
    }
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await csms.until(lambda: cp.registration == "Pending")
        assert (
            await csms.call("CP1", "TriggerMessage", {"requestedMessage": "StatusNotification"}) == ACCEPTED
        )
        await cp.plug_in(Car(), id_tag="TAG1")
        await site.connected(timeout_s=5)
        times = [t for _, action, _, t in csms.frames if action == "BootNotification"]
    assert len(times) == 3
    assert [later - earlier >= 1 for earlier, later in itertools.pairwise(times)] == [True, True]
    assert "StartTransaction" not in csms.actions()


async def test_wrong_key_is_refused_and_tried_again(csms):
    csms.passwords["CP1"] = b"right"
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", key="wrong"))
        cp.settings.backoff_first_s = 0.05
        await csms.until(lambda: cp.link.refused >= 2)
        assert (cp.online, cp.link.handshakes) == (False, 0)


async def test_transaction_message_that_is_refused_is_tried_again_and_then_given_up(csms, idle):
    idle.settings.message_retry_s = 0
    csms.answers["StartTransaction"] = "InternalError"
    await idle.plug_in(Car(), id_tag="TAG1")
    await csms.until(lambda: len(csms.said("StartTransaction")) == 3)
    await idle.unplug()
    await csms.until(lambda: csms.said("StopTransaction"))
    assert csms.said("StopTransaction")[0]["transactionId"] == -1
    assert idle.talker.dropped == 1


async def test_unanswered_transaction_message_comes_again_after_a_reconnect(csms, idle):
    idle.settings.call_timeout_s = 0.3
    idle.link.drop()
    await csms.until(lambda: idle.link.handshakes == 2 and idle.online)
    csms.answers["StartTransaction"] = None
    await idle.plug_in(Car(), id_tag="TAG1")
    await csms.until(lambda: len(csms.said("StartTransaction")) >= 2)
    csms.answers["StartTransaction"] = {"transactionId": 9, "idTagInfo": {"status": "Accepted"}}
    await csms.until(lambda: idle.connector(1).transaction.server_id == 9)
    first, *again = csms.said("StartTransaction")
    assert all(one == first for one in again)


async def test_backlog_lets_notifications_pass_and_keeps_its_own_order(csms, charging):
    charging.link.unplug_network()
    await csms.until(lambda: not charging.online)
    mark = len(csms.frames)
    for _ in range(20):
        charging.announce_sample(charging.connector(1), "Sample.Periodic")
    charging.link.plug_network()
    await csms.until(lambda: len(csms.said("MeterValues")) == 20 and charging.talker.idle)
    actions = [frame[1] for frame in csms.frames[mark:]]
    assert actions.index("StatusNotification") < 5
    times = [p["meterValue"][0]["timestamp"] for p in csms.said("MeterValues")]
    assert times == sorted(times)


async def test_answer_against_the_schema_is_no_answer_and_is_remembered(csms, idle):
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Perhaps"}}
    assert not await idle.authorize("TAG1")
    csms.answers["Authorize"] = "MadeUpError"
    assert not await idle.authorize("TAG1")
    wrong_answer, wrong_code = idle.complaints
    assert (wrong_answer[:19], "MadeUpError" in wrong_code) == ("answer to Authorize", True)
    assert idle.online


async def test_clock_aligned_values_come_without_a_transaction(csms, idle):
    for key, value in (
        ("ClockAlignedDataInterval", "1"),
        ("MeterValuesAlignedData", "Energy.Active.Import.Register"),
    ):
        assert await csms.call("CP1", "ChangeConfiguration", {"key": key, "value": value}) == ACCEPTED
    await csms.until(lambda: len(csms.said("MeterValues")) >= 2)
    first = csms.said("MeterValues")[0]
    assert ("transactionId" in first, first["connectorId"]) == (False, 1)
    assert first["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"


async def test_stop_carries_the_last_values_when_it_is_told_to(csms, charging):
    change = {"key": "StopTxnSampledData", "value": "Energy.Active.Import.Register"}
    assert await csms.call("CP1", "ChangeConfiguration", change) == ACCEPTED
    await charging.unplug()
    await csms.until(lambda: csms.said("StopTransaction"))
    (data,) = csms.said("StopTransaction")[0]["transactionData"]
    assert data["sampledValue"][0]["context"] == "Transaction.End"


async def test_status_must_last_before_it_is_told(csms, idle):
    idle.settings.minimum_status_s = 1
    await idle.plug_in(Car())
    await asyncio.sleep(0.2)
    await idle.unplug()
    await asyncio.sleep(0.2)
    assert statuses(csms) == ["Available"]
    await idle.plug_in(Car())
    await csms.until(lambda: statuses(csms) == ["Available", "Preparing"])


async def test_unplugged_car_keeps_its_transaction_when_it_is_told_to(csms, charging):
    charging.settings.stop_on_unplug = False
    await charging.unplug()
    await csms.until(lambda: statuses(csms)[-1] == "SuspendedEV")
    assert (csms.said("StopTransaction"), charging.draw_ma()) == ([], (0, 0, 0))


async def test_heartbeat_follows_a_shorter_interval(csms, idle):
    idle.settings.heartbeat_s = 1
    await csms.until(lambda: csms.said("Heartbeat"), timeout_s=8)


@pytest.mark.parametrize(("boots", "count"), [(True, 2), (False, 1)])
async def test_boot_after_a_mere_reconnect_is_a_habit_of_some(csms, boots, count):
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", boots_on_reconnect=boots))
        cp.settings.backoff_first_s = 0.05
        await site.connected()
        cp.link.drop()
        await csms.until(lambda: cp.link.handshakes == 2 and cp.online)
    assert len(csms.said("BootNotification")) == count


async def test_hexadecimal_key_becomes_the_bytes_it_stands_for(csms):
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", hex_keys=True))
        cp.settings.backoff_first_s = 0.05
        await site.connected()
        change = {"key": "AuthorizationKey", "value": "ab" * 16}
        assert await csms.call("CP1", "ChangeConfiguration", {**change, "value": "no hex"}) == REJECTED
        assert await csms.call("CP1", "ChangeConfiguration", change) == ACCEPTED
        await csms.until(lambda: len(csms.logins) == 2)
    assert csms.logins[-1] == ("CP1", b"\xab" * 16)


@pytest.mark.parametrize(("switches", "expected"), [(True, (8_000, 0, 0)), (False, (8_000, 8_000, 8_000))])
async def test_number_of_phases_is_obeyed_where_the_charge_point_can_switch(csms, switches, expected):
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", switches_phases=switches))
        await site.connected()
        await cp.plug_in(Car(settle_s=0), id_tag="TAG1")
        await site.until(lambda: cp.draw_ma()[2] == 16_000)
        request = {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8, "numberPhases": 1}],
                },
            },
        }
        assert await csms.call("CP1", "SetChargingProfile", request) == ACCEPTED
        await site.until(lambda: cp.draw_ma() == expected)
