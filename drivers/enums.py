from django.utils.translation import gettext_noop

from evbalancer.common.words.choices import WordedChoices


class Role(WordedChoices):
    MANAGER = "manager", "Manager"
    DRIVER = "driver", "Driver"
    RESIDENT = "resident", "Resident"


class FlatKind(WordedChoices):
    FLAT = "flat", "Flat"
    COST_CENTRE = "cost_centre", "Cost centre"


class IdTagKind(WordedChoices):
    RFID = "rfid", "RFID card"
    APP = "app", "App"
    CONTRACT = "contract", "Plug & charge contract"
    AUTOCHARGE = "autocharge", "Autocharge (vehicle MAC)"


class NotificationKind(WordedChoices):
    SLOT_MOVED = "slot_moved", gettext_noop("Slot moved")
    CAR_FULL = "car_full", gettext_noop("Car full")
    POWER_CUT = "power_cut", gettext_noop("Power cut")
    OVERSTAY = "overstay", gettext_noop("Overstay warning")
    EMERGENCY = "emergency", gettext_noop("Emergency decision")
    STANDING = "standing", gettext_noop("Strike or appeal")
    OVERDRAW = "overdraw", gettext_noop("A car draws too much")
    ACCOUNT = "account", gettext_noop("Your account")
    STATEMENT = "statement", gettext_noop("Statement")
    METER = "meter", gettext_noop("A meter can't be believed")
    ACCESS = "access", gettext_noop("A space is not open to you")


class AuthorizationStatus(WordedChoices):
    """OCPP's answer to an id tag. `ConcurrentTx` is found by who knows the sessions, those of place and time by who knows the spaces."""

    ACCEPTED = "Accepted", "Accepted"
    BLOCKED = "Blocked", "Blocked"
    EXPIRED = "Expired", "Expired"
    INVALID = "Invalid", "Invalid"
    CONCURRENT_TX = "ConcurrentTx", "Already charging"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation", "Not at this space"
    NOT_AT_THIS_TIME = "NotAtThisTime", "Not at this time"
