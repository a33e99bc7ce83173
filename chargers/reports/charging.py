"""Reports about charging: connector states, cards, transactions and meter values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from chargers.enums import ConnectorStatus, TransactionPhase
from chargers.reports.base import Report


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
    """`status` in OCPP's words: Accepted, Blocked, Expired, Invalid, ConcurrentTx, NotAtThisLocation or NotAtThisTime.

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
    right is decided where the session is known. `export_wh` is the register of what was fed back. `current_ma` (and no `currents_ma`) holds when no phase was named.
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
    export_wh: int | None = None


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
