"""What a version of OCPP has to offer to a link: how it reads calls, words answers and writes commands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from chargers.enums import CommandState
from chargers.reports.base import Report, Source
from chargers.reports.charging import UnplacedReport
from chargers.reports.commands import CommandOrder

Payload = dict[str, Any]
ENDED_WORDS = ("ended", "end", "stop", "stopped", "finished")


class Request(NamedTuple):
    """A command in the words of a version."""

    action: str
    payload: Payload


class Verdict(NamedTuple):
    """What a charge point's answer to a command means. `result` is the answer in the house's words where it has any."""

    state: CommandState
    error: str = ""
    result: Payload | None = None


@dataclass(frozen=True, slots=True)
class Handler:
    """How one action is taken: `read` makes a report, or None when nothing needs to be stored; `answer` words the outcome that this report has."""

    read: Callable[[Payload, Source, datetime], Report | None]
    answer: Callable[[Any, datetime], Payload]
    is_logged: bool | Callable[[Payload], bool] = True
    # Of a call whose answer repeats what it says, and of which nothing is stored.
    echo: Callable[[Payload, datetime], Payload] | None = None

    def word(self, said: Payload, outcome: Any, received_at: datetime) -> Payload:
        """The answer to what was said."""
        return self.answer(outcome, received_at) if self.echo is None else self.echo(said, received_at)

    def logs(self, payload: Payload) -> bool:
        return self.is_logged(payload) if callable(self.is_logged) else self.is_logged


def nothing_learnt(request: Request, answer: Payload, source: Source, received_at: datetime) -> None:
    """Of a version whose answers tell nothing beside a command's outcome."""


def _read_unplaced(payload: Payload, source: Source, received_at: datetime) -> Report:
    return UnplacedReport(source=source, received_at=received_at, payload=payload)


def _answer_nothing(outcome: Any, received_at: datetime) -> Payload:
    return {}


# Confirmed and kept aside for a person: refused, it would come again for ever.
UNPLACED_END = Handler(_read_unplaced, _answer_nothing)


def is_end_of_16(action: str, payload: Payload) -> bool:
    return action == "StopTransaction"


def is_end_of_20(action: str, payload: Payload) -> bool:
    return action == "TransactionEvent" and str(payload.get("eventType", "")).casefold() in ENDED_WORDS


# What a call of a charge point is used for, in every version that has it, or why nothing is made of it. docs/ocpp.md lists it.
USES: Mapping[str, str] = {
    "Authorize": "the card is judged; contract certificates are not, as nobody here asks their authorities",
    "BatterySwap": "confirmed: no batteries are swapped here",
    "BootNotification": "registration, make and firmware; its fallback and settings are written after it",
    "ClearedChargingLimit": "the limit of others is over",
    "ClosePeriodicEventStream": "confirmed: no stream was opened",
    "DataTransfer": "no vendor is known",
    "DiagnosticsStatusNotification": "how the upload that was ordered goes on",
    "FirmwareStatusNotification": "how the update that was ordered goes on; a failed one is an alarm",
    "Get15118EVCertificate": "declined: contracts are a mobility operator's",
    "GetCertificateChainStatus": "Failed for each: nobody here asks the authorities",
    "GetCertificateStatus": "declined: nobody here asks the authorities",
    "Heartbeat": "the time",
    "LogStatusNotification": "how the upload that was ordered goes on",
    "MeterValues": "energy, also fed back, power and currents; signed values are kept",
    "NotifyChargingLimit": "the limit of others counts beside ours",
    "NotifyCustomerInformation": "ends the command that asked; its content is in the OCPP log alone",
    "NotifyDERAlarm": "an alarm until it ends; shown to people",
    "NotifyDERStartStop": "shown to people",
    "NotifyDisplayMessages": "kept with the command that asked",
    "NotifyEVChargingNeeds": "least and most current, energy and departure count for the session; shown with it",
    "NotifyEVChargingSchedule": "compared with what is granted: accepted within it, rejected above; shown with the session",
    "NotifyEvent": "values of the device model, states of connectors, alerts for people",
    "NotifyMonitoringReport": "kept with the command that asked",
    "NotifyPriorityCharging": "an emergency by the same rules; the priority itself is stopped at the charge point",
    "NotifyReport": "the device model; ends the command that asked",
    "NotifySettlement": "confirmed: no payment is taken at charge points",
    "OpenPeriodicEventStream": "declined: transactions bring their meters",
    "PublishFirmwareStatusNotification": "how the publication that was ordered goes on",
    "PullDynamicScheduleUpdate": "declined: no profile of ours is dynamic",
    "ReportChargingProfiles": "kept with the command that asked",
    "ReportDERControl": "kept with the command that asked",
    "ReservationStatusUpdate": "shown to people",
    "SecurityEventNotification": "shown to people; unknown kinds too",
    "SignCertificate": "a certificate is signed, if it is for its own identity",
    "SignedFirmwareStatusNotification": "how the update that was ordered goes on; a failed one is an alarm",
    "StartTransaction": "the session begins, and its card is judged",
    "StatusNotification": "state of a connector or of the whole charge point",
    "StopTransaction": "the session ends, and is billed",
    "TransactionEvent": "the session, its meter and its end with the cost",
    "VatNumberValidation": "declined: nobody here can validate it",
}


@dataclass(frozen=True, slots=True)
class Division:
    """How a call can be divided: by which list, and which variables say how much of it one message may carry.

    Of several names for a bound the first that the charge point knows counts. `version` and `update`: a list of cards grows
    from piece to piece, each a version of its own.
    """

    items: str
    most_items: tuple[str, ...]
    most_bytes: tuple[str, ...] = ()
    version: str = ""
    update: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """All that a link knows of a version. `package` names the schemas of the `ocpp` package."""

    subprotocol: str
    package: str
    handlers: Mapping[str, Handler]
    translate: Callable[[CommandOrder], Request]
    judge: Callable[[CommandOrder, Payload], Verdict]
    # What an answer tells beside the command's outcome.
    learn: Callable[[Request, Payload, Source, datetime], Report | None] = nothing_learnt
    is_end: Callable[[str, Payload], bool] = is_end_of_20
    divisions: Mapping[str, Division] = field(default_factory=dict)
    request_suffix: str = ""
    error_codes: Mapping[str, str] = field(default_factory=dict)
    # Messages that nobody confirms, and errors about results (OCPP 2.1).
    has_asides: bool = False

    def request_schema(self, action: str) -> str:
        return action + self.request_suffix

    def response_schema(self, action: str) -> str:
        return f"{action}Response"

    def error_code(self, code: str) -> str:
        """The house words errors as 1.6 does, misspelt ones included (errata 5.1 and 5.2)."""
        return self.error_codes.get(code, code)
