"""Commands in OCPP 2.0.1's words without a wire; `tests/chargers/octt/test_201_commands.py` has them on it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.ocpp import schemas
from chargers.ocpp.v16 import outbound as v16
from chargers.ocpp.v201.outbound import judge, translate
from chargers.ocpp.v201.profiles import fallback_profile, tx_profile
from chargers.ocpp.v201.variables import KEYS, name_of, place_of
from chargers.orders import read_order
from chargers.reports.commands import CommandOrder
from tests.chargers.octt import test_201_commands as octt

CASES = [
    *octt.PROVISIONING, *octt.AUTHORIZATION, *octt.CONTROL, *octt.SMART_CHARGING, *octt.UPKEEP, *octt.MONITORING,
]  # fmt: skip
START = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = st.text("abcXYZ019 _-", min_size=1, max_size=20).filter(lambda word: word == word.strip())
NUMBERS = st.integers(0, 999)


def order(kind, number=1, /, **arguments):
    return CommandOrder(uuid4(), read_order(kind, arguments), number)


@pytest.mark.parametrize("package", ["v201", "v21"])
def test_every_call_and_its_answer_are_what_the_versions_schemas_want(package):
    complaints = {}
    for case in CASES:
        request = translate(order(case.kind, None if case.is_whole else 1, **case.given))
        for ending, payload in (("Request", request.payload), ("Response", case.answer)):
            complaint = schemas.complaint(package, request.action + ending, payload)
            if complaint:
                complaints[case.name, ending] = complaint
    assert complaints == {}


@pytest.mark.parametrize(
    ("kind", "number", "arguments", "why"),
    [
        (CommandKind.SET_LIMIT, 1, {"limit_ma": 6_000, "transaction_id": 7}, "without its transaction's id"),
        (CommandKind.SET_LIMIT, None, {"limit_ma": 6_000, "transaction_uid": "t"}, "for one connector"),
        (CommandKind.REMOTE_STOP, 1, {"transaction_id": 7, "transaction_uid": ""}, "no id of the station's"),
        (CommandKind.REMOTE_STOP, 1, {"transaction_id": 7}, "transaction_uid"),
        (CommandKind.UNLOCK, None, {}, "for one connector"),
        (CommandKind.RESET, None, {"kind": "violently"}, "soft, hard"),
        (CommandKind.READ_COMPONENTS, None, {}, "Give components"),
        (CommandKind.READ_CONFIGURATION, None, {"keys": ["Heartbeat"]}, "Component.Variable"),
        (CommandKind.READ_CONFIGURATION, None, {"keys": ["A.B:Best"]}, "an attribute is one of"),
        (CommandKind.CHANGE_CONFIGURATION, None, {"key": "A[.B", "value": "1"}, "Component.Variable"),
    ],
)
def test_what_makes_no_sense_in_it_is_refused(kind, number, arguments, why):
    with pytest.raises(BadCommand) as refusal:
        translate(order(kind, number, **arguments))
    assert why in refusal.value.detail


def test_what_1_6_does_not_have_is_refused_there():
    with pytest.raises(BadCommand, match=r"OCPP 1\.6 has no show_message"):
        v16.translate(order(CommandKind.SHOW_MESSAGE, message_number=1, text="x"))


@given(
    component=WORDS,
    instance=st.none() | WORDS,
    place=st.tuples(st.none() | NUMBERS, st.none() | NUMBERS),
    variable=WORDS,
    variable_instance=st.none() | WORDS,
    attribute=st.sampled_from([None, "Target", "MinSet", "MaxSet"]),
)
def test_name_of_a_variable_says_its_place(
    component, instance, place, variable, variable_instance, attribute
):
    evse, connector = place
    name = component + (f"[{instance}]" if instance else "")
    if evse is not None:
        name += f"/{evse}" + (f"/{connector}" if connector is not None else "")
    name += f".{variable}" + (f"[{variable_instance}]" if variable_instance else "")
    name += f":{attribute}" if attribute else ""
    assert name_of(place_of(name)) == name


def test_the_houses_keys_are_read_back_as_such():
    assert {key: name_of(place_of(key)) for key in KEYS} == {key: key for key in KEYS}


def test_no_two_profiles_of_a_station_share_an_id_or_a_stack():
    profiles = [
        make(evse)
        for evse in range(4)
        for make in (
            lambda evse: fallback_profile(
                evse_id=evse, limit_ma=6_000, start_at=START, wait_s=0, stack_level=0
            ),
            lambda evse: tx_profile(
                evse_id=evse, transaction_uid="t", limit_ma=6_000, phases=None, start_at=START
            ),
        )
    ]
    assert len({profile["id"] for profile in profiles}) == len(profiles)
    whole, *single = [one for one in profiles if one["chargingProfilePurpose"] == "TxDefaultProfile"]
    assert all(one["stackLevel"] > whole["stackLevel"] for one in single)


@pytest.mark.parametrize(("wait_s", "kind", "starts"), [(0, "Absolute", [0]), (180, "Relative", [0, 180])])
def test_fallback_that_waits_begins_with_0_A(wait_s, kind, starts):
    profile = fallback_profile(evse_id=0, limit_ma=6_000, start_at=START, wait_s=wait_s, stack_level=0)
    (schedule,) = profile["chargingSchedule"]
    periods = schedule["chargingSchedulePeriod"]
    assert (profile["chargingProfileKind"], "startSchedule" in schedule) == (kind, not wait_s)
    assert [period["startPeriod"] for period in periods] == starts
    assert [period["limit"] for period in periods] == ([0.0, 6.0] if wait_s else [6.0])


def test_refusal_carries_the_stations_reason():
    verdict = judge(
        order(CommandKind.SET_LIMIT), {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
    )
    assert verdict == (CommandState.REJECTED, "Rejected: TxNotFound", None)
