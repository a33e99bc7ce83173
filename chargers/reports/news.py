"""Reports beside charging: security, certificates, the device model, limits of others, reservations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from chargers.enums import CommandKind, LaterState
from chargers.reports.base import Report
from chargers.reports.charging import StatusReport


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


@dataclass(frozen=True, slots=True)
class Later:
    """What a charge point tells of a command after its answer.

    `kinds`: whose it can be; `number` is the command's own, None where the version has none. `parts`: what it reports, if it is a report.
    """

    kinds: tuple[CommandKind, ...]
    number: int | None
    state: LaterState
    word: str = ""
    parts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterReport(Report):
    """How a command goes on that it had accepted before."""

    later: Later


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesReport(Report):
    """A page of its device model, or what it answered when asked for a part. `later`: the command that such a page belongs to."""

    variables: tuple[VariableTold, ...]
    later: Later | None = None


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
class GridFaultReport(Report):
    """Its grid support (DER) acts on a fault of the grid, or is over it. `fault` is empty where it was not said."""

    locks: ClassVar[bool] = True

    control: str
    charger_at: datetime | None
    fault: str = ""
    info: str = ""
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridControlReport(Report):
    """One of its controls of grid support began or ended; `superseded` are the ids of those that it took the place of."""

    control_id: str
    charger_at: datetime | None
    is_started: bool
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityReport(Report):
    """It charges a transaction first, by a profile of its own that outranks ours, or does so no longer."""

    locks: ClassVar[bool] = True

    transaction_uid: str
    is_active: bool


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
