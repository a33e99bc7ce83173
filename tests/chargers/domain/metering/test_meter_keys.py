"""The public key of a meter goes with what it signed, also where it is told as configuration."""

from datetime import timedelta

import pytest

from chargers.domain.metering.signed_values import Kept, keep_signed
from chargers.domain.orders import commands, delivery
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargePoint, ChargerCommand, Connector, SignedMeterValue
from chargers.orders.upkeep import ReadConfiguration
from chargers.reports.charging import SignedValue
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(connector, now):
    ChargePoint.objects.update(ocpp_version=OcppVersion.V16)
    return SessionFactory(connector=connector, plugged_at=now)


def sign(session, data, at, public_key=""):
    value = SignedValue(at, "Sample.Periodic", data, public_key=public_key)
    keep_signed([Kept(session.pk, session.community_id, at, value)])


def asked():
    return ChargerCommand.objects.filter(kind=CommandKind.READ_CONFIGURATION)


def answer(command, now, **keys):
    ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT, sent_at=now)
    told = [{"key": key, "readonly": True, "value": value} for key, value in keys.items()]
    result = {"configurationKey": told}
    assert delivery.record_answer(command.pk, state=CommandState.ACCEPTED, now=now, result=result)


def keys():
    return dict(SignedMeterValue.objects.values_list("data", "public_key"))


def test_key_is_asked_for_once_and_goes_with_what_was_signed_since(session, now):
    SignedMeterValue.objects.create(
        community=session.community,
        session=session,
        received_at=now - timedelta(days=1),
        data="old",
        digest="0",
    )
    sign(session, "first", now)
    sign(session, "second", now + timedelta(seconds=10))
    command = asked().get()
    assert command.arguments == {"keys": ["MeterPublicKey[1]"]}
    answer(command, now, **{"MeterPublicKey[1]": "04AB"})
    sign(session, "third", now + timedelta(minutes=1))
    sign(session, "own", now + timedelta(minutes=2), public_key="04CD")
    assert keys() == {"old": "", "first": "04AB", "second": "04AB", "third": "04AB", "own": "04CD"}
    assert asked().count() == 1


def test_key_that_is_not_told_is_asked_for_again_a_day_later(session, now):
    sign(session, "first", now)
    answer(asked().get(), now)
    sign(session, "second", now + timedelta(hours=2))
    assert asked().count() == 1
    sign(session, "third", now + timedelta(days=1))
    assert asked().count() == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MeterPublicKey[2]", {1: "", 2: "04AB"}),
        ("meterpublickey2", {1: "", 2: "04AB"}),
        ("MeterPublicKey", {1: "04AB", 2: "04AB"}),
        ("MeterPublicKey[7]", {1: "", 2: ""}),
        ("MeterPublicKeyOf2", {1: "", 2: ""}),
    ],
)
def test_key_is_that_of_the_connector_that_its_name_says(session, connector, now, name, expected):
    ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)
    # Whoever asks for it.
    command = commands.queue_command(
        connector.charge_point, ReadConfiguration(keys=(name,)), by="test", now=now
    )
    answer(command, now, **{name: "04AB"})
    assert dict(Connector.objects.values_list("number", "meter_public_key")) == expected


def test_key_that_is_too_long_is_none(session, connector, now):
    sign(session, "first", now)
    answer(asked().get(), now, **{"MeterPublicKey[1]": "0" * 2_501})
    assert keys() == {"first": ""}


def test_nobody_else_is_asked(session, now):
    sign(session, "with a key", now, public_key="04CD")
    ChargePoint.objects.update(ocpp_version=OcppVersion.V201)
    sign(session, "by 2.0.1", now)
    assert not asked().exists()
