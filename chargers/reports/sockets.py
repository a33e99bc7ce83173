"""Reports about sockets: they open, boot and close."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from chargers.enums import OcppVersion, Registration
from chargers.reports.base import Incoming, Report, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake(Incoming):
    """Somebody wants to open a socket as `identity`. `password` is None when no credentials were sent.

    `offered` are the versions that both sides speak, in the order of the server's preference. `certificate` is the client's own, in
    DER; whoever ended TLS has verified its chain.
    """

    is_batched: ClassVar[bool] = True

    identity: str
    password: bytes | None
    offered: tuple[OcppVersion, ...]
    connection_id: UUID
    address: str = ""
    is_secure: bool = False
    certificate: bytes | None = None

    @property
    def preferred(self) -> OcppVersion | None:
        return next(iter(self.offered), None)


@dataclass(frozen=True, slots=True)
class Admission:
    """The socket may open and speaks `ocpp_version`; None: only to hear that we share no version.

    It may replace an older one, and commands may be waiting for it.
    """

    source: Source
    registration: Registration
    ocpp_version: OcppVersion | None
    replaces: UUID | None
    has_orders: bool = False


@dataclass(frozen=True, slots=True)
class Stranger:
    """A stranger's socket may open, and waits: nobody decided about it yet."""

    pending_id: UUID
    connection_id: UUID
    ocpp_version: OcppVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(Report):
    """The socket is gone."""

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BootReport(Report):
    locks: ClassVar[bool] = True
    is_costly: ClassVar[bool] = True

    vendor: str
    model: str
    serial_number: str = ""
    firmware_version: str = ""


@dataclass(frozen=True, slots=True)
class BootOutcome:
    registration: Registration
    interval_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerBoot(Incoming):
    """What a stranger says it is. Not a report of a charge point: there is none yet."""

    pending_id: UUID
    vendor: str
    model: str
    serial_number: str
    firmware_version: str


@dataclass(frozen=True, slots=True)
class StrangerOutcome(BootOutcome):
    """`is_over`: it was decided meanwhile, and the stranger has to connect again."""

    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """An open socket, and when it was last heard."""

    source: Source
    heard_at: datetime = field(compare=False)
