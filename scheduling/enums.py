from django.utils.translation import gettext_noop

from evbalancer.common.words.choices import WordedChoices


class SlotState(WordedChoices):
    PROMISED = "promised", gettext_noop("Promised")
    PARTLY_PROMISED = "partly_promised", gettext_noop("Promised in part")
    QUEUED = "queued", gettext_noop("Queued")
    REFUSED = "refused", gettext_noop("Refused")
    ACTIVE = "active", gettext_noop("Charging")
    FULFILLED = "fulfilled", gettext_noop("Fulfilled")
    UNMET = "unmet", gettext_noop("Not met")
    LEFT = "left", gettext_noop("Left early")
    CANCELLED = "cancelled", gettext_noop("Cancelled")
    LAPSED = "lapsed", gettext_noop("Lapsed")


class EmergencyState(WordedChoices):
    PENDING = "pending", gettext_noop("Waiting for a manager")
    ACCEPTED = "accepted", gettext_noop("Accepted")
    REFUSED = "refused", gettext_noop("Refused")
    REVOKED = "revoked", gettext_noop("Revoked")
    DONE = "done", gettext_noop("Done")


class RunTrigger(WordedChoices):
    BEAT = "beat", "Periodic"
    EVENT = "event", "An event"
    MANUAL = "manual", "A person"


class BalanceStep(WordedChoices):
    """Parts of a rebalance that can fail: the whole, or one of the steps beside it."""

    REBALANCE = "rebalance", gettext_noop("the rebalance itself")
    BILLED_PEAK = "billed_peak", gettext_noop("the billed peak")
    ARRIVALS = "arrivals", gettext_noop("cars that usually come")
    WEIGHTS = "weights", gettext_noop("the fairness ledger")
    HABITS = "habits", gettext_noop("what is learnt of drivers")
    CARS = "cars", gettext_noop("what cars say")
    ALARM = "alarm", gettext_noop("messages of an overdraw")
    FALLBACKS = "defaults", gettext_noop("fallbacks of charge points")
    QUESTIONS = "questions", gettext_noop("questions to charge points")
    COVER = "cover", gettext_noop("from when limits hold")
    REASONS = "reasons", gettext_noop("reasons for drivers")
    AIM = "aim", gettext_noop("prices and the aim")
    RECORD = "record", gettext_noop("the record of the run")


class FindingKind(WordedChoices):
    OVERSTAY = "overstay", gettext_noop("Overstay while others wait")
    NO_SHOW = "no_show", gettext_noop("Repeated no-shows")
    HOARDING = "hoarding", gettext_noop("Slot hoarding")
    REFUTED_EMERGENCY = "refuted_emergency", gettext_noop("Refuted emergency")
    TAG_SHARING = "tag_sharing", gettext_noop("Tag sharing")
    ENERGY_MISMATCH = "energy_mismatch", gettext_noop("Meter and car contradict")
    TAMPERING = "tampering", gettext_noop("Signs of tampering")


class FindingState(WordedChoices):
    OPEN = "open", "To decide"
    STRIKE = "strike", "Strike"
    DISMISSED = "dismissed", "Dismissed"


class UnprovenEmergency(WordedChoices):
    """What happens to a claim while no car tells its charge."""

    BOUNDED = "bounded", "Grant it up to an amount"
    DISTANCE = "distance", "Grant what the stated distance needs; refuse without one"
    MANAGER = "manager", "A manager confirms it"


class ClusterAim(WordedChoices):
    """The solver's words for what slack is used for; beside them, nothing is done with it."""

    PRICE = "price", "Cheap hours first"
    CARBON = "carbon", "Hours with little carbon first"
    PEAK = "peak", "A low peak"


class AlarmKind(WordedChoices):
    """What endangers charging, or waits for somebody. The rules of each kind stand in `scheduling.domain.alarms.kinds`."""

    CIRCUIT_GONE = "circuit_gone", gettext_noop("Breaker or fuse suspected")
    NOBODY_BALANCES = "nobody_balances", gettext_noop("Nobody balances")
    OVERDRAW = "overdraw", gettext_noop("Overdraw")
    NOT_COVERED = "not_covered", gettext_noop("Limit not covered")
    LIMIT_REFUSED = "limit_refused", gettext_noop("Limit refused")
    METER_SILENT = "meter_silent", gettext_noop("Meter silent")
    FAULTED = "faulted", gettext_noop("Charger faulted")
    OFFLINE = "offline", gettext_noop("Charger offline")
    EMERGENCY = "emergency", gettext_noop("Emergency to decide")
    APPEAL = "appeal", gettext_noop("Appeal to decide")
    OBJECTION = "objection", gettext_noop("Objection to decide")
    CERTIFICATE = "certificate", gettext_noop("Certificate ends")
    FIRMWARE = "firmware", gettext_noop("Firmware update failed")
    GRID_FAULT = "grid_fault", gettext_noop("Fault of the grid")
    WORKERS_GONE = "workers_gone", gettext_noop("Workers gone")
    DISK = "disk", gettext_noop("Disk nearly full")
    MAIL = "mail", gettext_noop("Mail fails")


class ChannelKind(WordedChoices):
    """Where alarms are sent, beside the pages."""

    MAIL = "mail", "Mail"
    WEBHOOK = "webhook", "Signed webhook"
    NTFY = "ntfy", "ntfy"
    MATRIX = "matrix", "Matrix room"
    PUSH = "push", "Web push"
