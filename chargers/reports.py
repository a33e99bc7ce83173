"""What a charge point reports and what it is answered, in words of no OCPP version.

The protocol rooms translate frames into these, `chargers.domain.intake` takes them, and the outcome is translated
back. Every report says who it is from and when it arrived; the charger's own clock is a second time beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

from chargers.enums import CommandKind, CommandState, ConnectorStatus, Registration, TransactionPhase
from chargers.orders.base import Order, Unreadable

# The number by which a message means the whole charge point.
STATION: Final = 0


@dataclass(frozen=True, slots=True)
class Source:
    """An authenticated socket and the charge point behind it."""

    charge_point_id: UUID
    cluster_id: UUID
    community_id: UUID
    connection_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Whatever a writer takes. Each kind says of itself how it is taken."""

    # It changes reservations or sessions, so it waits for its cluster's lock.
    locks: ClassVar[bool] = False
    # It changes a session, or ends the socket that the session is metered through.
    turns: ClassVar[bool] = False
    # All of a batch are taken in one go; the others one after the other.
    is_batched: ClassVar[bool] = False
    # It takes many queries under the cluster's lock: a transaction has few of them, so that nobody waits for the last.
    is_costly: ClassVar[bool] = False
    # It needs no lock and a constant number of queries: where there are two writers, the quick one takes it.
    is_quick: ClassVar[bool] = False
    # A command on its way to a charger waits neither for a fuller batch nor behind hundreds of meter values.
    hurries: ClassVar[bool] = False

    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Incoming):
    """From the charge point behind an authenticated socket."""

    source: Source


# --- Sockets ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake(Incoming):
    """Somebody wants to open a socket as `identity`. `password` is None when no credentials were sent.

    `certificate` is the client's own, in DER; whoever ended TLS has verified its chain.
    """

    is_batched: ClassVar[bool] = True

    identity: str
    password: bytes | None
    ocpp_version: str
    connection_id: UUID
    address: str = ""
    is_secure: bool = False
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The socket may open. It may replace an older one, and commands may be waiting for it."""

    source: Source
    registration: Registration
    replaces: UUID | None
    has_orders: bool = False


@dataclass(frozen=True, slots=True)
class Stranger:
    """A stranger's socket may open, and waits: nobody decided about it yet."""

    pending_id: UUID
    connection_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(Report):
    """The socket is gone."""

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True


# --- From the charge point ----------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport(Report):
    """Connector 0 is the charge point itself.

    `is_coarse`: only that something is there is known; its transaction said the rest.
    """

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    is_costly: ClassVar[bool] = True

    connector_number: int
    status: ConnectorStatus
    is_coarse: bool = False
    error_code: str = ""
    # The maker's own words beside the code.
    vendor_error: str = ""
    error_info: str = ""
    # OCPP 2: which of the EVSE's connectors it is about.
    plug_number: int | None = None
    charger_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport(Report):
    """A driver showed an id tag."""

    is_batched: ClassVar[bool] = True
    is_quick: ClassVar[bool] = True

    id_tag: str


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """`status` in OCPP 1.6's words: Accepted, Blocked, Expired, Invalid or ConcurrentTx.

    `group` is the same for all tags of one driver: what one of them began, another may stop.
    """

    status: str
    expires_at: datetime | None = None
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReport(Report):
    """`uid`: the charger's own id of the transaction, where it is the charger that names them."""

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    is_costly: ClassVar[bool] = True

    connector_number: int
    id_tag: str
    meter_wh: int | None
    charger_at: datetime | None
    uid: str = ""
    reservation_number: int | None = None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StartOutcome:
    transaction_id: int
    status: str
    expires_at: datetime | None = None


class Sample(NamedTuple):
    """One moment of a meter, normalised. Currents, powers and voltages by the connector's own phases L1, L2, L3.

    `register` is the energy register as it was sent, `register_is_kwh` what its unit says; which reading of it is
    right is decided where the session is known. `current_ma` (and no `currents_ma`) holds when no phase was named.
    A tuple, because thousands a second are made.
    """

    measured_at: datetime | None
    context: str = ""
    register: float | None = None
    register_is_kwh: bool = False
    power_w: int | None = None
    currents_ma: tuple[int | None, int | None, int | None] | None = None
    current_ma: int | None = None
    voltages_mv: tuple[int | None, int | None, int | None] | None = None
    offered_ma: int | None = None
    charge_pct: int | None = None
    powers_w: tuple[int | None, int | None, int | None] | None = None


class SignedValue(NamedTuple):
    """What a meter signed, character by character as it was sent: nobody here reads or changes it."""

    measured_at: datetime | None
    context: str
    data: str
    # As the charger names them; empty where it doesn't, or where the data says so itself.
    encoding: str = ""
    method: str = ""
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReport(Report):
    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    is_costly: ClassVar[bool] = True

    transaction_id: int
    meter_wh: int | None
    charger_at: datetime | None
    reason: str = ""
    id_tag: str = ""
    samples: tuple[Sample, ...] = ()
    signed: tuple[SignedValue, ...] = ()
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionReport(Report):
    """One numbered event of a transaction that its charger named `uid`. They come repeated, late and with gaps.

    `id_tag` is None when none was shown, and "" when the charger asks for none. `status` is what the car does, None when
    that was not said or is history.
    """

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True

    uid: str
    phase: TransactionPhase
    sequence: int
    charger_at: datetime | None
    connector_number: int | None = None
    plug_number: int | None = None
    id_tag: str | None = None
    status: ConnectorStatus | None = None
    samples: tuple[Sample, ...] = ()
    signed: tuple[SignedValue, ...] = ()
    reason: str = ""
    reservation_number: int | None = None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """`token` judges the id tag of the event, if it had one. `cost_minor`: what the transaction has cost, at its end."""

    token: TokenOutcome | None = None
    cost_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReport(Report):
    """`sequence`: it came as that numbered event of its transaction, of the type and time that `mark` says."""

    is_batched: ClassVar[bool] = True
    is_quick: ClassVar[bool] = True

    connector_number: int
    transaction_id: int | None
    sequence: int | None = None
    mark: str = ""
    samples: tuple[Sample, ...]
    signed: tuple[SignedValue, ...] = ()
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplacedReport(Report):
    """The end of a transaction that is named in no way that can be read."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityReport(Report):
    """A security event; unknown kinds are kept like any other."""

    kind: str
    charger_at: datetime | None
    info: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest(Report):
    """It asks for a certificate of its own (PEM of a PKCS #10 request).

    `use` is "station", "vehicle_to_grid" or "vehicle_to_grid_20", empty where it was not said; `request_number` is its own.
    """

    csr: str
    use: str = ""
    request_number: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateOutcome:
    """Whether it will be sent a signed certificate."""

    is_accepted: bool


class VariableTold(NamedTuple):
    """One attribute of a variable of the charger's device model. EVSE and connector are 0 where they do not apply.

    None means not reported: it says nothing about earlier reports.
    """

    component: str
    variable: str
    component_instance: str = ""
    variable_instance: str = ""
    evse_number: int = 0
    connector_number: int = 0
    attribute: str = "Actual"
    value: str | None = None
    mutability: str | None = None
    data_type: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesReport(Report):
    """A page of its device model, or what it answered when asked for a part."""

    variables: tuple[VariableTold, ...]


class Occurrence(NamedTuple):
    """Something that a monitor of the charger saw."""

    about: VariableTold
    is_alert: bool
    is_over: bool
    charger_at: datetime | None
    info: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceReport(Report):
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatesReport(OccurrenceReport):
    """Events of which some tell the state of the charge point or of its connectors, in their order."""

    locks: ClassVar[bool] = True
    turns: ClassVar[bool] = True

    statuses: tuple[StatusReport, ...]


class LimitStep(NamedTuple):
    """From `from_s` (seconds since 1970) on this much: mA per phase, or W of all phases together."""

    from_s: float
    limit_ma: int | None = None
    limit_w: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimitReport(Report):
    """Somebody else limits a connector, or (0) the whole charge point. No steps: how far was not said.

    `is_over`: that one limits it no longer.
    """

    locks: ClassVar[bool] = True

    connector_number: int
    origin: str
    steps: tuple[LimitStep, ...] = ()
    is_grid_critical: bool = False
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationReport(Report):
    """A reservation ended without being used: expired, or removed by the charger."""

    reservation_number: int
    how: str


# --- Commands -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPull(Report):
    """The socket is free to send: is anything queued? `is_urgent`: a fallback or a cut, that is."""

    locks: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True
    hurries: ClassVar[bool] = True

    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class CommandOrder:
    """A claimed command: it is sent now, and only now."""

    command_id: UUID
    order: Order | Unreadable
    connector_number: int | None = None

    @property
    def kind(self) -> CommandKind:
        return self.order.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReply(Report):
    """What became of a command on the wire. UNKNOWN when no answer came."""

    locks: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True
    hurries: ClassVar[bool] = True

    command_id: UUID
    state: CommandState
    result: Mapping[str, Any] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of a report whose answer carries nothing."""


TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class SetAside:
    """No outcome yet: somebody else has locked what the report changes. It is to be handed in again."""


SET_ASIDE = SetAside()


@dataclass(frozen=True, slots=True)
class PassedOn:
    """No outcome yet: what it changes is locked first, by another desk."""


PASSED_ON = PassedOn()
Outcome = (
    Admission
    | BootOutcome
    | CertificateOutcome
    | TokenOutcome
    | StartOutcome
    | TransactionOutcome
    | CommandOrder
    | Stranger
    | PassedOn
    | SetAside
    | Taken
    | None
)


class Correction(NamedTuple):
    """What was put right in a message before it was read, and how often in it. `word`: an unknown word that was said there."""

    place: str
    how: str
    word: str = ""
    times: int = 1

    def __str__(self) -> str:
        word = f" ({self.word})" if self.word else ""
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.place}: {self.how}{word}{often}"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A frame for the OCPP log. The payload is as it came; `corrections` say how it was read."""

    source: Source
    at: datetime
    direction: str
    action: str
    unique_id: str
    payload: Mapping[str, Any] | None
    error: str = ""
    answered_ms: int | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """An open socket, and when it was last heard."""

    source: Source
    heard_at: datetime = field(compare=False)
