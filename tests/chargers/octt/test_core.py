"""OCTT 1.6 for a Central System, core profile."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import Connector, OrphanMessage, Session
from tests.chargers.conftest import utc_now
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.promise("O19")
ACCEPTED = {"status": "Accepted"}
LATER = timedelta(hours=1)


def session() -> Session:
    return Session.objects.latest("plugged_at")


def test_TC_001_CSMS_cold_boot(charger, connector):
    charger.connect()
    assert charger.boot()["status"] == "Accepted"
    charger.status("Available", connector=0)
    charger.status("Available")
    assert "currentTime" in charger.call("Heartbeat")


def test_TC_003_CSMS_regular_session_plugin_first(online, tag):
    online.status("Preparing")
    assert session().state == SessionState.PLUGGED_IN
    assert online.call("Authorize", {"idTag": "VALID"})["idTagInfo"]["status"] == "Accepted"
    started = online.start("VALID")
    assert started["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")
    assert (
        online.stop(started["transactionId"], idTag="VALID", reason="Local")["idTagInfo"]["status"]
        == "Accepted"
    )
    online.status("Finishing")
    online.status("Available")
    assert session().state == SessionState.ENDED


def test_TC_004_1_CSMS_regular_session_identification_first(online, tag):
    assert online.call("Authorize", {"idTag": "VALID"})["idTagInfo"]["status"] == "Accepted"
    online.status("Preparing")
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")
    assert session().state == SessionState.ACTIVE


def test_TC_004_2_CSMS_identification_first_connection_time_out(online, tag):
    online.call("Authorize", {"idTag": "VALID"})
    online.status("Preparing")
    online.status("Available")
    assert (session().state, session().transaction_id) == (SessionState.ENDED, None)


def test_TC_005_1_CSMS_ev_side_disconnected(online, charging):
    online.status("SuspendedEV")
    assert online.stop(charging, reason="EVDisconnected") == {}
    online.status("Finishing")
    online.status("Available")
    assert (session().state, session().stop_reason) == (SessionState.ENDED, "EVDisconnected")


def test_TC_007_CSMS_regular_start_cached_id(online, tag):
    online.status("Preparing")
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")


def test_TC_010_CSMS_remote_start_cable_first(online, order, tag):
    online.status("Preparing")
    payload, command = order(CommandKind.REMOTE_START, "RemoteStartTransaction", id_tag="VALID")
    assert payload == {"connectorId": 1, "idTag": "VALID"}
    assert command.state == CommandState.ACCEPTED
    assert online.call("Authorize", {"idTag": "VALID"})["idTagInfo"]["status"] == "Accepted"
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")


def test_TC_011_1_CSMS_remote_start_first(online, order, tag):
    _, command = order(CommandKind.REMOTE_START, "RemoteStartTransaction", id_tag="VALID")
    assert command.state == CommandState.ACCEPTED
    online.call("Authorize", {"idTag": "VALID"})
    online.status("Preparing")
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")


def test_TC_011_2_CSMS_remote_start_time_out(online, order, tag):
    order(CommandKind.REMOTE_START, "RemoteStartTransaction", id_tag="VALID")
    online.call("Authorize", {"idTag": "VALID"})
    online.status("Preparing")
    online.status("Available")
    assert session().transaction_id is None


def test_TC_012_CSMS_remote_stop(online, order, charging):
    payload, command = order(CommandKind.REMOTE_STOP, "RemoteStopTransaction", transaction_id=charging)
    assert payload == {"transactionId": charging}
    assert command.state == CommandState.ACCEPTED
    assert online.stop(charging, reason="Remote") == {}
    online.status("Finishing")
    online.status("Available")
    assert session().stop_reason == "Remote"


@pytest.mark.parametrize(("kind", "word"), [("hard", "Hard")])
def test_TC_013_CSMS_hard_reset(online, order, kind, word):
    payload, command = order(CommandKind.RESET, "Reset", whole=True, kind=kind)
    assert (payload, command.state) == ({"type": word}, CommandState.ACCEPTED)
    online.close()
    assert online.connect().boot()["status"] == "Accepted"
    online.status("Available")


def test_TC_014_CSMS_soft_reset(online, order, charging):
    payload, command = order(CommandKind.RESET, "Reset", whole=True, kind="soft")
    assert (payload, command.state) == ({"type": "Soft"}, CommandState.ACCEPTED)
    assert online.stop(charging, reason="SoftReset") == {}
    online.close()
    assert online.connect().boot()["status"] == "Accepted"
    assert session().stop_reason == "SoftReset"


def test_TC_017_1_CSMS_unlock_no_session_loose_cable(order):
    payload, command = order(CommandKind.UNLOCK, "UnlockConnector", answer={"status": "Unlocked"})
    assert (payload, command.state) == ({"connectorId": 1}, CommandState.ACCEPTED)


def test_TC_017_2_CSMS_unlock_no_session_fixed_cable(order):
    _, command = order(CommandKind.UNLOCK, "UnlockConnector", answer={"status": "NotSupported"})
    assert (command.state, command.error) == (CommandState.REJECTED, "NotSupported")


def test_TC_018_1_CSMS_unlock_with_session(online, order, charging):
    _, command = order(CommandKind.UNLOCK, "UnlockConnector", answer={"status": "Unlocked"})
    assert command.state == CommandState.ACCEPTED
    assert online.stop(charging, reason="UnlockCommand") == {}
    online.status("Finishing")
    assert session().stop_reason == "UnlockCommand"


def test_TC_019_1_CSMS_retrieve_all_configuration_keys(order):
    keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    payload, command = order(
        CommandKind.READ_CONFIGURATION, "GetConfiguration", answer={"configurationKey": keys}, whole=True
    )
    assert payload == {}
    assert (command.state, command.result) == (CommandState.ACCEPTED, {"configurationKey": keys})


def test_TC_019_2_CSMS_retrieve_specific_configuration_key(order):
    answer = {"configurationKey": [{"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core"}]}
    payload, command = order(
        CommandKind.READ_CONFIGURATION,
        "GetConfiguration",
        answer=answer,
        whole=True,
        keys=["SupportedFeatureProfiles"],
    )
    assert (payload, command.result) == ({"key": ["SupportedFeatureProfiles"]}, answer)


def test_TC_021_CSMS_change_configuration(order):
    payload, command = order(
        CommandKind.CHANGE_CONFIGURATION,
        "ChangeConfiguration",
        whole=True,
        key="MeterValueSampleInterval",
        value="60",
    )
    assert payload == {"key": "MeterValueSampleInterval", "value": "60"}
    assert command.state == CommandState.ACCEPTED


def test_TC_023_1_CSMS_authorize_invalid(online, tag):
    assert online.call("Authorize", {"idTag": "NOBODY"})["idTagInfo"]["status"] == "Invalid"


def test_TC_023_2_CSMS_authorize_expired(online, connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="OLD", expires_at=datetime.now(UTC) - LATER)
    assert online.call("Authorize", {"idTag": "OLD"})["idTagInfo"]["status"] == "Expired"


def test_TC_023_3_CSMS_authorize_blocked(online, connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="LOST", blocked_at=datetime.now(UTC))
    assert online.call("Authorize", {"idTag": "LOST"})["idTagInfo"]["status"] == "Blocked"


def test_TC_024_CSMS_lock_failure(online, tag):
    online.call("Authorize", {"idTag": "VALID"})
    online.call(
        "StatusNotification", {"connectorId": 1, "status": "Faulted", "errorCode": "ConnectorLockFailure"}
    )
    connector = Connector.objects.get()
    assert (connector.status, connector.error_code) == (ConnectorStatus.FAULTED, "ConnectorLockFailure")


def test_TC_026_CSMS_remote_start_rejected(order, tag):
    _, command = order(
        CommandKind.REMOTE_START, "RemoteStartTransaction", answer={"status": "Rejected"}, id_tag="VALID"
    )
    assert command.state == CommandState.REJECTED


def test_TC_028_CSMS_remote_stop_rejected(order, charging):
    _, command = order(
        CommandKind.REMOTE_STOP,
        "RemoteStopTransaction",
        answer={"status": "Rejected"},
        transaction_id=charging,
    )
    assert command.state == CommandState.REJECTED
    assert session().state == SessionState.ACTIVE


def test_TC_030_CSMS_unlock_failure(order):
    _, command = order(CommandKind.UNLOCK, "UnlockConnector", answer={"status": "UnlockFailed"})
    assert (command.state, command.error) == (CommandState.REJECTED, "UnlockFailed")


def test_TC_031_CSMS_unlock_unknown_connector(order):
    _, command = order(CommandKind.UNLOCK, "UnlockConnector", answer={"status": "NotSupported"})
    assert command.state == CommandState.REJECTED


def test_TC_032_1_CSMS_power_failure_stops_transactions(online, charging):
    online.close()
    assert online.connect().boot()["status"] == "Accepted"
    assert online.stop(charging, reason="PowerLoss") == {}
    online.status("Finishing")
    assert (session().stop_reason, session().state) == ("PowerLoss", SessionState.FINISHED)


def test_TC_037_1_CSMS_offline_start_valid_tag(online, tag):
    online.close()
    began = datetime.now(UTC) - timedelta(minutes=30)
    online.connect()
    assert online.start("VALID", at=began.isoformat())["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")
    assert session().started_at == began


def test_TC_037_3_CSMS_offline_start_invalid_tag_is_stopped(online, tag):
    online.close()
    online.connect()
    started = online.start("NOBODY", at=(datetime.now(UTC) - timedelta(minutes=30)).isoformat())
    assert started["idTagInfo"]["status"] == "Invalid"
    assert online.stop(started["transactionId"], reason="DeAuthorized") == {}
    assert session().stop_reason == "DeAuthorized"


def test_TC_039_CSMS_offline_transaction(online, tag):
    online.close()
    online.connect()
    began = datetime.now(UTC) - timedelta(hours=2)
    started = online.start("VALID", at=began.isoformat(), meter_wh=100)
    online.stop(
        started["transactionId"],
        at=(began + LATER).isoformat(),
        meter_wh=5_100,
        reason="Local",
        idTag="VALID",
    )
    assert (session().energy_wh, session().stopped_at) == (5_000, began + LATER)
    assert OrphanMessage.objects.count() == 0


def test_TC_040_1_CSMS_configuration_key_not_supported(order):
    _, command = order(
        CommandKind.CHANGE_CONFIGURATION,
        "ChangeConfiguration",
        answer={"status": "NotSupported"},
        whole=True,
        key="Unknown",
        value="1",
    )
    assert (command.state, command.error) == (CommandState.REJECTED, "NotSupported")


def test_TC_040_2_CSMS_configuration_key_invalid_value(order):
    _, command = order(
        CommandKind.CHANGE_CONFIGURATION,
        "ChangeConfiguration",
        answer={"status": "Rejected"},
        whole=True,
        key="MeterValueSampleInterval",
        value="-1",
    )
    assert (command.state, command.error) == (CommandState.REJECTED, "Rejected")


def test_TC_061_CSMS_clear_authorization_cache(order):
    payload, command = order(CommandKind.CLEAR_CACHE, "ClearCache", whole=True)
    assert (payload, command.state) == ({}, CommandState.ACCEPTED)


def test_TC_064_CSMS_data_transfer_to_a_central_system(online):
    answer = online.call("DataTransfer", {"vendorId": "Somebody", "messageId": "Test", "data": utc_now()})
    assert answer == {"status": "UnknownVendorId"}
