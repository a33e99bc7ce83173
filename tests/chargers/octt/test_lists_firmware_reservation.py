"""OCTT 1.6 for a Central System: local authorization list, firmware management, reservation, remote trigger."""

import pytest

from chargers.enums import CommandKind, CommandState, ConnectorStatus
from chargers.models import Connector, OcppMessage
from tests.chargers.conftest import until
from tests.chargers.octt.conftest import in_an_hour

pytestmark = pytest.mark.promise("O19")
FIRMWARE = "https://updates.example.com/firmware.bin"
UPLOAD = "https://uploads.example.com/"
ENTRIES = [{"id_tag": "VALID", "status": "Accepted"}, {"id_tag": "LOST", "status": "Blocked"}]


def logged(action: str) -> list[str]:
    return [
        row.payload["status"]
        for row in OcppMessage.objects.filter(action=action, direction="in").order_by("at")
    ]


@pytest.mark.parametrize(
    "version", [pytest.param(-1, id="TC_042_1_CSMS"), pytest.param(0, id="TC_042_2_CSMS")]
)
def test_TC_042_CSMS_get_local_list_version(order, version):
    payload, command = order(
        CommandKind.READ_LOCAL_LIST_VERSION,
        "GetLocalListVersion",
        answer={"listVersion": version},
        whole=True,
    )
    assert (payload, command.state, command.result) == ({}, CommandState.ACCEPTED, {"listVersion": version})


@pytest.mark.parametrize(
    "word", [pytest.param("NotSupported", id="TC_043_1_CSMS"), pytest.param("Failed", id="TC_043_3_CSMS")]
)
def test_TC_043_CSMS_send_local_list_refused(order, word):
    _, command = order(
        CommandKind.SEND_LOCAL_LIST,
        "SendLocalList",
        answer={"status": word},
        whole=True,
        version=1,
        entries=ENTRIES,
    )
    assert (command.state, command.error) == (CommandState.REJECTED, word)


def test_TC_043_4_CSMS_send_local_list_full(order):
    payload, command = order(
        CommandKind.SEND_LOCAL_LIST, "SendLocalList", whole=True, version=1, entries=ENTRIES
    )
    assert payload == {
        "listVersion": 1,
        "updateType": "Full",
        "localAuthorizationList": [
            {"idTag": "VALID", "idTagInfo": {"status": "Accepted"}},
            {"idTag": "LOST", "idTagInfo": {"status": "Blocked"}},
        ],
    }
    assert command.state == CommandState.ACCEPTED


def test_TC_043_5_CSMS_send_local_list_differential(order):
    payload, _ = order(
        CommandKind.SEND_LOCAL_LIST,
        "SendLocalList",
        whole=True,
        version=2,
        differential=True,
        entries=[{"id_tag": "LOST"}],
    )
    assert payload == {
        "listVersion": 2,
        "updateType": "Differential",
        "localAuthorizationList": [{"idTag": "LOST"}],
    }


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(["Downloading", "Downloaded", "Installing", "Installed"], id="TC_044_1_CSMS"),
        pytest.param(["Downloading", "DownloadFailed"], id="TC_044_2_CSMS"),
        pytest.param(["Downloading", "Downloaded", "Installing", "InstallationFailed"], id="TC_044_3_CSMS"),
    ],
)
def test_TC_044_CSMS_firmware_update(online, order, statuses):
    at = in_an_hour()
    payload, command = order(
        CommandKind.UPDATE_FIRMWARE, "UpdateFirmware", answer={}, whole=True, url=FIRMWARE, retrieve_at=at
    )
    assert (payload, command.state) == ({"location": FIRMWARE, "retrieveDate": at}, CommandState.ACCEPTED)
    for status in statuses:
        assert online.call("FirmwareStatusNotification", {"status": status}) == {}
    until(lambda: logged("FirmwareStatusNotification") == statuses)


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param(["Uploading", "Uploaded"], id="TC_045_1_CSMS"),
        pytest.param(["Uploading", "UploadFailed"], id="TC_045_2_CSMS"),
    ],
)
def test_TC_045_CSMS_get_diagnostics(online, order, statuses):
    payload, command = order(
        CommandKind.GET_LOG,
        "GetDiagnostics",
        answer={"fileName": "diagnostics.zip"},
        whole=True,
        kind="diagnostics",
        url=UPLOAD,
    )
    assert (payload, command.state) == ({"location": UPLOAD}, CommandState.ACCEPTED)
    for status in statuses:
        assert online.call("DiagnosticsStatusNotification", {"status": status}) == {}
    until(lambda: logged("DiagnosticsStatusNotification") == statuses)


@pytest.fixture
def reserve(order):
    def reserve(answer="Accepted", **more):
        arguments = {"reservation_number": 7, "id_tag": "VALID", "expires_at": in_an_hour()}
        return order(CommandKind.RESERVE, "ReserveNow", answer={"status": answer}, **arguments, **more)

    return reserve


def test_TC_046_CSMS_reservation_and_transaction(online, reserve, tag):
    payload, command = reserve()
    assert (payload["connectorId"], payload["reservationId"], payload["idTag"]) == (1, 7, "VALID")
    assert command.state == CommandState.ACCEPTED
    online.status("Reserved")
    online.call("Authorize", {"idTag": "VALID"})
    online.status("Preparing")
    started = online.call(
        "StartTransaction",
        {"connectorId": 1, "idTag": "VALID", "meterStart": 0, "timestamp": in_an_hour(), "reservationId": 7},
    )
    assert started["idTagInfo"]["status"] == "Accepted"
    online.status("Charging")


def test_TC_047_CSMS_reservation_expires(online, reserve, tag):
    reserve()
    online.status("Reserved")
    online.status("Available")
    assert Connector.objects.get().status == ConnectorStatus.AVAILABLE


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("Faulted", id="TC_048_1_CSMS"),
        pytest.param("Occupied", id="TC_048_2_CSMS"),
        pytest.param("Unavailable", id="TC_048_3_CSMS"),
        pytest.param("Rejected", id="TC_048_4_CSMS"),
    ],
)
def test_TC_048_CSMS_reservation_refused(reserve, tag, word):
    _, command = reserve(word)
    assert (command.state, command.error) == (CommandState.REJECTED, word)


def test_TC_049_CSMS_reservation_of_a_charge_point(online, reserve, tag):
    payload, command = reserve(whole=True)
    assert (payload["connectorId"], command.state) == (0, CommandState.ACCEPTED)
    online.call("Authorize", {"idTag": "VALID"})
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"


def test_TC_051_CSMS_cancel_reservation(online, order, reserve, tag):
    reserve()
    online.status("Reserved")
    payload, command = order(
        CommandKind.CANCEL_RESERVATION, "CancelReservation", whole=True, reservation_number=7
    )
    assert (payload, command.state) == ({"reservationId": 7}, CommandState.ACCEPTED)
    online.status("Available")


def test_TC_052_CSMS_cancel_reservation_rejected(order):
    _, command = order(
        CommandKind.CANCEL_RESERVATION,
        "CancelReservation",
        answer={"status": "Rejected"},
        whole=True,
        reservation_number=99,
    )
    assert command.state == CommandState.REJECTED


def test_TC_053_CSMS_reserved_connector_used_with_parent_tag(online, reserve, tag):
    payload, _ = reserve(parent_id_tag="FAMILY")
    assert payload["parentIdTag"] == "FAMILY"
    online.status("Reserved")
    assert online.call("Authorize", {"idTag": "VALID"})["idTagInfo"]["status"] == "Accepted"
    assert online.start("VALID")["idTagInfo"]["status"] == "Accepted"


@pytest.mark.parametrize(
    "message",
    [
        "MeterValues",
        "Heartbeat",
        "StatusNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ],
)
def test_TC_054_CSMS_trigger_message(online, order, message):
    payload, command = order(CommandKind.TRIGGER, "TriggerMessage", message=message)
    assert payload == {"requestedMessage": message, "connectorId": 1}
    assert command.state == CommandState.ACCEPTED
    said = {
        "MeterValues": lambda: online.meter(None, 5),
        "Heartbeat": lambda: online.call("Heartbeat"),
        "StatusNotification": lambda: online.status("Available"),
    }
    said.get(message, lambda: online.call(message, {"status": "Idle"}))()


def test_TC_055_CSMS_trigger_message_rejected(order):
    _, command = order(
        CommandKind.TRIGGER, "TriggerMessage", answer={"status": "Rejected"}, message="MeterValues"
    )
    assert command.state == CommandState.REJECTED
