"""Orders that keep a charge point going: restarts, configuration, firmware, logs, network."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from chargers.enums import CommandKind
from chargers.orders.base import Order
from chargers.orders.shape import ADDED_WHEN_SENT, Asked, Bounds, Stored
from chargers.orders.words import (
    ADDRESS_HELP,
    FIRST_PLUG,
    SECURITY_PROFILES,
    TRIGGERS,
    Address,
    Checksum,
    Image,
    JsonObject,
    LogKind,
    Moment,
    Name,
    Names,
    NetworkInterface,
    Pem,
    ResetKind,
    Tries,
    TriesApart,
    Whole,
    Word,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Order):
    kind: ClassVar[CommandKind] = CommandKind.TRIGGER

    message: Annotated[Word, Asked("Ask for", offers=tuple((name, name) for name in TRIGGERS))]
    extended: bool = False
    plug_number: Annotated[int, ADDED_WHEN_SENT] = FIRST_PLUG


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Order):
    kind: ClassVar[CommandKind] = CommandKind.RESET

    reset_kind: Annotated[ResetKind, Stored("kind"), Asked("How")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfiguration(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_CONFIGURATION
    note: ClassVar[str] = "all of them without `keys`"

    keys: Annotated[
        Names,
        Asked(
            "Keys",
            "Names separated by blanks, as MeterValueSampleInterval or OCPPCommCtrlr.HeartbeatInterval; "
            "empty reads all of them.",
        ),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeConfiguration(Order):
    kind: ClassVar[CommandKind] = CommandKind.CHANGE_CONFIGURATION

    key: Annotated[Name, Asked("Key")]
    value: Annotated[str, Bounds({"maxLength": 1_000}), Asked("Value", required=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFirmware(Order):
    kind: ClassVar[CommandKind] = CommandKind.UPDATE_FIRMWARE

    url: Image
    retrieve_at: Annotated[Moment, Asked("Download from")]
    install_at: Annotated[Moment | None, Asked("Install from")] = None
    retries: Tries = None
    retry_s: TriesApart = None
    certificate: Annotated[
        Pem | None, Asked("Signing certificate", "Of signed firmware, with its signature.")
    ] = None
    signature: Annotated[str | None, Bounds({"minLength": 1, "maxLength": 800}), Asked("Signature")] = None
    request_number: Whole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishFirmware(Order):
    kind: ClassVar[CommandKind] = CommandKind.PUBLISH_FIRMWARE

    url: Image
    checksum: Checksum
    retries: Tries = None
    retry_s: TriesApart = None
    request_number: Whole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpublishFirmware(Order):
    kind: ClassVar[CommandKind] = CommandKind.UNPUBLISH_FIRMWARE

    checksum: Checksum


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLog(Order):
    kind: ClassVar[CommandKind] = CommandKind.GET_LOG

    log_kind: Annotated[LogKind, Stored("kind"), Asked("Which")]
    url: Annotated[Address, Asked("Upload to", ADDRESS_HELP)]
    since: Annotated[Moment | None, Asked("From")] = None
    until: Annotated[Moment | None, Asked("Until")] = None
    retries: Tries = None
    retry_s: TriesApart = None
    request_number: Whole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetwork(Order):
    kind: ClassVar[CommandKind] = CommandKind.SET_NETWORK

    slot: Annotated[Whole, Asked("Slot")]
    server_url: Annotated[
        str,
        Bounds({"pattern": "^wss?://[^/]+", "maxLength": 512}),
        Asked("Address of the server", "wss:// or ws://"),
    ]
    security_profile: Annotated[
        int, Bounds({"minimum": 0, "maximum": 3}), Asked("Security profile", offers=SECURITY_PROFILES)
    ]
    timeout_s: Annotated[Whole, Asked("Seconds until a call has failed", initial=30)]
    interface: Annotated[NetworkInterface, Asked("Over")] = NetworkInterface.WIRED_0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransfer(Order):
    kind: ClassVar[CommandKind] = CommandKind.DATA_TRANSFER

    vendor: Annotated[str, Bounds({"maxLength": 255}), Asked("Vendor")]
    message: Annotated[Word | None, Asked("Message")] = None
    data: Annotated[str | None, Asked("Content", rows=4)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Order):
    """Whatever no order has words for. Charging profiles and lists of cards are not sent so: what the balancer counts on would be wrong."""

    kind: ClassVar[CommandKind] = CommandKind.CALL
    note: ClassVar[str] = "`payload` as its version of OCPP words it; without `requestId` it gets one"

    action: Annotated[Word, Asked("Call", "As OCPP names it, as SetDERControl.")]
    payload: Annotated[
        JsonObject | None, Asked("Content", "JSON. It is checked against the schema of the version.")
    ] = None
