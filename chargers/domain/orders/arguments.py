"""What a command needs to be told, in words of no OCPP version. One table; a person's mistake is refused before it is queued."""

import ipaddress
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from chargers.enums import CommandKind
from chargers.errors import BadCommand

INT32 = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
WORD = {"type": "string", "minLength": 1, "maxLength": 50}
NAME = {"type": "string", "minLength": 1, "maxLength": 160}
NAMES = {"type": "array", "items": NAME, "maxItems": 100}
FLAG = {"type": "boolean"}
SEVERITY = {"type": "integer", "minimum": 0, "maximum": 9}
TOKEN = {"type": "string", "minLength": 1, "maxLength": 36}
MOMENT = {"type": "string", "format": "date-time"}
ADDRESS = {"type": "string", "minLength": 8, "maxLength": 512}
PEM = {"type": "string", "minLength": 1, "maxLength": 10_000}
UPLOAD_SCHEMES = ("http", "https", "ftp", "ftps", "sftp")

PROFILES = {
    "profile_number": INT32,
    "stack_level": INT32,
    "purpose": {"enum": ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]},
}
MESSAGE = {
    "message_number": INT32,
    "priority": {"enum": ["always", "front", "cycle"]},
    "state": {"enum": ["charging", "faulted", "idle", "unavailable"]},
}
DOWNLOAD = {"url": ADDRESS, "retries": INT32, "retry_s": INT32, "request_number": INT32}
CHECKSUM = {"type": "string", "pattern": "^[0-9A-Fa-f]{32}$"}
ROOTS = {"enum": ["central_system", "manufacturer", "vehicle_to_grid", "mobility_operator"]}

# Properties by kind; the names in the second place are required.
TABLE: Mapping[CommandKind, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    CommandKind.REMOTE_START: (
        {"id_tag": TOKEN, "limit_ma": INT32, "duration_s": INT32, "remote_start_number": INT32},
        ("id_tag",),
    ),
    CommandKind.REMOTE_STOP: ({"transaction_id": {}, "transaction_uid": {}}, ()),
    CommandKind.RESET: ({"kind": {"enum": ["soft", "hard"]}}, ("kind",)),
    CommandKind.CHANGE_AVAILABILITY: ({"operative": FLAG}, ("operative",)),
    CommandKind.TRIGGER: ({"message": WORD, "extended": FLAG}, ("message",)),
    CommandKind.READ_CONFIGURATION: ({"keys": NAMES}, ()),
    CommandKind.CHANGE_CONFIGURATION: (
        {"key": NAME, "value": {"type": "string", "maxLength": 1_000}},
        ("key", "value"),
    ),
    CommandKind.READ_LIMIT: ({"duration_s": INT32}, ()),
    CommandKind.CLEAR_LIMITS: (PROFILES, ()),
    CommandKind.READ_PROFILES: (PROFILES, ()),
    CommandKind.SET_STATION_LIMIT: ({"limit_ma": INT32}, ("limit_ma",)),
    CommandKind.READ_TRANSACTION: ({"transaction_uid": TOKEN}, ()),
    CommandKind.RESERVE: (
        {"reservation_number": INT32, "id_tag": TOKEN, "parent_id_tag": TOKEN, "expires_at": MOMENT},
        ("reservation_number", "id_tag", "expires_at"),
    ),
    CommandKind.CANCEL_RESERVATION: ({"reservation_number": INT32}, ("reservation_number",)),
    CommandKind.SEND_LOCAL_LIST: (
        {
            "version": INT32,
            "differential": FLAG,
            "entries": {
                "type": "array",
                "maxItems": 1_000,
                "items": {
                    "type": "object",
                    "properties": {
                        "id_tag": TOKEN,
                        "status": {"enum": ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]},
                        "expires_at": MOMENT,
                    },
                    "required": ["id_tag"],
                    "additionalProperties": False,
                },
            },
        },
        ("version",),
    ),
    CommandKind.UPDATE_FIRMWARE: (
        {
            **DOWNLOAD,
            "retrieve_at": MOMENT,
            "install_at": MOMENT,
            "certificate": PEM,
            "signature": {"type": "string", "minLength": 1, "maxLength": 800},
        },
        ("url", "retrieve_at"),
    ),
    CommandKind.GET_LOG: (
        {
            **DOWNLOAD,
            "kind": {"enum": ["diagnostics", "security"]},
            "since": MOMENT,
            "until": MOMENT,
        },
        ("kind", "url"),
    ),
    CommandKind.INSTALL_CERTIFICATE: (
        {"use": ROOTS, "certificate": PEM},
        ("use", "certificate"),
    ),
    CommandKind.DELETE_CERTIFICATE: (
        {
            "hash_algorithm": {"enum": ["SHA256", "SHA384", "SHA512"]},
            "issuer_name_hash": {"type": "string", "maxLength": 128},
            "issuer_key_hash": {"type": "string", "maxLength": 128},
            "serial_number": {"type": "string", "maxLength": 40},
        },
        ("hash_algorithm", "issuer_name_hash", "issuer_key_hash", "serial_number"),
    ),
    CommandKind.READ_CERTIFICATES: ({"use": ROOTS}, ()),
    CommandKind.SEND_CERTIFICATE: (
        {
            "chain": PEM,
            "use": {"enum": ["station", "vehicle_to_grid", "vehicle_to_grid_20"]},
            # Its own, whatever it counts in.
            "request_number": {"type": "integer"},
        },
        ("chain",),
    ),
    CommandKind.DATA_TRANSFER: (
        {"vendor": {"type": "string", "maxLength": 255}, "message": WORD, "data": {"type": "string"}},
        ("vendor",),
    ),
    CommandKind.READ_INVENTORY: ({"base": {"enum": ["configuration", "full", "summary"]}}, ("base",)),
    CommandKind.READ_COMPONENTS: (
        {
            "names": NAMES,
            "criteria": {"type": "array", "items": {"enum": ["active", "available", "enabled", "problem"]}},
        },
        (),
    ),
    CommandKind.SHOW_MESSAGE: (
        {
            **MESSAGE,
            "text": {"type": "string", "minLength": 1, "maxLength": 512},
            "language": {"type": "string", "minLength": 2, "maxLength": 8},
            "from": MOMENT,
            "until": MOMENT,
            "transaction_uid": TOKEN,
        },
        ("message_number", "text"),
    ),
    CommandKind.READ_MESSAGES: (MESSAGE, ()),
    CommandKind.CLEAR_MESSAGE: ({"message_number": INT32}, ("message_number",)),
    CommandKind.TELL_COST: (
        {"cost_minor": INT32, "transaction_id": {}, "transaction_uid": TOKEN},
        ("cost_minor", "transaction_uid"),
    ),
    CommandKind.SET_MONITORING: ({"base": {"enum": ["all", "factory", "hard_wired"]}}, ("base",)),
    CommandKind.SET_MONITORING_LEVEL: ({"severity": SEVERITY}, ("severity",)),
    CommandKind.MONITOR: (
        {
            "name": NAME,
            "kind": {"enum": ["above", "below", "change", "periodic", "clock_aligned"]},
            "value": {"type": "number"},
            "severity": SEVERITY,
            "monitor_number": INT32,
            "only_charging": FLAG,
        },
        ("name", "kind", "value", "severity"),
    ),
    CommandKind.CLEAR_MONITORS: (
        {"monitor_numbers": {"type": "array", "items": INT32, "minItems": 1, "maxItems": 100}},
        ("monitor_numbers",),
    ),
    CommandKind.READ_MONITORS: (
        {
            "names": NAMES,
            "kinds": {"type": "array", "items": {"enum": ["threshold", "change", "periodic"]}},
        },
        (),
    ),
    CommandKind.CUSTOMER_DATA: (
        {
            "report": FLAG,
            "clear": FLAG,
            "id_tag": TOKEN,
            "customer": {"type": "string", "minLength": 1, "maxLength": 64},
        },
        (),
    ),
    CommandKind.SET_NETWORK: (
        {
            "slot": INT32,
            "server_url": {"type": "string", "pattern": "^wss?://[^/]+", "maxLength": 512},
            "timeout_s": INT32,
            "security_profile": {"type": "integer", "minimum": 0, "maximum": 3},
            "interface": {"type": "string", "pattern": "^(Wired|Wireless)[0-3]$"},
        },
        ("slot", "server_url", "timeout_s", "security_profile"),
    ),
    CommandKind.PUBLISH_FIRMWARE: ({**DOWNLOAD, "checksum": CHECKSUM}, ("url", "checksum")),
    CommandKind.UNPUBLISH_FIRMWARE: ({"checksum": CHECKSUM}, ("checksum",)),
}
# What the balancer adds: how a profile is written, and what its answer says of the make. No person's to say.
OWN_WORDS: Mapping[CommandKind, Mapping[str, Any]] = {
    CommandKind.CLEAR_LIMITS: {"is_last": FLAG},
    CommandKind.READ_LIMIT: {"after_boot": FLAG},
    CommandKind.REMOTE_START: {"stack_level": INT32},
    CommandKind.SET_STATION_LIMIT: {"stack_level": INT32, "watts": INT32, "way": INT32, "tried": INT32},
}
BARE = (CommandKind.CLEAR_CACHE, CommandKind.UNLOCK, CommandKind.READ_LOCAL_LIST_VERSION)
ONE_CONNECTOR = (CommandKind.UNLOCK, CommandKind.SET_LIMIT)


def check_arguments(kind: CommandKind, arguments: Mapping[str, Any], *, has_connector: bool) -> None:
    """Raises BadCommand with a sentence for people. What the balancer queues itself is not in the table."""
    if kind in ONE_CONNECTOR and not has_connector:
        raise BadCommand("This command is for one connector.")
    validator = _validator(kind)
    if validator is None:
        return
    for wrong in validator.iter_errors(dict(arguments)):
        where = ".".join(str(step) for step in wrong.instance_path)
        raise BadCommand(f"{where}: {wrong.message}" if where else wrong.message)
    if "url" in arguments:
        _check_address(arguments["url"])
    if kind == CommandKind.CUSTOMER_DATA:
        _check_customer(arguments)


def refuse_own_words(kind: CommandKind, arguments: Mapping[str, Any]) -> None:
    """Raises BadCommand when a person says what only the balancer may."""
    if own := sorted(OWN_WORDS.get(kind, {}).keys() & arguments.keys()):
        raise BadCommand(f"Not for this command: {', '.join(own)}.")


@cache
def _validator(kind: CommandKind) -> jsonschema_rs.Draft202012Validator | None:
    if kind not in TABLE and kind not in BARE:
        return None
    properties, required = TABLE.get(kind, ({}, ()))
    schema = {
        "type": "object",
        "properties": {**properties, **OWN_WORDS.get(kind, {})},
        "required": list(required),
        "additionalProperties": False,
    }
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _check_customer(arguments: Mapping[str, Any]) -> None:
    if not {"id_tag", "customer"} & arguments.keys():
        raise BadCommand("Give the customer's card or name.")
    if not (arguments.get("report") or arguments.get("clear")):
        raise BadCommand("Choose whether to report or clear the data.")


def _check_address(url: str) -> None:
    """A charge point is not to be sent to this network's own machines: it would be our arm in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadCommand("The address can't be read.") from error
    if parts.scheme not in UPLOAD_SCHEMES or not host:
        raise BadCommand(f"The address begins with {', '.join(UPLOAD_SCHEMES)}.")
    try:
        is_inner = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_inner:
        raise BadCommand("The address is one of a private network.")
