"""Orders about charging itself: sessions, cables, limits, reservations."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from chargers.enums import CommandKind
from chargers.orders.base import Order
from chargers.orders.shape import ADDED_WHEN_SENT, BALANCERS_OWN, FOUND_OUT, Asked, Stored
from chargers.orders.words import (
    AMPERES,
    CARD,
    FIRST_PLUG,
    MONEY,
    CardToken,
    LimitSource,
    Moment,
    Purpose,
    RateUnit,
    ShownPurpose,
    Token,
    TransactionId,
    TransactionUid,
    Whole,
)

RUNNING = "what runs on the connector"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStart(Order):
    kind: ClassVar[CommandKind] = CommandKind.REMOTE_START

    id_tag: Annotated[CardToken, Asked("For", "The driver who is billed.")]
    limit_ma: Whole | None = None
    duration_s: Whole | None = None
    remote_start_number: Whole | None = None
    stack_level: Annotated[Whole | None, BALANCERS_OWN] = None
    id_tag_kind: Annotated[str, ADDED_WHEN_SENT] = CARD


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStop(Order):
    kind: ClassVar[CommandKind] = CommandKind.REMOTE_STOP
    note: ClassVar[str] = RUNNING

    transaction_id: Annotated[TransactionId, FOUND_OUT] = None
    transaction_uid: Annotated[TransactionUid, FOUND_OUT] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock(Order):
    kind: ClassVar[CommandKind] = CommandKind.UNLOCK
    needs_connector: ClassVar[bool] = True

    plug_number: Annotated[int, ADDED_WHEN_SENT] = FIRST_PLUG


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAvailability(Order):
    kind: ClassVar[CommandKind] = CommandKind.CHANGE_AVAILABILITY

    operative: Annotated[bool, Asked("Make it", offers=((False, "Out of service"), (True, "In service")))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Order):
    kind: ClassVar[CommandKind] = CommandKind.RESERVE

    id_tag: Annotated[CardToken, Asked("For")]
    expires_at: Annotated[Moment, Asked("Until")]
    reservation_number: Annotated[Whole, Asked("Number", "The same number replaces a reservation.")]
    parent_id_tag: Token | None = None
    id_tag_kind: Annotated[str, ADDED_WHEN_SENT] = CARD


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReservation(Order):
    kind: ClassVar[CommandKind] = CommandKind.CANCEL_RESERVATION

    reservation_number: Annotated[Whole, Asked("Number")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit(Order):
    """The limit of a transaction. `begins_at` and `ends_at` are seconds since 1970."""

    kind: ClassVar[CommandKind] = CommandKind.SET_LIMIT
    is_ours_alone: ClassVar[bool] = True
    needs_connector: ClassVar[bool] = True

    limit_ma: int
    transaction_id: TransactionId = None
    transaction_uid: TransactionUid = None
    stack_level: int | None = None
    begins_at: float | None = None
    ends_at: float | None = None
    volts: int | None = None
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFallback(Order):
    """What a connector falls back to. `rung`: the way of writing it that is tried."""

    kind: ClassVar[CommandKind] = CommandKind.SET_FALLBACK
    is_ours_alone: ClassVar[bool] = True

    limit_ma: int
    wait_s: int = 0
    stack_level: int | None = None
    levels_up: int = 0
    unit: str = "A"
    volts: int | None = None
    rung: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimit(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_LIMIT

    duration_s: Whole = 3_600
    unit: Annotated[RateUnit | None, Asked("In", empty="Amperes")] = None
    after_boot: Annotated[bool, BALANCERS_OWN] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProfiles(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_PROFILES

    purpose: Annotated[ShownPurpose | None, Asked("Purpose")] = None
    stack_level: Annotated[Whole | None, Asked("Stack level")] = None
    profile_number: Annotated[Whole | None, Asked("Number of the profile")] = None
    sources: Annotated[tuple[LimitSource, ...], Asked("Set by")] = ()
    is_whole: Annotated[bool, Stored("whole"), Asked("Only those of the whole charge point (EVSE 0)")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearLimits(Order):
    kind: ClassVar[CommandKind] = CommandKind.CLEAR_LIMITS

    purpose: Annotated[Purpose | None, Asked("Purpose")] = None
    stack_level: Annotated[Whole | None, Asked("Stack level")] = None
    profile_number: Annotated[Whole | None, Asked("Number of the profile")] = None
    is_last: Annotated[bool | None, BALANCERS_OWN] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStationLimit(Order):
    kind: ClassVar[CommandKind] = CommandKind.SET_STATION_LIMIT

    limit_ma: Annotated[
        Whole,
        Asked(
            "At most (A)",
            "Per phase, all connectors together. It never raises what the balancer allows.",
            unit=AMPERES,
        ),
    ]
    stack_level: Annotated[Whole, BALANCERS_OWN] = 0
    watts: Annotated[Whole | None, BALANCERS_OWN] = None
    way: Annotated[Whole | None, BALANCERS_OWN] = None
    tried: Annotated[Whole | None, BALANCERS_OWN] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTransaction(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_TRANSACTION

    transaction_uid: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellCost(Order):
    kind: ClassVar[CommandKind] = CommandKind.TELL_COST
    note: ClassVar[str] = f"in cents, of {RUNNING}"

    cost_minor: Annotated[Whole, Asked("Cost so far", unit=MONEY)]
    transaction_uid: Annotated[Token | None, FOUND_OUT] = None
    transaction_id: Annotated[TransactionId, FOUND_OUT] = None
