"""Long calls go in the pieces that their charge point takes, and end as one command."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargerCommand
from chargers.ocpp.pieces import Bounds, divide, length_of, merge
from chargers.ocpp.protocol import Division, Request
from chargers.orders import read_order
from chargers.orders.charging import SetLimit
from tests.chargers.conftest import CallFailed, until, utc_now
from tests.chargers.ocpp.station import Station, set_all
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

LIST = Division("list", ("Most",), version="number", update="kind")
SETTLED = {CommandState.QUEUED, CommandState.SENT}


@given(
    entries=st.lists(st.text(max_size=30), min_size=1, max_size=60),
    items=st.none() | st.integers(1, 70),
    most_bytes=st.none() | st.integers(1, 2_000),
)
def test_pieces_are_the_whole_in_order_and_within_the_bounds(entries, items, most_bytes):
    request = Request("Send", {"list": entries, "number": 7, "kind": "Full"})
    pieces = list(divide(request, LIST, Bounds(items, most_bytes)))
    assert [entry for piece in pieces for entry in piece.payload["list"]] == entries
    assert [piece.payload["number"] for piece in pieces] == list(range(7, 7 + len(pieces)))
    assert [piece.payload["kind"] for piece in pieces] == ["Full", *["Differential"] * (len(pieces) - 1)]
    for piece in pieces:
        count = len(piece.payload["list"])
        assert count >= 1
        assert items is None or count <= items
        assert most_bytes is None or count == 1 or length_of(piece) <= most_bytes


def test_answers_of_the_pieces_are_one():
    assert merge([{"known": [1], "unknown": ["a"]}, {"known": [2]}]) == {"known": [1, 2], "unknown": ["a"]}
    assert merge([{"status": "EmptyResultSet"}, {"status": "Accepted"}]) == {"status": "Accepted"}


# On the wire


class Strict:
    """A charge point that takes so many entries in a call and refuses longer ones."""

    def __init__(self, charger, most: int, *, tells: bool = True) -> None:
        self.charger, self.most, self.tells = charger, most, tells
        self.calls: list[tuple[str, int]] = []
        for action, (name, answer) in self.TAKES.items():
            charger.answers[action] = self.strictly(action, name, answer)

    def strictly(self, action, name, answer):
        def answered(payload):
            entries = payload.get(name, [])
            self.calls.append((action, len(entries)))
            if len(entries) > self.most:
                return CallFailed("OccurenceConstraintViolation", "too many")
            return answer(self, entries)

        return answered

    def get_configuration(self, keys):
        bounds = ("GetConfigurationMaxKeys", "SendLocalListMaxLength")
        known = [key for key in keys if self.tells or key not in bounds]
        values = {key: self.most if key in bounds else 100 for key in known}
        told = [{"key": key, "readonly": True, "value": str(value)} for key, value in values.items()]
        return {"configurationKey": told, "unknownKey": [key for key in keys if key not in known]}

    def get_variables(self, entries):
        def answer(entry):
            place = {name: entry[name] for name in ("component", "variable")}
            name = entry["variable"]["name"]
            if name == "BytesPerMessage" or (name == "ItemsPerMessage" and not self.tells):
                return {**place, "attributeStatus": "UnknownVariable"}
            value = self.most if name == "ItemsPerMessage" else 100
            return {**place, "attributeStatus": "Accepted", "attributeValue": str(value)}

        return {"getVariableResult": [answer(entry) for entry in entries]}

    def clear_monitors(self, ids):
        return {"clearMonitoringResult": [{"id": one, "status": "Accepted"} for one in ids]}

    def accept(self, entries):
        return {"status": "Accepted"}

    TAKES = {
        "GetConfiguration": ("key", get_configuration),
        "GetVariables": ("getVariableData", get_variables),
        "ClearVariableMonitoring": ("id", clear_monitors),
        "GetReport": ("componentVariable", accept),
        "GetMonitoringReport": ("componentVariable", accept),
        "SendLocalList": ("localAuthorizationList", accept),
    }

    def lengths(self, action):
        return [count for name, count in self.calls if name == action]


@pytest.fixture
def settle(charger):
    """Answer whatever the server asks until every command has its outcome."""

    def settle() -> None:
        open_ones = ChargerCommand.objects.filter(state__in=SETTLED)
        until(lambda: charger.listen(0.01) or not open_ones.exists())

    return settle


@pytest.fixture
def ask(charger, connector, settle):
    def ask(kind, **arguments):
        command = commands.queue_command(
            connector.charge_point, read_order(kind, arguments), by="test", now=datetime.now(UTC)
        )
        settle()
        command.refresh_from_db()
        return command

    return ask


@pytest.fixture
def booted(charger, settle):
    def booted(subprotocol: str) -> Strict:
        strict = Strict(charger, 4)
        charger.answers["SetVariables"] = set_all
        charger.connect(subprotocols=(subprotocol,))
        charger.boot() if subprotocol == "ocpp1.6" else Station(charger).boot()
        settle()
        return strict

    return booted


@pytest.fixture
def strict_16(booted):
    return booted("ocpp1.6")


@pytest.fixture(params=["ocpp2.0.1", "ocpp2.1"])
def strict_20(request, booted):
    return booted(request.param)


NINE = [f"Key{number}" for number in range(9)]
VARIABLES = [f"Ctrlr.Key{number}" for number in range(9)]


def test_nine_keys_of_16_go_in_three_calls_and_come_back_as_one_answer(strict_16, ask):
    strict_16.calls.clear()
    command = ask(CommandKind.READ_CONFIGURATION, keys=NINE)
    assert strict_16.lengths("GetConfiguration") == [4, 4, 1]
    assert command.state == CommandState.ACCEPTED
    assert [entry["key"] for entry in command.result["configurationKey"]] == NINE


def test_nine_variables_go_in_three_calls_and_come_back_as_one_answer(strict_20, ask):
    assert max(strict_20.lengths("GetVariables")) == 4  # its first configuration, too
    strict_20.calls.clear()
    command = ask(CommandKind.READ_CONFIGURATION, keys=VARIABLES)
    assert strict_20.lengths("GetVariables") == [4, 4, 1]
    assert command.state == CommandState.ACCEPTED
    assert [entry["key"] for entry in command.result["configurationKey"]] == VARIABLES


@pytest.mark.parametrize(
    ("kind", "action", "arguments"),
    [
        (CommandKind.READ_COMPONENTS, "GetReport", {"names": VARIABLES}),
        (CommandKind.READ_MONITORS, "GetMonitoringReport", {"names": VARIABLES}),
        (CommandKind.CLEAR_MONITORS, "ClearVariableMonitoring", {"monitor_numbers": list(range(9))}),
    ],
)
def test_every_call_that_has_a_bound_is_divided(strict_20, ask, kind, action, arguments):
    assert ask(kind, **arguments).state == CommandState.ACCEPTED
    assert strict_20.lengths(action) == [4, 4, 1]


@pytest.fixture
def cards(connector):
    """All valid, so that the list needs no correction afterwards."""
    driver = DriverFactory(community=connector.community)
    for number in range(20):
        IdTagFactory(driver=driver, token=f"CARD{number}")


def entries(count):
    return [{"id_tag": f"CARD{number}", "status": "Accepted"} for number in range(count)]


@pytest.mark.parametrize("differential", [False, True])
@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_long_list_goes_full_first_and_grows_with_rising_versions(
    booted, subprotocol, differential, charger, ask, cards
):
    strict = booted(subprotocol)
    command = ask(CommandKind.SEND_LOCAL_LIST, version=5, differential=differential, entries=entries(9))
    assert command.state == CommandState.ACCEPTED
    sent = [payload for action, payload in charger.calls if action == "SendLocalList"]
    number = "listVersion" if "listVersion" in sent[0] else "versionNumber"
    first = "Differential" if differential else "Full"
    assert [(one[number], one["updateType"]) for one in sent] == [
        (5, first),
        (6, "Differential"),
        (7, "Differential"),
    ]
    assert strict.lengths("SendLocalList") == [4, 4, 1]
    # The next one is above every version that the charge point has.
    assert (command.arguments["version"], command.result["version"]) == (7, 7)


def test_list_that_is_refused_in_the_middle_is_refused(strict_16, charger, ask):
    statuses = {5: "Accepted", 6: "Failed"}
    charger.answers["SendLocalList"] = lambda payload: {"status": statuses[payload["listVersion"]]}
    command = ask(CommandKind.SEND_LOCAL_LIST, version=5, entries=entries(9))
    assert (command.state, command.error, command.arguments["version"]) == (
        CommandState.REJECTED,
        "Failed",
        6,
    )
    assert len([action for action, _ in charger.calls if action == "SendLocalList"]) == 2


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1"])
def test_charge_point_that_tells_no_bound_and_refuses_is_asked_for_less(charger, settle, ask, subprotocol):
    strict = Strict(charger, 2, tells=False)
    charger.answers["SetVariables"] = set_all
    charger.connect(subprotocols=(subprotocol,))
    charger.boot() if subprotocol == "ocpp1.6" else Station(charger).boot()
    settle()
    command = ask(CommandKind.READ_CONFIGURATION, keys=VARIABLES)
    assert command.state == CommandState.ACCEPTED
    assert len(command.result["configurationKey"]) == 9
    assert strict.calls[-1][1] <= 2


def test_list_that_is_refused_for_its_many_cards_is_sent_in_halves(strict_20, charger, ask, cards):
    def answer(payload):
        count = len(payload.get("localAuthorizationList", ()))
        return {"status": "Accepted"} if count <= 2 else refused

    refused = {"status": "Failed", "statusInfo": {"reasonCode": "TooManyElements"}}
    charger.answers["SendLocalList"] = answer
    charger.calls.clear()
    command = ask(CommandKind.SEND_LOCAL_LIST, version=5, entries=entries(9))
    sent = [
        len(payload["localAuthorizationList"])
        for action, payload in charger.calls
        if action == "SendLocalList"
    ]
    assert (command.state, sent) == (CommandState.ACCEPTED, [4, 2, 2, 2, 2, 1])


def bounds_reported(**bounds):
    places = [
        {
            "component": {"name": "DeviceDataCtrlr"},
            "variable": {"name": name, "instance": "GetVariables"},
            "variableAttribute": [{"value": str(value)}],
        }
        for name, value in bounds.items()
    ]
    return {"requestId": 1, "generatedAt": utc_now(), "seqNo": 0, "reportData": places}


@pytest.mark.parametrize(
    ("bounds", "lengths"), [({"ItemsPerMessage": 4}, [4, 4, 1]), ({"BytesPerMessage": 500}, [7, 2])]
)
def test_bounds_of_a_report_are_kept_and_not_asked_for_again(charger, settle, ask, bounds, lengths):
    strict = Strict(charger, 9, tells=False)
    charger.answers["SetVariables"] = set_all
    station = Station(charger).connect()
    station.call("NotifyReport", bounds_reported(**bounds))
    station.boot()
    settle()
    strict.calls.clear()
    charger.calls.clear()
    assert ask(CommandKind.READ_CONFIGURATION, keys=VARIABLES).state == CommandState.ACCEPTED
    assert strict.lengths("GetVariables") == lengths
    sizes = [length_of(Request(action, payload)) for action, payload in charger.calls]
    assert max(sizes) <= bounds.get("BytesPerMessage", 10_000)
    asked = [
        entry["variable"]["name"] for _, payload in charger.calls for entry in payload["getVariableData"]
    ]
    assert not {"ItemsPerMessage", "BytesPerMessage"} & set(asked)


def test_call_that_is_refused_for_its_bytes_is_sent_in_halves(strict_20, charger, ask, cards):
    def answer(payload):
        is_long = len(payload.get("localAuthorizationList", ())) > 2
        return CallFailed("FormatViolation", "too long") if is_long else {"status": "Accepted"}

    charger.answers["SendLocalList"] = answer
    assert ask(CommandKind.SEND_LOCAL_LIST, version=5, entries=entries(9)).state == CommandState.ACCEPTED


def test_bound_in_bytes_is_kept(charger, connector, settle, ask):
    def answer(payload):
        said = [entry["variable"]["name"] == "BytesPerMessage" for entry in payload["getVariableData"]]
        return {
            "getVariableResult": [
                {
                    **entry,
                    "attributeStatus": "Accepted" if told else "UnknownVariable",
                    "attributeValue": "1500",
                }
                for entry, told in zip(payload["getVariableData"], said, strict=True)
            ]
        }

    charger.answers |= {"SetVariables": set_all, "GetVariables": answer}
    Station(charger).connect().boot()
    settle()
    charger.calls.clear()
    ask(CommandKind.READ_CONFIGURATION, keys=[f"Ctrlr.Key{number}" for number in range(50)])
    sizes = [length_of(Request("GetVariables", payload)) for action, payload in charger.calls]
    assert len(sizes) > 3
    assert max(sizes) <= 1_500


def test_cut_goes_between_the_pieces_of_a_long_list(strict_16, charger, connector, ask, settle, cards):
    session = SessionFactory(connector=connector, plugged_at=datetime.now(UTC))
    connector.confirmed_ma = 16_000
    connector.save()

    def cut_meanwhile(payload):
        if payload["listVersion"] == 1:
            commands.queue_command(
                connector.charge_point,
                SetLimit(transaction_id=7, limit_ma=6_000),
                by="test",
                now=datetime.now(UTC),
                connector=connector,
                session=session,
            )
        return {"status": "Accepted"}

    charger.answers["SendLocalList"] = cut_meanwhile
    charger.calls.clear()
    ask(CommandKind.SEND_LOCAL_LIST, version=1, entries=entries(20))
    settle()
    actions = [action for action, _ in charger.calls]
    at = actions.index("SetChargingProfile")
    # Between two of the five pieces, however late this process hears of it.
    assert 1 <= actions[:at].count("SendLocalList") < 5
    assert actions.count("SendLocalList") == 5
