"""The source of a report, and how a writer takes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

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
