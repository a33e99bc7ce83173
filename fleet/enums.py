from evbalancer.common.words.choices import WordedChoices


class PlugState(WordedChoices):
    UNKNOWN = "unknown", "Unknown"
    UNPLUGGED = "unplugged", "Unplugged"
    PLUGGED = "plugged", "Plugged in"


class ChargeState(WordedChoices):
    UNKNOWN = "unknown", "Unknown"
    NOT_CHARGING = "not_charging", "Not charging"
    CHARGING = "charging", "Charging"
    FULL = "full", "Full"


class ReadingSource(WordedChoices):
    SMARTCAR = "smartcar", "Smartcar"
    CHARGER = "charger", "Charger"
    DRIVER = "driver", "Driver"
    MOCK = "mock", "Made-up car"


class ConnectionState(WordedChoices):
    CONNECTED = "connected", "Connected"
    RECONNECT_NEEDED = "reconnect_needed", "Reconnect needed"
    DISCONNECTING = "disconnecting", "Disconnecting"
    DISCONNECTED = "disconnected", "Disconnected"


class CallPurpose(WordedChoices):
    """Why the provider is called. Routine calls leave a reserve to the others."""

    STATE = "state", "Routine state"
    DRIVER = "driver", "Asked by the driver"
    CONTROL = "control", "Start, stop or charge limit"
    CONNECT = "connect", "Connecting or disconnecting"


class CallOutcome(WordedChoices):
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused by a limit"


class ToldBy(WordedChoices):
    """The source of the car of a stay."""

    NOBODY = "", "Nobody"
    EVIDENCE = "evidence", "Evidence"
    DRIVER = "driver", "The driver"


class WebhookKind(WordedChoices):
    VEHICLE_STATE = "VEHICLE_STATE", "State of a car"
    VEHICLE_ERROR = "VEHICLE_ERROR", "Error of a car"
    OTHER = "OTHER", "Other"
