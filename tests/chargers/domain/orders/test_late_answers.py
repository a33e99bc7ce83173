from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chargers.domain.intake import Desk
from chargers.domain.orders.late_answers import HEARD_FOR, failed_updates
from chargers.enums import CommandKind, CommandState, LaterState
from chargers.models import ChargePoint, ChargerCommand
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from chargers.orders.base import number_of
from chargers.reports.base import Source
from tests.factories.chargers import ChargePointFactory

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def charge_point() -> ChargePoint:
    return ChargePointFactory()


def accepted(
    charge_point: ChargePoint, kind: CommandKind, *, at: datetime = NOW, **arguments
) -> ChargerCommand:
    return ChargerCommand.objects.create(
        community=charge_point.community,
        charge_point=charge_point,
        kind=kind,
        arguments=arguments,
        idempotency_key=uuid4().hex,
        state=CommandState.ACCEPTED,
        requested_by="t",
        queued_at=at,
        expires_at=at + timedelta(minutes=2),
    )


def tell(charge_point: ChargePoint, action: str, *, version=V21, at: datetime = NOW, **payload) -> None:
    source = Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, UUID(int=1))
    report = version.handlers[action].read(payload, source, at)
    if report is not None:
        Desk().take([report])


def later(command: ChargerCommand) -> tuple[str, str]:
    command.refresh_from_db()
    return command.later_state, command.later_word


def test_update_tells_how_it_goes_on_until_its_end(charge_point):
    older, command = (
        accepted(charge_point, CommandKind.UPDATE_FIRMWARE, at=NOW - timedelta(hours=h)) for h in (2, 1)
    )
    number = number_of(command.pk)
    tell(charge_point, "FirmwareStatusNotification", status="Downloading", requestId=number)
    assert later(command) == (LaterState.GOING_ON, "Downloading")
    tell(charge_point, "FirmwareStatusNotification", status="Installed", requestId=number)
    assert later(command) == (LaterState.DONE, "Installed")
    assert command.later_at == NOW
    assert later(older) == ("", "")


def test_status_of_idle_or_of_a_number_that_nobody_gave_changes_nothing(charge_point):
    command = accepted(charge_point, CommandKind.UPDATE_FIRMWARE)
    tell(charge_point, "FirmwareStatusNotification", status="Idle")
    tell(charge_point, "FirmwareStatusNotification", status="Installed", requestId=5)
    other = ChargePointFactory()
    tell(other, "FirmwareStatusNotification", status="Installed", requestId=number_of(command.pk))
    assert later(command) == ("", "")


def test_version_without_numbers_means_the_newest(charge_point):
    older, command = (
        accepted(charge_point, CommandKind.GET_LOG, at=NOW - timedelta(hours=h)) for h in (2, 1)
    )
    tell(charge_point, "DiagnosticsStatusNotification", version=V16, status="UploadFailed")
    assert later(command) == (LaterState.FAILED, "UploadFailed")
    assert later(older) == ("", "")


@pytest.mark.parametrize("version", [V201, V21])
def test_parts_of_a_report_are_kept_with_the_command_that_asked(charge_point, version):
    command = accepted(charge_point, CommandKind.READ_PROFILES)
    part = {
        "requestId": number_of(command.pk), "chargingLimitSource": "CSO", "evseId": 1, "tbc": True,
        "chargingProfile": [{"id": 1}],
    }  # fmt: skip
    tell(charge_point, "ReportChargingProfiles", version=version, **part)
    assert later(command)[0] == LaterState.GOING_ON
    tell(
        charge_point,
        "ReportChargingProfiles",
        version=version,
        **{**part, "tbc": False, "chargingProfile": [{"id": 2}]},
    )
    assert later(command)[0] == LaterState.DONE
    assert command.later_parts == [{"id": 1}, {"id": 2}]


def test_call_in_its_own_words_is_found_by_the_number_in_it(charge_point):
    command = accepted(charge_point, CommandKind.CALL, action="GetDERControl", payload={"requestId": 12})
    tell(charge_point, "ReportDERControl", requestId=12, gradient=[{"id": "g"}])
    assert later(command)[0] == LaterState.DONE
    assert command.later_parts == [{"gradient": [{"id": "g"}]}]


def test_page_of_the_device_model_ends_its_command_and_is_stored(charge_point):
    command = accepted(charge_point, CommandKind.READ_INVENTORY, base="full")
    entry = {
        "component": {"name": "EVSE"},
        "variable": {"name": "Power"},
        "variableAttribute": [{"value": "7"}],
    }
    tell(
        charge_point, "NotifyReport", requestId=number_of(command.pk), generatedAt="2026-11-30T09:00:00Z", seqNo=0,
        reportData=[entry],
    )  # fmt: skip
    assert later(command)[0] == LaterState.DONE
    assert charge_point.variables.get().value == "7"


def test_what_is_kept_of_a_customer_is_not_kept_with_the_command(charge_point):
    command = accepted(charge_point, CommandKind.CUSTOMER_DATA, customer="Ada", report=True)
    tell(
        charge_point, "NotifyCustomerInformation", requestId=number_of(command.pk), data="Ada, Elm Street", seqNo=0,
        generatedAt="2026-11-30T09:00:00Z",
    )  # fmt: skip
    assert later(command)[0] == LaterState.DONE
    assert command.later_parts is None


def test_failed_update_counts_until_the_next_one_or_a_week(charge_point):
    command = accepted(charge_point, CommandKind.UPDATE_FIRMWARE)
    tell(
        charge_point, "FirmwareStatusNotification", status="InvalidSignature", requestId=number_of(command.pk)
    )
    assert list(failed_updates(now=NOW)) == [command]
    assert not failed_updates(now=NOW + HEARD_FOR)
    accepted(charge_point, CommandKind.UPDATE_FIRMWARE, at=NOW + timedelta(minutes=1))
    assert not failed_updates(now=NOW + timedelta(minutes=2))
