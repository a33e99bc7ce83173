from django.db import models


class Role(models.TextChoices):
    MANAGER = "manager", "Manager"
    DRIVER = "driver", "Driver"
    RESIDENT = "resident", "Resident"


class IdTagKind(models.TextChoices):
    RFID = "rfid", "RFID card"
    APP = "app", "App"
    CONTRACT = "contract", "Plug & charge contract"
    AUTOCHARGE = "autocharge", "Autocharge (vehicle MAC)"


class NotificationKind(models.TextChoices):
    SLOT_MOVED = "slot_moved", "Slot moved"
    CAR_FULL = "car_full", "Car full"
    POWER_CUT = "power_cut", "Power cut"
    OVERSTAY = "overstay", "Overstay warning"
    EMERGENCY = "emergency", "Emergency decision"
    STANDING = "standing", "Strike or appeal"


class AuthorizationStatus(models.TextChoices):
    """OCPP's answer to an id tag. `ConcurrentTx` is found by who knows the sessions."""

    ACCEPTED = "Accepted", "Accepted"
    BLOCKED = "Blocked", "Blocked"
    EXPIRED = "Expired", "Expired"
    INVALID = "Invalid", "Invalid"
    CONCURRENT_TX = "ConcurrentTx", "Already charging"
