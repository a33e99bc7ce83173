"""What every version needs to put the house's words into its own."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload
from chargers.reports.commands import CommandOrder


def utc_text(at: datetime) -> str:
    """UTC with a Z and milliseconds, which the oldest parsers understand."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def renamed(order: object, names: Mapping[str, str]) -> Payload:
    """Those of the order's fields that are given, under the names of the version."""
    given = {theirs: getattr(order, ours) for ours, theirs in names.items()}
    return {name: plain(value) for name, value in given.items() if value is not None}


def plain(value: Any) -> Any:
    """As it goes on the wire."""
    return value.value if isinstance(value, Enum) else value


def one_of(name: str, word: str | None, words: Mapping[str, str]) -> str:
    """A version's word for ours; BadCommand where it has none. `name` is the argument's."""
    if word is None:
        raise BadCommand(f"The argument '{name}' is missing.")
    if word not in words:
        raise BadCommand(f"{name} is one of {', '.join(words)}.")
    return words[word]


def otherwise(given: int | None, usual: int) -> int:
    return usual if given is None else given


def connector_of(sent: CommandOrder) -> int:
    if sent.connector_number is None:
        raise BadCommand("This command is for one connector.")
    return sent.connector_number


def request_number(sent: CommandOrder, given: int | None = None) -> int:
    # The charger repeats it in what it sends afterwards; a part of the command's own id will not come twice.
    return otherwise(given, sent.command_id.int % 2**31)
