"""What every version needs to put the house's words into its own."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from django.utils.translation import gettext

from chargers.enums import CommandKind, LaterState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload
from chargers.orders.base import number_of
from chargers.reports.base import Report, Source
from chargers.reports.commands import CommandOrder
from chargers.reports.news import Later, LaterReport

# Statuses of updates, uploads and publishing at which nothing more will come. All versions have the same words.
DONE = frozenset({"Installed", "Uploaded", "Published"})
FAILED = frozenset(
    {
        "AcceptedCanceled",
        "BadMessage",
        "DownloadFailed",
        "InstallVerificationFailed",
        "InstallationFailed",
        "InvalidChecksum",
        "InvalidSignature",
        "NotSupportedOperation",
        "PermissionDenied",
        "PublishFailed",
        "UploadFailed",
        "UploadFailure",
    }
)
IDLE = "Idle"


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
        raise BadCommand(gettext("The argument '%(name)s' is missing.") % {"name": name})
    if word not in words:
        raise BadCommand(gettext("%(name)s is one of %(words)s.") % {"name": name, "words": ", ".join(words)})
    return words[word]


def otherwise(given: int | None, usual: int) -> int:
    return usual if given is None else given


def connector_of(sent: CommandOrder) -> int:
    if sent.connector_number is None:
        raise BadCommand(gettext("This command is for one connector."))
    return sent.connector_number


def request_number(sent: CommandOrder, given: int | None = None) -> int:
    return number_of(sent.command_id, given)


def read_progress(*kinds: CommandKind) -> Callable[[Payload, Source, datetime], Report | None]:
    """A reader of the statuses of an update or an upload. Idle tells that there is none."""

    def read(payload: Payload, source: Source, received_at: datetime) -> Report | None:
        word = str(payload["status"])
        if word == IDLE:
            return None
        state = (
            LaterState.DONE if word in DONE else LaterState.FAILED if word in FAILED else LaterState.GOING_ON
        )
        return LaterReport(
            source=source,
            received_at=received_at,
            later=Later(kinds, payload.get("requestId"), state, word),
        )

    return read


def read_end(*kinds: CommandKind) -> Callable[[Payload, Source, datetime], Report | None]:
    """A reader of reports of which nothing is kept but that they came."""

    def read(payload: Payload, source: Source, received_at: datetime) -> Report:
        return LaterReport(source=source, received_at=received_at, later=later_part(payload, kinds))

    return read


def read_parts(name: str, *kinds: CommandKind) -> Callable[[Payload, Source, datetime], Report | None]:
    """A reader of reports that come in parts; the last one says that no other will come."""

    def read(payload: Payload, source: Source, received_at: datetime) -> Report:
        later = later_part(payload, kinds, tuple(payload.get(name, ())))
        return LaterReport(source=source, received_at=received_at, later=later)

    return read


def later_part(payload: Payload, kinds: tuple[CommandKind, ...], parts: tuple[Payload, ...] = ()) -> Later:
    state = LaterState.GOING_ON if payload.get("tbc", False) else LaterState.DONE
    return Later((*kinds, CommandKind.CALL), payload["requestId"], state, parts=parts)
