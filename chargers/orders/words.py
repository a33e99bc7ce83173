"""What an argument can be one of, with what a form calls it, and the types that several orders share."""

from typing import Annotated, Any

from django.db.models import TextChoices

from chargers.orders.shape import OF_A_CARD, Asked, Bounds, Unit

MOST_WHOLE = 2**31 - 1
# What is assumed where nothing else is known: the kind of an identifier, and a connector's only plug.
CARD = "rfid"
FIRST_PLUG = 1
ADDRESS_HELP = "http, https, ftp, ftps or sftp."
NAMES_HELP = "Component.Variable, separated by blanks, as EVSE/1.Power; a component alone means all of it."
PEM_TYPE = "application/x-pem-file"
AMPERES = Unit(per=1_000, places=1, most=1_000)
MONEY = Unit(per=100, places=2)
# What a form offers to ask a charge point for. Makers have more.
TRIGGERS = (
    "StatusNotification",
    "MeterValues",
    "BootNotification",
    "Heartbeat",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SignChargePointCertificate",
    "TransactionEvent",
)
SECURITY_PROFILES = ((1, "1: password"), (2, "2: TLS and password"), (3, "3: TLS with client certificate"))

Whole = Annotated[int, Bounds({"minimum": 0, "maximum": MOST_WHOLE})]
Word = Annotated[str, Bounds({"minLength": 1, "maxLength": 50})]
Name = Annotated[str, Bounds({"minLength": 1, "maxLength": 160})]
Names = Annotated[tuple[Name, ...], Bounds({"maxItems": 100})]
Severity = Annotated[int, Bounds({"minimum": 0, "maximum": 9})]
Token = Annotated[str, Bounds({"minLength": 1, "maxLength": 36})]
CardToken = Annotated[Token, OF_A_CARD]
# ISO 8601, and passed on as it was given.
Moment = Annotated[str, Bounds({"format": "date-time"})]
Address = Annotated[str, Bounds({"minLength": 8, "maxLength": 512})]
Pem = Annotated[str, Bounds({"minLength": 1, "maxLength": 10_000, "contentMediaType": PEM_TYPE})]
Checksum = Annotated[str, Bounds({"pattern": "^[0-9A-Fa-f]{32}$"}), Asked("MD5 checksum")]
Image = Annotated[Address, Asked("Address of the image", ADDRESS_HELP)]
Tries = Annotated[Whole | None, Asked("Tries")]
TriesApart = Annotated[Whole | None, Asked("Seconds between tries")]
JsonObject = dict[str, Any]
# As the charge point counts transactions: a number in OCPP 1.6, a text since 2.0.1. Either may be unknown.
TransactionId = Annotated[int | None, Bounds({"type": ["integer", "null"]})]
TransactionUid = Annotated[str | None, Bounds({"type": ["string", "null"]})]


class ResetKind(TextChoices):
    SOFT = "soft", "Gently: sessions end properly first"
    HARD = "hard", "At once: like pulling the plug"
    RESUME = "resume", "At once, and sessions go on afterwards (OCPP 2.1)"


class Purpose(TextChoices):
    """What a charging profile is for."""

    TRANSACTION = "TxProfile", "Of a transaction"
    DEFAULT = "TxDefaultProfile", "Default of every transaction"
    STATION = "ChargePointMaxProfile", "The whole charge point"


class ShownPurpose(TextChoices):
    """The purposes by which profiles are listed: those that others set are among them."""

    TRANSACTION = Purpose.TRANSACTION.value, Purpose.TRANSACTION.label
    DEFAULT = Purpose.DEFAULT.value, Purpose.DEFAULT.label
    STATION = Purpose.STATION.value, Purpose.STATION.label
    OUTSIDE = "ChargingStationExternalConstraints", "Limits of others"
    PRIORITY = "PriorityCharging", "Priority charging (OCPP 2.1)"
    LOCAL = "LocalGeneration", "Local generation (OCPP 2.1)"


class LimitSource(TextChoices):
    """Who set a charging profile, in OCPP's words."""

    EMS = "EMS", "An energy manager"
    CSO = "CSO", "This server"
    SO = "SO", "The grid operator"
    OTHER = "Other", "Others"


class RateUnit(TextChoices):
    AMPERES = "A", "Amperes"
    WATTS = "W", "Watts"


class ListStatus(TextChoices):
    """What a charge point makes of a card on its list."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT = "ConcurrentTx"


class LogKind(TextChoices):
    DIAGNOSTICS = "diagnostics", "Diagnostics"
    SECURITY = "security", "Security"


class RootUse(TextChoices):
    """What a root certificate is trusted for."""

    SERVER = "central_system", "Of this server"
    MANUFACTURER = "manufacturer", "Of the manufacturer's firmware"
    VEHICLE_TO_GRID = "vehicle_to_grid", "Of plug & charge (V2G)"
    OPERATOR = "mobility_operator", "Of drivers' contracts (MO)"
    CAR_MAKER = "car_maker", "Of cars' makers (OEM, OCPP 2.1)"


class ShownUse(TextChoices):
    """By what installed certificates are listed: the charge point's own chain is among them."""

    SERVER = RootUse.SERVER.value, RootUse.SERVER.label
    MANUFACTURER = RootUse.MANUFACTURER.value, RootUse.MANUFACTURER.label
    VEHICLE_TO_GRID = RootUse.VEHICLE_TO_GRID.value, RootUse.VEHICLE_TO_GRID.label
    OPERATOR = RootUse.OPERATOR.value, RootUse.OPERATOR.label
    CAR_MAKER = RootUse.CAR_MAKER.value, RootUse.CAR_MAKER.label
    OWN_CHAIN = "vehicle_to_grid_chain", "Its own chain for plug & charge"


class HashAlgorithm(TextChoices):
    SHA256 = "SHA256", "SHA256"
    SHA384 = "SHA384", "SHA384"
    SHA512 = "SHA512", "SHA512"


class ChainUse(TextChoices):
    """What a charge point's own certificate is for."""

    STATION = "station"
    VEHICLE_TO_GRID = "vehicle_to_grid"
    VEHICLE_TO_GRID_20 = "vehicle_to_grid_20"


class NetworkInterface(TextChoices):
    WIRED_0 = "Wired0", "Wired 0"
    WIRED_1 = "Wired1", "Wired 1"
    WIRED_2 = "Wired2", "Wired 2"
    WIRED_3 = "Wired3", "Wired 3"
    WIRELESS_0 = "Wireless0", "Wireless 0"
    WIRELESS_1 = "Wireless1", "Wireless 1"
    WIRELESS_2 = "Wireless2", "Wireless 2"
    WIRELESS_3 = "Wireless3", "Wireless 3"


class Inventory(TextChoices):
    """A part of the device model."""

    CONFIGURATION = "configuration", "What can be configured"
    FULL = "full", "Everything"
    SUMMARY = "summary", "What is wrong"


class Criterion(TextChoices):
    """Which components are reported."""

    ACTIVE = "active", "Active"
    AVAILABLE = "available", "Available"
    ENABLED = "enabled", "Enabled"
    PROBLEM = "problem", "Faulty"


class MonitoringBase(TextChoices):
    ALL = "all", "All that were set"
    FACTORY = "factory", "The factory's"
    HARD_WIRED = "hard_wired", "Only the built-in ones"


class MonitorKind(TextChoices):
    ABOVE = "above", "It rises above"
    BELOW = "below", "It falls below"
    CHANGE = "change", "It changes by"
    PERIODIC = "periodic", "Every so many seconds"
    CLOCK_ALIGNED = "clock_aligned", "Every so many seconds of the clock"


class MonitorGroup(TextChoices):
    THRESHOLD = "threshold", "Thresholds"
    CHANGE = "change", "Changes"
    PERIODIC = "periodic", "Periods"


class MessagePriority(TextChoices):
    """Where a message stands among the others on the display."""

    CYCLE = "cycle", "In turn with others"
    FRONT = "front", "Before others"
    ALWAYS = "always", "Always in front"


class DisplayState(TextChoices):
    """When a message is shown."""

    CHARGING = "charging", "While charging"
    IDLE = "idle", "While idle"
    FAULTED = "faulted", "While faulted"
    UNAVAILABLE = "unavailable", "While out of service"
