"""Whether arguments make an order of `chargers.orders`. A person's mistake is refused before it is queued."""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from django.utils.translation import gettext

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.orders import ORDERS
from chargers.orders.base import Order
from chargers.orders.charging import TellCost
from chargers.orders.shape import read_fields, schema_of
from chargers.orders.trust import CustomerData
from chargers.orders.upkeep import Call, GetLog, PublishFirmware, UpdateFirmware

# As OCPP names them.
ADDRESSES = ("location", "remoteLocation")
UPLOAD_SCHEMES = ("http", "https", "ftp", "ftps", "sftp")


def make_order(kind: CommandKind, arguments: Mapping[str, Any]) -> Order:
    """The order that a person asks for. Raises BadCommand with the argument at fault."""
    order = ORDERS[kind]
    if order.is_ours_alone:
        raise BadCommand(gettext("Only the balancer sets limits of transactions and fallbacks."))
    _check_schema(_validator(kind, by_person=True), arguments)
    return order(**read_fields(order, arguments))


def check_order(order: Order, arguments: Mapping[str, Any], *, has_connector: bool) -> None:
    """Raises BadCommand with a sentence for people. `arguments`: as they are stored; the balancer's own are not checked."""
    if order.needs_connector and not has_connector:
        raise BadCommand(gettext("This command is for one connector."))
    if order.is_ours_alone:
        return
    _check_schema(_validator(order.kind, by_person=False), arguments)
    match order:
        case UpdateFirmware(url=url) | PublishFirmware(url=url) | GetLog(url=url):
            _check_address(url)
        case Call(payload=payload):
            for url in _addresses_in(payload):
                _check_address(url, argument="payload")
        case CustomerData():
            _check_customer(order)
        case TellCost(transaction_uid=None):
            raise BadCommand(gettext("The transaction's id is not known."), argument="transaction_uid")


def _check_schema(validator: jsonschema_rs.Draft202012Validator, arguments: Mapping[str, Any]) -> None:
    for wrong in validator.iter_errors(dict(arguments)):
        where = ".".join(str(step) for step in wrong.instance_path)
        message = f"{where}: {wrong.message}" if where else wrong.message
        raise BadCommand(message, argument=_argument_at_fault(wrong))


def _argument_at_fault(wrong: jsonschema_rs.ValidationError) -> str:
    """With the place in it: `entries.0.status`."""
    path = [str(step) for step in wrong.instance_path]
    match wrong.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            path.append(name)
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=[name, *_]):
            path.append(name)
    return ".".join(path)


@cache
def _validator(kind: CommandKind, *, by_person: bool) -> jsonschema_rs.Draft202012Validator:
    schema = schema_of(ORDERS[kind], by_person=by_person)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _check_customer(order: CustomerData) -> None:
    if order.id_tag is None and order.customer is None:
        raise BadCommand(gettext("Give the customer's card or name."))
    if not (order.report or order.clear):
        raise BadCommand(gettext("Choose whether to report or clear the data."))


def _addresses_in(payload: Any) -> Iterator[str]:
    """Where a call that a person worded has a charge point fetch or put a file."""
    match payload:
        case dict():
            for name, value in payload.items():
                if name in ADDRESSES and isinstance(value, str):
                    yield value
                yield from _addresses_in(value)
        case list():
            for value in payload:
                yield from _addresses_in(value)


def _check_address(url: str, *, argument: str = "url") -> None:
    """A charge point is not to be sent to this network's own machines: it would be our arm in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadCommand(gettext("The address can't be read."), argument=argument) from error
    if parts.scheme not in UPLOAD_SCHEMES or not host:
        raise BadCommand(
            gettext("The address begins with %(upload_schemes)s.")
            % {"upload_schemes": ", ".join(UPLOAD_SCHEMES)},
            argument=argument,
        )
    try:
        is_inner = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_inner:
        raise BadCommand(gettext("The address is one of a private network."), argument=argument)
