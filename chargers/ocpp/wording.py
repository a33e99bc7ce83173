"""What every version needs to put the house's words into its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload
from chargers.reports import CommandOrder


def utc_text(at: datetime) -> str:
    """UTC with a Z and milliseconds, which the oldest parsers understand."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def renamed(arguments: Mapping[str, Any], names: Mapping[str, str]) -> Payload:
    """Those of the arguments that are given, under the names of the version."""
    return {theirs: arguments[ours] for ours, theirs in names.items() if ours in arguments}


def one_of(arguments: Mapping[str, Any], name: str, words: Mapping[str, str]) -> str:
    word = words.get(arguments[name])
    if word is None:
        raise BadCommand(f"{name} is one of {', '.join(words)}.")
    return word


def connector_of(order: CommandOrder) -> int:
    if order.connector_number is None:
        raise BadCommand("This command is for one connector.")
    return order.connector_number


def request_number(order: CommandOrder) -> int:
    # The charger repeats it in what it sends afterwards; a part of the command's own id will not come twice.
    return int(order.arguments.get("request_number", order.command_id.int % 2**31))
