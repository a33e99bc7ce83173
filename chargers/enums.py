from enum import Enum

from django.utils.translation import gettext_noop

from evbalancer.common.words.choices import WordedChoices, WordedNumbers


class OcppVersion(WordedChoices):
    V16 = "ocpp1.6", "OCPP 1.6J"
    V201 = "ocpp2.0.1", "OCPP 2.0.1"
    V21 = "ocpp2.1", "OCPP 2.1"


class Registration(WordedChoices):
    """OCPP's RegistrationStatus: what a boot is answered."""

    PENDING = "pending", "Pending"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class SecurityProfile(WordedNumbers):
    """OCPP's: how a charge point proves who it is. The higher the safer."""

    NONE = 0, "0: nothing, from trusted networks only"
    PASSWORD = 1, "1: a key"
    TLS = 2, "2: TLS and a key"
    CERTIFICATE = 3, "3: TLS and a certificate of its own"


class PhaseRotation(WordedChoices):
    """Which grid phases (R = L1, S = L2, T = L3) hang on the connector's own L1, L2, L3. OCPP's letters."""

    UNKNOWN = "", "Unknown: counts on all three"
    R = "R", "Single phase on L1"
    S = "S", "Single phase on L2"
    T = "T", "Single phase on L3"
    RST = "RST", "RST"
    RTS = "RTS", "RTS"
    SRT = "SRT", "SRT"
    STR = "STR", "STR"
    TRS = "TRS", "TRS"
    TSR = "TSR", "TSR"


class ConnectorStatus(WordedChoices):
    """OCPP 1.6's nine states and `unknown`; OCPP 2's four are mapped to them with the transaction's state."""

    UNKNOWN = "Unknown", gettext_noop("Unknown")
    AVAILABLE = "Available", gettext_noop("Available")
    PREPARING = "Preparing", gettext_noop("Preparing")
    CHARGING = "Charging", gettext_noop("Charging")
    SUSPENDED_EV = "SuspendedEV", gettext_noop("Suspended by the car")
    SUSPENDED_EVSE = "SuspendedEVSE", gettext_noop("Suspended by the charger")
    FINISHING = "Finishing", gettext_noop("Finishing")
    RESERVED = "Reserved", gettext_noop("Reserved")
    UNAVAILABLE = "Unavailable", gettext_noop("Unavailable")
    FAULTED = "Faulted", gettext_noop("Faulted")


CAR_IS_THERE = (
    ConnectorStatus.PREPARING,
    ConnectorStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV,
    ConnectorStatus.SUSPENDED_EVSE,
)
OCCUPIED = (*CAR_IS_THERE, ConnectorStatus.FINISHING)


class SessionState(WordedChoices):
    PLUGGED_IN = "plugged_in", gettext_noop("Plugged in")
    ACTIVE = "active", gettext_noop("Active")
    FINISHED = "finished", gettext_noop("Finished, still plugged in")
    ENDED = "ended", gettext_noop("Ended")


class CarTurn(Enum):
    """What a transaction did to what its connector holds."""

    STARTED = "started"
    ENDED = "ended"
    ABANDONED = "abandoned"


class DrawSource(WordedChoices):
    """What a draw is known from."""

    CURRENT = "current", "Current"
    PHASE_POWER = "phase_power", "Power of each phase"
    POWER = "power", "Power in total"
    REGISTER = "register", "Rise of the register"


class EnergyDoubt(WordedChoices):
    """Why a transaction's energy is not what its meter said, or nothing at all."""

    NO_REGISTER = "no_register", gettext_noop("no register was reported, so the energy is not known")
    SET_ASIDE = "set_aside", gettext_noop("the register rose by more than the charger can give in that time")
    WENT_BACK = "went_back", gettext_noop("the meter went backwards")


class TransactionPhase(WordedChoices):
    """Where in its transaction an event of OCPP 2 is."""

    STARTED = "started", "Started"
    UPDATED = "updated", "Updated"
    ENDED = "ended", "Ended"


class CommandKind(WordedChoices):
    """What a charge point can be asked, in words of no OCPP version."""

    SET_LIMIT = "set_limit", gettext_noop("Set the limit of a transaction")
    SET_FALLBACK = "set_default_limit", gettext_noop("Set the fallback")
    CLEAR_LIMITS = "clear_limits", gettext_noop("Clear charging profiles")
    READ_LIMIT = "read_limit", gettext_noop("Read the composite schedule back")
    REMOTE_START = "remote_start", gettext_noop("Start a transaction")
    REMOTE_STOP = "remote_stop", gettext_noop("Stop a transaction")
    UNLOCK = "unlock", gettext_noop("Unlock the connector")
    RESET = "reset", gettext_noop("Reset")
    CHANGE_AVAILABILITY = "change_availability", gettext_noop("Change availability")
    TRIGGER = "trigger", gettext_noop("Trigger a message")
    READ_CONFIGURATION = "read_configuration", gettext_noop("Read the configuration")
    CHANGE_CONFIGURATION = "change_configuration", gettext_noop("Change the configuration")
    CLEAR_CACHE = "clear_cache", gettext_noop("Clear the authorization cache")
    RESERVE = "reserve", gettext_noop("Reserve a connector")
    CANCEL_RESERVATION = "cancel_reservation", gettext_noop("Cancel a reservation")
    SEND_LOCAL_LIST = "send_local_list", gettext_noop("Send the local authorization list")
    READ_LOCAL_LIST_VERSION = "read_local_list_version", gettext_noop("Read the local list's version")
    UPDATE_FIRMWARE = "update_firmware", gettext_noop("Update the firmware")
    GET_LOG = "get_log", gettext_noop("Have a log uploaded")
    INSTALL_CERTIFICATE = "install_certificate", gettext_noop("Install a root certificate")
    DELETE_CERTIFICATE = "delete_certificate", gettext_noop("Delete a root certificate")
    READ_CERTIFICATES = "read_certificates", gettext_noop("List the installed root certificates")
    SEND_CERTIFICATE = "send_certificate", gettext_noop("Send its signed certificate")
    DATA_TRANSFER = "data_transfer", gettext_noop("Send vendor data")
    CHANGE_KEY = "change_key", gettext_noop("Give it its next key")
    SET_STATION_LIMIT = "set_station_limit", gettext_noop("Limit the whole charge point")
    READ_PROFILES = "read_profiles", gettext_noop("List the charging profiles")
    READ_TRANSACTION = "read_transaction", gettext_noop("Ask what is known of a transaction")
    READ_INVENTORY = "read_inventory", gettext_noop("Report the device model")
    READ_COMPONENTS = "read_components", gettext_noop("Report parts of the device model")
    SHOW_MESSAGE = "show_message", gettext_noop("Show a message on the display")
    READ_MESSAGES = "read_messages", gettext_noop("List the messages on the display")
    CLEAR_MESSAGE = "clear_message", gettext_noop("Take a message off the display")
    TELL_COST = "tell_cost", gettext_noop("Tell the cost so far")
    SET_MONITORING = "set_monitoring", gettext_noop("Choose the set of monitors")
    SET_MONITORING_LEVEL = (
        "set_monitoring_level",
        gettext_noop("Choose the least severity of reported events"),
    )
    MONITOR = "monitor", gettext_noop("Monitor a variable")
    CLEAR_MONITORS = "clear_monitors", gettext_noop("Remove monitors")
    READ_MONITORS = "read_monitors", gettext_noop("List the monitors")
    CUSTOMER_DATA = "customer_data", gettext_noop("Report or clear what is kept of a customer")
    SET_NETWORK = "set_network", gettext_noop("Store a network profile")
    PUBLISH_FIRMWARE = "publish_firmware", gettext_noop("Publish firmware to its neighbours")
    UNPUBLISH_FIRMWARE = "unpublish_firmware", gettext_noop("Stop publishing firmware")
    CALL = "call", gettext_noop("Send a call in the words of its version")


class CommandState(WordedChoices):
    QUEUED = "queued", gettext_noop("Queued")
    SENT = "sent", gettext_noop("Sent")
    ACCEPTED = "accepted", gettext_noop("Accepted")
    REJECTED = "rejected", gettext_noop("Rejected by the charger")
    ERROR = "error", gettext_noop("Answered with an error")
    UNKNOWN = "unknown", gettext_noop("Sent, outcome unknown")
    EXPIRED = "expired", gettext_noop("Expired before it was sent")
    SUPERSEDED = "superseded", gettext_noop("Superseded by a newer one")


class LaterState(WordedChoices):
    """What became of a command that was accepted and takes time, as its charge point tells afterwards."""

    GOING_ON = "going_on", gettext_noop("Going on")
    DONE = "done", gettext_noop("Done")
    FAILED = "failed", gettext_noop("Failed")


class MessageDirection(WordedChoices):
    IN = "in", "From the charger"
    OUT = "out", "To the charger"


class Audience(WordedChoices):
    """Whom a rule of access is for."""

    EVERYBODY = "everybody", "Everybody"
    GROUP = "group", "A group of drivers"
    FLAT = "flat", "A flat or cost centre"
    GUESTS = "guests", "Guests"
