from datetime import timedelta

import pytest
from django.db import transaction

from chargers.domain.orders import commands, delivery
from chargers.domain.sockets import connections
from chargers.domain.stations import onboarding
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Make, SignedMeterValue
from chargers.orders import read_order
from chargers.reports.sockets import BootReport
from tests.factories.chargers import ConnectorFactory, SessionFactory


@pytest.fixture
def boot(source, connector, now):
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(connection_id=source.connection_id)

    def boot(firmware="1", at=now):
        report = BootReport(
            source=source, received_at=at, vendor="Acme", model="Box", firmware_version=firmware
        )
        connections.take_boot(report, now=at)

    return boot


def asked(kind, **lookup):
    return list(ChargerCommand.objects.filter(kind=kind, **lookup).order_by("queued_at", "pk"))


def settle(command, state, now, result=None):
    ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT, sent_at=now)
    assert delivery.record_answer(command.pk, state=state, now=now, result=result)


def test_fewer_measurands_are_tried_when_many_are_refused(boot, now):
    boot()
    (many,) = asked(CommandKind.CHANGE_CONFIGURATION, arguments__value=onboarding.MEASURANDS[0])
    settle(many, CommandState.REJECTED, now)
    (fewer,) = asked(CommandKind.CHANGE_CONFIGURATION, arguments__value=onboarding.MEASURANDS[1])
    settle(fewer, CommandState.REJECTED, now)
    assert len(asked(CommandKind.CHANGE_CONFIGURATION, arguments__key="MeterValuesSampledData")) == 2
    boot(at=now + timedelta(minutes=1))
    assert len(asked(CommandKind.CHANGE_CONFIGURATION, arguments__key="MeterValuesSampledData")) == 2


def test_what_it_says_of_itself_is_remembered_by_make(boot, now):
    boot()
    (question,) = asked(CommandKind.READ_CONFIGURATION)
    told = {
        "SupportedFeatureProfiles": "Core,SmartCharging",
        "ChargeProfileMaxStackLevel": "8",
        "ChargingScheduleAllowedChargingRateUnit": "Current",
    }
    entries = [{"key": key, "readonly": True, "value": value} for key, value in told.items()]
    settle(question, CommandState.ACCEPTED, now, {"configurationKey": entries})
    make = Make.objects.get(vendor="Acme", model="Box")
    assert (make.feature_profiles, make.max_stack_level, make.rate_units) == (
        "Core,SmartCharging",
        8,
        "Current",
    )
    boot(at=now + timedelta(minutes=1))
    assert len(asked(CommandKind.READ_CONFIGURATION)) == 1
    boot(firmware="2", at=now + timedelta(minutes=2))
    assert len(asked(CommandKind.READ_CONFIGURATION)) == 2


@pytest.mark.parametrize("value", ["", "many", "-1", "99999"])
def test_stack_level_that_is_none_is_not_kept(boot, now, value):
    boot()
    (question,) = asked(CommandKind.READ_CONFIGURATION)
    entry = {"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": value}
    settle(question, CommandState.ACCEPTED, now, {"configurationKey": [entry]})
    assert Make.objects.get(vendor="Acme").max_stack_level is None


def test_next_of_the_same_make_and_firmware_gets_what_the_first_one_took(boot, now):
    boot()
    many, fewer = onboarding.MEASURANDS
    for value, state in ((many, CommandState.REJECTED), (fewer, CommandState.ACCEPTED)):
        (change,) = asked(CommandKind.CHANGE_CONFIGURATION, arguments__value=value)
        settle(change, state, now)
    (question,) = asked(CommandKind.READ_CONFIGURATION)
    entry = {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core"}
    settle(question, CommandState.ACCEPTED, now, {"configurationKey": [entry]})
    for firmware, measurands, questions in (("1", fewer, 0), ("2", many, 1)):
        other = ConnectorFactory(
            charge_point__make=Make.objects.get(vendor="Acme"),
            charge_point__firmware_version=firmware,
        ).charge_point
        with transaction.atomic():
            onboarding.configure_charge_point(other, is_new=True, now=now)
        of_other = {"charge_point": other, "arguments__key": onboarding.MEASURANDS_KEY}
        (change,) = asked(CommandKind.CHANGE_CONFIGURATION, **of_other)
        assert change.arguments["value"] == measurands
        assert len(asked(CommandKind.READ_CONFIGURATION, charge_point=other)) == questions


def test_word_of_a_newer_firmware_replaces_all_of_the_older(boot, now):
    boot()
    (change,) = asked(CommandKind.CHANGE_CONFIGURATION, arguments__value=onboarding.MEASURANDS[0])
    settle(change, CommandState.ACCEPTED, now)
    boot(firmware="2", at=now + timedelta(minutes=1))
    question = asked(CommandKind.READ_CONFIGURATION)[-1]
    settle(question, CommandState.ACCEPTED, now, {"configurationKey": []})
    make = Make.objects.get(vendor="Acme")
    assert (make.told_firmware, make.measurands) == ("2", "")


@pytest.mark.promise("O20")
@pytest.mark.parametrize(
    ("ocpp_version", "expected"),
    [
        ("ocpp1.6", {"StopTxnSampledData": "", "StopTxnAlignedData": ""}),
        (
            "ocpp2.0.1",
            {
                # The register at the end has no other place there.
                "StopTxnSampledData": "Energy.Active.Import.Register",
                "StopTxnAlignedData": "",
                "SampledDataCtrlr.TxEndedInterval": "0",
            },
        ),
    ],
)
def test_end_of_a_transaction_is_to_carry_no_night_of_meter_values(ocpp_version, expected):
    wanted = dict(onboarding.wanted_configuration(ocpp_version=ocpp_version))
    assert {key: value for key, value in wanted.items() if "StopTxn" in key or "Ended" in key} == expected


def end_settings():
    return asked(CommandKind.CHANGE_CONFIGURATION, arguments__key="StopTxnSampledData")


@pytest.mark.parametrize(
    ("values", "is_emptied"),
    [(["true"], False), (["True"], False), (["false"], True), (["true", "false"], True)],
)
def test_end_of_one_that_was_set_to_sign_is_left_as_it_is(boot, connector, now, values, is_emptied):
    for minute, value in enumerate(values):
        arguments = {"key": "StopTxnSignReadings", "value": value}
        command = commands.queue_command(
            connector.charge_point, read_order(CommandKind.CHANGE_CONFIGURATION, arguments), by="test",
            now=now - timedelta(minutes=10 - minute),
        )  # fmt: skip
        settle(command, CommandState.ACCEPTED, now)
    boot()
    assert bool(end_settings()) is is_emptied


def test_end_of_one_whose_meter_signed_is_left_as_it_is_by_a_new_firmware(boot, connector, now):
    boot()
    assert len(end_settings()) == 1
    session = SessionFactory(connector=connector, plugged_at=now)
    SignedMeterValue.objects.create(
        community=session.community, session=session, received_at=now, data="OCMF|{}|{}", digest="1"
    )
    boot(firmware="2", at=now + timedelta(hours=1))
    assert len(end_settings()) == 1
