"""Whether arguments make an order of `chargers.orders`. A person's mistake is refused before it is queued."""

import ipaddress
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.orders import ORDERS
from chargers.orders.shape import arguments_of, schema_of

UPLOAD_SCHEMES = ("http", "https", "ftp", "ftps", "sftp")


def check_arguments(kind: CommandKind, arguments: Mapping[str, Any], *, has_connector: bool) -> None:
    """Raises BadCommand with a sentence for people. What only the server itself can queue is not checked."""
    if ORDERS[kind].needs_connector and not has_connector:
        raise BadCommand("This command is for one connector.")
    if ORDERS[kind].is_ours_alone:
        return
    for wrong in _validator(kind).iter_errors(dict(arguments)):
        where = ".".join(str(step) for step in wrong.instance_path)
        raise BadCommand(f"{where}: {wrong.message}" if where else wrong.message)
    if "url" in arguments:
        _check_address(arguments["url"])
    if kind == CommandKind.CUSTOMER_DATA:
        _check_customer(arguments)


def refuse_own_words(kind: CommandKind, arguments: Mapping[str, Any]) -> None:
    """Raises BadCommand when a person says what only the balancer may."""
    own = {one.stored for one in arguments_of(ORDERS[kind]) if one.is_balancers_own}
    if given := sorted(own & arguments.keys()):
        raise BadCommand(f"Not for this command: {', '.join(given)}.")


@cache
def _validator(kind: CommandKind) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_of(ORDERS[kind]), validate_formats=True)


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
