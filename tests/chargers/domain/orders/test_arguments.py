"""Which arguments make an order, by example: at least one that is taken and one that is refused for each kind that has any."""

import pytest

from chargers.domain.orders.arguments import check_order, make_order
from chargers.enums import CommandKind as Kind
from chargers.errors import BadCommand
from chargers.orders import ORDERS, read_order
from chargers.orders.charging import SetLimit, Unlock
from chargers.orders.shape import write_fields

AT = "2026-03-01T12:00:00Z"
URL = "https://example.com/image"
SUM = "0123456789abcdefABCDEF0123456789"
HASHES = {"hash_algorithm": "SHA256", "issuer_name_hash": "ab", "issuer_key_hash": "", "serial_number": "1"}
NETWORK = {"slot": 1, "server_url": "wss://example.com/ocpp", "timeout_s": 30, "security_profile": 2}
MONITOR = {"name": "EVSE/1.Power", "kind": "above", "value": 1.5, "severity": 9}
TAKEN = [
    (Kind.REMOTE_START, {"id_tag": "A", "limit_ma": 0, "duration_s": 2**31 - 1, "remote_start_number": 1}),
    (Kind.REMOTE_START, {"id_tag": "A" * 36}),
    (Kind.REMOTE_STOP, {}),
    (Kind.REMOTE_STOP, {"transaction_id": None, "transaction_uid": "t"}),
    (Kind.REMOTE_STOP, {"transaction_id": -1, "transaction_uid": None}),
    (Kind.RESET, {"kind": "hard"}),
    (Kind.CHANGE_AVAILABILITY, {"operative": False}),
    (Kind.TRIGGER, {"message": "MeterValues", "extended": True}),
    (Kind.READ_CONFIGURATION, {"keys": []}),
    (Kind.READ_CONFIGURATION, {"keys": ["A"] * 100}),
    (Kind.CHANGE_CONFIGURATION, {"key": "A", "value": ""}),
    (Kind.READ_LIMIT, {"duration_s": 60}),
    (Kind.READ_LIMIT, {"duration_s": 60, "unit": "W"}),
    (Kind.CALL, {"action": "SetDERControl", "payload": {"isDefault": True}}),
    (Kind.CLEAR_LIMITS, {"profile_number": 1}),
    (Kind.READ_PROFILES, {"purpose": "TxProfile", "stack_level": 0}),
    (Kind.READ_PROFILES, {"purpose": "LocalGeneration", "sources": ["EMS", "Other"], "whole": True}),
    (Kind.SET_STATION_LIMIT, {"limit_ma": 1}),
    (Kind.READ_TRANSACTION, {"transaction_uid": "t"}),
    (Kind.RESERVE, {"reservation_number": 0, "id_tag": "A", "expires_at": AT, "parent_id_tag": "B"}),
    (Kind.CANCEL_RESERVATION, {"reservation_number": 1}),
    (Kind.SEND_LOCAL_LIST, {"version": 1}),
    (
        Kind.SEND_LOCAL_LIST,
        {
            "version": 1,
            "differential": False,
            "entries": [{"id_tag": "A", "status": "Blocked", "expires_at": AT}],
        },
    ),
    (Kind.UPDATE_FIRMWARE, {"url": URL, "retrieve_at": AT, "install_at": AT, "retries": 1, "retry_s": 2}),
    (Kind.UPDATE_FIRMWARE, {"url": URL, "retrieve_at": AT, "certificate": "c", "signature": "s" * 800}),
    (
        Kind.GET_LOG,
        {"kind": "security", "url": "ftp://example.com/", "since": AT, "until": AT, "request_number": 1},
    ),
    (Kind.INSTALL_CERTIFICATE, {"use": "mobility_operator", "certificate": "c" * 10_000}),
    (Kind.DELETE_CERTIFICATE, HASHES),
    (Kind.READ_CERTIFICATES, {}),
    (Kind.SEND_CERTIFICATE, {"chain": "c", "use": "vehicle_to_grid_20", "request_number": -5}),
    (Kind.DATA_TRANSFER, {"vendor": "", "message": "m", "data": ""}),
    (Kind.READ_INVENTORY, {"base": "summary"}),
    (Kind.READ_COMPONENTS, {"names": ["EVSE"], "criteria": ["problem"] * 5}),
    (Kind.SHOW_MESSAGE, {"message_number": 1, "text": "x", "priority": "front", "state": "idle", "from": AT}),
    (Kind.READ_MESSAGES, {"priority": "always"}),
    (Kind.CLEAR_MESSAGE, {"message_number": 1}),
    (Kind.TELL_COST, {"cost_minor": 0, "transaction_uid": "t", "transaction_id": None}),
    (Kind.SET_MONITORING, {"base": "hard_wired"}),
    (Kind.SET_MONITORING_LEVEL, {"severity": 0}),
    (Kind.MONITOR, {**MONITOR, "monitor_number": 1, "only_charging": False}),
    (Kind.CLEAR_MONITORS, {"monitor_numbers": [0]}),
    (Kind.READ_MONITORS, {"names": [], "kinds": ["threshold", "change", "periodic"]}),
    (Kind.CUSTOMER_DATA, {"customer": "c", "report": True}),
    (Kind.SET_NETWORK, {**NETWORK, "interface": "Wireless3"}),
    (Kind.PUBLISH_FIRMWARE, {"url": URL, "checksum": SUM}),
    (Kind.UNPUBLISH_FIRMWARE, {"checksum": SUM}),
    (Kind.CLEAR_CACHE, {}),
    (Kind.CHANGE_KEY, {}),
    (Kind.READ_LOCAL_LIST_VERSION, {}),
]
TAKEN_OF_US = [
    (Kind.REMOTE_START, {"id_tag": "A" * 36, "stack_level": 4}),
    (Kind.READ_LIMIT, {"duration_s": 60, "after_boot": True}),
    (Kind.CLEAR_LIMITS, {"profile_number": 1, "is_last": False}),
    (Kind.SET_STATION_LIMIT, {"limit_ma": 1, "stack_level": 1, "watts": 1, "way": 0, "tried": 1}),
    (Kind.CHANGE_KEY, {"encrypted_key": "x"}),
]
# With the argument at fault; none where it is not one alone.
REFUSED = [
    (Kind.REMOTE_START, {}, "id_tag", '"id_tag" is a required property'),
    (Kind.REMOTE_START, {"id_tag": ""}, "id_tag", 'id_tag: "" is shorter than 1 character'),
    (Kind.REMOTE_START, {"id_tag": "A" * 37}, "id_tag", "id_tag: "),
    (Kind.REMOTE_START, {"id_tag": "A", "limit_ma": -1}, "limit_ma", "limit_ma: -1 is less than the minimum of 0"),
    (Kind.REMOTE_START, {"id_tag": "A", "limit_ma": None}, "limit_ma", "limit_ma: null is not of type"),
    (Kind.REMOTE_START, {"id_tag": "A", "duration_s": 2**31}, "duration_s", "duration_s: "),
    (Kind.REMOTE_STOP, {"transaction_id": "9"}, "transaction_id", "transaction_id: "),
    (Kind.REMOTE_STOP, {"transaction_uid": 9}, "transaction_uid", "transaction_uid: "),
    (Kind.RESET, {"kind": "violently"}, "kind", 'kind: "violently" is not one of "soft", "hard" or "resume"'),
    (Kind.RESET, {}, "kind", '"kind" is a required property'),
    (Kind.RESET, {"kind": "soft", "soft": True}, "soft", "Additional properties are not allowed ('soft' was unexpected)"),
    (Kind.CHANGE_AVAILABILITY, {"operative": "yes"}, "operative", "operative: "),
    (Kind.TRIGGER, {"message": "m" * 51}, "message", "message: "),
    (Kind.READ_CONFIGURATION, {"keys": ["A"] * 101}, "keys", "keys: "),
    (Kind.READ_CONFIGURATION, {"keys": ["A", ""]}, "keys.1", "keys.1: "),
    (Kind.CHANGE_CONFIGURATION, {"key": "A", "value": "x" * 1_001}, "value", "value: "),
    (Kind.CHANGE_CONFIGURATION, {"key": "A" * 161, "value": "x"}, "key", "key: "),
    (Kind.READ_LIMIT, {"duration_s": 1.5}, "duration_s", "duration_s: "),
    (Kind.CLEAR_LIMITS, {"purpose": "ChargingStationMaxProfile"}, "purpose", "purpose: "),
    (Kind.SET_STATION_LIMIT, {}, "limit_ma", '"limit_ma" is a required property'),
    (Kind.READ_TRANSACTION, {"transaction_uid": "t" * 37}, "transaction_uid", "transaction_uid: "),
    (Kind.RESERVE, {"reservation_number": 1, "id_tag": "A", "expires_at": "soon"}, "expires_at", "expires_at: "),
    (Kind.SEND_LOCAL_LIST, {"version": 1, "entries": [{"status": "Accepted"}]}, "entries.0.id_tag", 'entries.0: "id_tag" is'),
    (Kind.SEND_LOCAL_LIST, {"version": 1, "entries": [{"id_tag": "A", "status": "Lost"}]}, "entries.0.status", "entries.0.status: "),
    (Kind.SEND_LOCAL_LIST, {"version": 1, "entries": [{"id_tag": "A"}] * 1_001}, "entries", "entries: "),
    (Kind.UPDATE_FIRMWARE, {"url": "http://", "retrieve_at": AT}, "url", "url: "),
    (Kind.UPDATE_FIRMWARE, {"url": "gopher://example.com", "retrieve_at": AT}, "url", "The address begins with"),
    (Kind.UPDATE_FIRMWARE, {"url": URL, "retrieve_at": AT, "signature": "s" * 801}, "signature", "signature: "),
    (Kind.GET_LOG, {"kind": "security", "url": "ftp://10.0.0.1/"}, "url", "The address is one of a private network."),
    (Kind.GET_LOG, {"kind": "security", "url": "http://db.internal/"}, "url", "The address is one of a private network."),
    (Kind.INSTALL_CERTIFICATE, {"use": "nobody", "certificate": "c"}, "use", "use: "),
    (Kind.INSTALL_CERTIFICATE, {"use": "manufacturer", "certificate": "c" * 10_001}, "certificate", "certificate: "),
    (Kind.DELETE_CERTIFICATE, {**HASHES, "hash_algorithm": "MD5"}, "hash_algorithm", "hash_algorithm: "),
    (Kind.DELETE_CERTIFICATE, {**HASHES, "serial_number": "1" * 41}, "serial_number", "serial_number: "),
    (Kind.SEND_CERTIFICATE, {"chain": "c", "use": "nobody"}, "use", "use: "),
    (Kind.DATA_TRANSFER, {"vendor": "v" * 256}, "vendor", "vendor: "),
    (Kind.READ_INVENTORY, {"base": "all"}, "base", "base: "),
    (Kind.READ_COMPONENTS, {"criteria": ["new"]}, "criteria.0", "criteria.0: "),
    (Kind.SHOW_MESSAGE, {"message_number": 1, "text": "x" * 513}, "text", "text: "),
    (Kind.SHOW_MESSAGE, {"message_number": 1, "text": "x", "language": "d"}, "language", "language: "),
    (Kind.SHOW_MESSAGE, {"message_number": 1, "text": "x", "begins_at": AT}, "begins_at", "'begins_at' was unexpected"),
    (Kind.READ_MESSAGES, {"state": "off"}, "state", "state: "),
    (Kind.TELL_COST, {"cost_minor": 1}, "transaction_uid", "The transaction's id is not known."),
    (Kind.SET_MONITORING, {"base": "none"}, "base", "base: "),
    (Kind.SET_MONITORING_LEVEL, {"severity": 10}, "severity", "severity: "),
    (Kind.MONITOR, {**MONITOR, "kind": "beside"}, "kind", "kind: "),
    (Kind.CLEAR_MONITORS, {"monitor_numbers": []}, "monitor_numbers", "monitor_numbers: "),
    (Kind.READ_MONITORS, {"kinds": ["above"]}, "kinds.0", "kinds.0: "),
    (Kind.CUSTOMER_DATA, {"report": True}, "", "Give the customer's card or name."),
    (Kind.CUSTOMER_DATA, {"id_tag": "A"}, "", "Choose whether to report or clear the data."),
    (Kind.SET_NETWORK, {**NETWORK, "server_url": "https://example.com"}, "server_url", "server_url: "),
    (Kind.SET_NETWORK, {**NETWORK, "security_profile": 4}, "security_profile", "security_profile: "),
    (Kind.SET_NETWORK, {**NETWORK, "interface": "Wired4"}, "interface", "interface: "),
    (Kind.UNPUBLISH_FIRMWARE, {"checksum": SUM[1:]}, "checksum", "checksum: "),
    (Kind.CLEAR_CACHE, {"all": True}, "all", "'all' was unexpected"),
]  # fmt: skip


def ask(kind, arguments):
    """As a person does."""
    order = make_order(kind, arguments)
    check_order(order, write_fields(order), has_connector=True)


@pytest.mark.parametrize(("kind", "arguments"), TAKEN)
def test_what_makes_sense_is_taken(kind, arguments):
    ask(kind, arguments)


@pytest.mark.parametrize(("kind", "arguments"), TAKEN_OF_US)
def test_our_own_words_are_taken_from_us(kind, arguments):
    order = read_order(kind, arguments)
    assert write_fields(order) == arguments
    check_order(order, arguments, has_connector=True)


@pytest.mark.parametrize(("kind", "arguments", "argument", "why"), REFUSED)
def test_what_makes_no_sense_is_refused_with_the_argument_at_fault(kind, arguments, argument, why):
    with pytest.raises(BadCommand) as refusal:
        ask(kind, arguments)
    assert why in refusal.value.detail
    named = {f"arguments.{argument}": [refusal.value.detail]}
    assert refusal.value.facts.get("errors", {}) == (named if argument else {})


def test_examples_are_of_every_kind_that_is_checked():
    checked = {kind for kind, order in ORDERS.items() if not order.is_ours_alone}
    assert {kind for kind, _ in TAKEN} | {Kind.UNLOCK} == checked


@pytest.mark.parametrize("order", [Unlock(), SetLimit(limit_ma=0)])
def test_order_for_one_connector_needs_it(order):
    check_order(order, write_fields(order), has_connector=True)
    with pytest.raises(BadCommand, match="This command is for one connector"):
        check_order(order, write_fields(order), has_connector=False)


@pytest.mark.parametrize("kind", [Kind.SET_LIMIT, Kind.SET_FALLBACK])
def test_limits_are_the_balancers_alone(kind):
    with pytest.raises(BadCommand, match="Only the balancer sets limits"):
        make_order(kind, {"limit_ma": 6_000})


@pytest.mark.parametrize(
    ("kind", "arguments", "why"),
    [
        (Kind.CLEAR_LIMITS, {"is_last": True}, "'is_last' was unexpected"),
        (Kind.READ_LIMIT, {"after_boot": True}, "'after_boot' was unexpected"),
        (Kind.REMOTE_START, {"id_tag": "A", "stack_level": 1}, "'stack_level' was unexpected"),
        (Kind.SET_STATION_LIMIT, {"way": 0, "tried": 1, "limit_ma": 1}, "'way', 'tried' were unexpected"),
        (Kind.CHANGE_KEY, {"encrypted_key": "x"}, "'encrypted_key' was unexpected"),
    ],
)
def test_persons_do_not_say_what_the_balancer_adds(kind, arguments, why):
    with pytest.raises(BadCommand) as refusal:
        make_order(kind, arguments)
    assert why in refusal.value.detail
