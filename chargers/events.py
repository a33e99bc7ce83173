"""What happens at charge points, in words of no OCPP version."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chargers.enums import CarTurn
from evbalancer.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsRevoked(Event):
    """What its open socket was admitted with opens none any more."""

    charge_point_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorStatusChanged(Event):
    connector_id: UUID
    cluster_id: UUID
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    """A car was plugged in (or its transaction is the first that we hear of it)."""

    session_id: UUID
    cluster_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStarted(Event):
    """`is_accepted`: its tag was. `reservation_number`: the reservation that the charger used for it, if any."""

    session_id: UUID
    cluster_id: UUID
    is_accepted: bool = True
    reservation_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarTurned(Event):
    """A transaction began or ended on a connector, so that it holds something else from now on."""

    connector_id: UUID
    turn: CarTurn
    phases_seen: str
    stop_reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityAsked(Event):
    """At the charger somebody asked that this transaction be served first."""

    session_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(Event):
    session_id: UUID
    cluster_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCorrected(Event):
    """The charger told times or energy of a transaction that had been closed, and billed, without them."""

    session_id: UUID
    cluster_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(Event):
    """The car was unplugged, or another transaction took the session's place."""

    session_id: UUID
    cluster_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CarLeft(Event):
    """The stay is over: nothing of it will charge again. `session_id` is its last."""

    session_id: UUID
    cluster_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged(Event):
    """Others than before may charge at a connector of the charge point, or at other times."""

    charge_point_id: UUID
    community_id: UUID
