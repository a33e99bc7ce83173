"""Calls in the words of a version: every one that a charge point can be asked has a way to it, and what must not be asked has none."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from chargers.domain.operations import order_command
from chargers.domain.orders.arguments import make_order
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.errors import BadCommand
from chargers.models import ChargePoint, ChargerCommand
from chargers.ocpp import schemas, shared_orders
from chargers.ocpp.sockets.consumer import VERSIONS
from chargers.orders.trust import InstallCertificate, ReadCertificates
from chargers.orders.upkeep import Call, Reset, Trigger
from chargers.orders.words import ResetKind, RootUse, ShownUse
from chargers.reports.commands import CommandOrder
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import until
from tests.chargers.ocpp.examples import example
from tests.chargers.ocpp.station import Station
from tests.factories.chargers import ChargePointFactory

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SENT = UUID(int=7)


def worded(version: str, order, connector: int | None = None):
    return VERSIONS[version].translate(CommandOrder(SENT, order, connector))


@pytest.mark.parametrize("name", OcppVersion)
def test_every_action_of_a_version_is_taken_or_can_be_asked(name):
    version = VERSIONS[name]
    every = {each.removesuffix(version.request_suffix) for each in schemas.names(version.package)}
    every = {each for each in every if not each.endswith("Response")}
    asked = shared_orders.asked_in(version.package, version.handlers)
    assert every - version.handlers.keys() - asked == (
        {"NotifyPeriodicEventStream"} if name == OcppVersion.V21 else set()
    )
    assert asked & version.handlers.keys() == {"DataTransfer"}


@pytest.mark.parametrize("name", OcppVersion)
def test_every_action_that_can_be_asked_is_worded_or_refused_for_its_reason(name):
    version = VERSIONS[name]
    for action in shared_orders.asked_in(version.package, version.handlers):
        payload = example(version.package, version.request_schema(action), is_full=False)
        if action in shared_orders.RESERVED:
            with pytest.raises(BadCommand) as refusal:
                worded(name, Call(action=action, payload=payload))
            assert refusal.value.detail == shared_orders.RESERVED[action]
        else:
            assert worded(name, Call(action=action, payload=payload)) == (action, payload)


def test_call_without_its_request_number_gets_one():
    assert worded(OcppVersion.V21, Call(action="GetTariffs", payload={"evseId": 0})).payload == {"evseId": 0}
    base = {"reportBase": "FullInventory"}
    sent = worded(OcppVersion.V201, Call(action="GetBaseReport", payload=base)).payload
    assert sent == {**base, "requestId": SENT.int}


@pytest.mark.parametrize(
    ("action", "payload", "argument"),
    [
        ("../../setup", {}, "action"),
        ("Heartbeat", {}, "action"),
        ("ClearCache", {"now": True}, "payload"),
        ("RequestStartTransaction", {"chargingProfile": {}}, "payload"),
        (
            "NotifyAllowedEnergyTransfer",
            {"transactionId": "t", "allowedEnergyTransfer": ["AC_BPT"]},
            "payload",
        ),
    ],
)
def test_call_that_can_not_be_right_names_its_argument(action, payload, argument):
    with pytest.raises(BadCommand) as refusal:
        worded(OcppVersion.V21, Call(action=action, payload=payload))
    assert refusal.value.field == argument


def test_reset_that_resumes_and_makers_triggers_are_words_of_2_1():
    resume = Reset(reset_kind=ResetKind.RESUME)
    assert worded(OcppVersion.V21, resume).payload == {"type": "ImmediateAndResume"}
    assert worded(OcppVersion.V21, resume, 2).payload == {"type": "ImmediateAndResume", "evseId": 2}
    assert worded(OcppVersion.V21, Reset(reset_kind=ResetKind.SOFT)).payload == {"type": "OnIdle"}
    for older in (OcppVersion.V16, OcppVersion.V201):
        with pytest.raises(BadCommand):
            worded(older, resume)
    assert worded(OcppVersion.V21, Trigger(message="Heartbeat")).payload == {"requestedMessage": "Heartbeat"}
    own = {"requestedMessage": "CustomTrigger", "customTrigger": "Selfie", "evse": {"id": 1}}
    assert worded(OcppVersion.V21, Trigger(message="Selfie"), 1).payload == own


def test_roots_of_car_makers_are_a_word_of_2_1_and_the_own_chain_one_since_2_0_1():
    install = InstallCertificate(use=RootUse.CAR_MAKER, certificate="PEM")
    makers = ReadCertificates(use=ShownUse.CAR_MAKER)
    assert worded(OcppVersion.V21, install).payload == {
        "certificateType": "OEMRootCertificate",
        "certificate": "PEM",
    }
    assert worded(OcppVersion.V21, makers).payload == {"certificateType": ["OEMRootCertificate"]}
    for older in (OcppVersion.V16, OcppVersion.V201):
        for order in (install, makers):
            with pytest.raises(BadCommand):
                worded(older, order)
    own = ReadCertificates(use=ShownUse.OWN_CHAIN)
    with pytest.raises(BadCommand):
        worded(OcppVersion.V16, own)
    for newer in (OcppVersion.V201, OcppVersion.V21):
        assert worded(newer, own).payload == {"certificateType": ["V2GCertificateChain"]}
        roots = ReadCertificates(use=ShownUse.VEHICLE_TO_GRID)
        assert worded(newer, roots).payload == {"certificateType": ["V2GRootCertificate"]}


@pytest.mark.django_db
def test_person_hears_of_a_mistake_before_it_is_queued():
    station = ChargePointFactory(ocpp_version=OcppVersion.V201)

    def order(kind: CommandKind, /, **arguments):
        return order_command(station, make_order(kind, arguments), actor=SYSTEM, now=NOW)

    with pytest.raises(BadCommand):
        order(CommandKind.RESET, kind="resume")
    with pytest.raises(BadCommand):
        order(CommandKind.CALL, action="SetChargingProfile", payload={})
    inner = {"logType": "SecurityLog", "requestId": 1, "log": {"remoteLocation": "http://127.0.0.1/"}}
    with pytest.raises(BadCommand) as refusal:
        order(CommandKind.CALL, action="GetLog", payload=inner)
    assert refusal.value.field == "payload"
    key = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    with pytest.raises(InvalidInput):
        order(
            CommandKind.CALL,
            action="SetVariables",
            payload={"setVariableData": [{**key, "attributeValue": "secret-secret-secret"}]},
        )
    assert not ChargerCommand.objects.exists()
    assert order(CommandKind.CALL, action="ClearCache").arguments == {"action": "ClearCache"}


def test_values_go_in_as_many_calls_as_the_station_takes(charger, connector):
    charger.answers["GetVariables"] = _two_at_a_time
    station = Station(charger, subprotocol="ocpp2.1").connect()
    station.boot()
    names = ["A", "B", "C", "D", "E"]
    places = [{"component": {"name": "Own"}, "variable": {"name": name}} for name in names]
    data = [{**place, "attributeValue": "1"} for place in places]
    command = order_command(
        ChargePoint.objects.get(),
        Call(action="SetVariables", payload={"setVariableData": data}),
        actor=SYSTEM,
        now=datetime.now(UTC),
    )
    sent = []
    while sum(map(len, sent)) < len(names):
        asked = station.charger.expect("SetVariables")["setVariableData"]
        if asked[0]["component"]["name"] == "Own":
            sent.append([one["variable"]["name"] for one in asked])
    assert sent == [["A", "B"], ["C", "D"], ["E"]]
    until(lambda: ChargerCommand.objects.get(pk=command.pk).state == CommandState.ACCEPTED)
    command.refresh_from_db()
    assert [one["variable"]["name"] for one in command.result["setVariableResult"]] == names


def _two_at_a_time(payload):
    return {
        "getVariableResult": [
            {
                **{name: one[name] for name in ("component", "variable")},
                "attributeStatus": "Accepted",
                "attributeValue": "2",
            }
            for one in payload["getVariableData"]
        ]
    }
