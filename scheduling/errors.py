from typing import ClassVar

from evbalancer.common.errors import DomainError


class SlotTaken(DomainError):  # noqa: N818 (errors here are named for what happened)
    code: ClassVar[str] = "slot_taken"
    title: ClassVar[str] = "The connector is booked in this window"


class SlotRefused(DomainError):  # noqa: N818
    code: ClassVar[str] = "slot_refused"
    title: ClassVar[str] = "This can't be promised"


class VehicleBooked(DomainError):  # noqa: N818
    code: ClassVar[str] = "vehicle_already_booked"
    title: ClassVar[str] = "This car already has a slot in that window"


class TooManySlots(DomainError):  # noqa: N818
    code: ClassVar[str] = "too_many_slots"
    title: ClassVar[str] = "You have the maximum number of slots"


class IllegalMove(DomainError):  # noqa: N818
    code: ClassVar[str] = "illegal_move"
    title: ClassVar[str] = "That can't be done in this state"


class EmergencyOpen(DomainError):  # noqa: N818
    code: ClassVar[str] = "emergency_open"
    title: ClassVar[str] = "You already have an open emergency"
