from django.db import models


class SlotState(models.TextChoices):
    PROMISED = "promised", "Promised"
    PARTLY_PROMISED = "partly_promised", "Promised in part"
    QUEUED = "queued", "Queued"
    REFUSED = "refused", "Refused"
    ACTIVE = "active", "Charging"
    FULFILLED = "fulfilled", "Fulfilled"
    CANCELLED = "cancelled", "Cancelled"
    LAPSED = "lapsed", "Lapsed"


class EmergencyState(models.TextChoices):
    PENDING = "pending", "Waiting for a manager"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"
    REVOKED = "revoked", "Revoked"
    DONE = "done", "Done"


class RunTrigger(models.TextChoices):
    BEAT = "beat", "Periodic"
    EVENT = "event", "An event"
    MANUAL = "manual", "A person"


class FindingKind(models.TextChoices):
    OVERSTAY = "overstay", "Overstay while others wait"
    NO_SHOW = "no_show", "Repeated no-shows"
    HOARDING = "hoarding", "Slot hoarding"
    REFUTED_EMERGENCY = "refuted_emergency", "Refuted emergency"
    TAG_SHARING = "tag_sharing", "Tag sharing"
    ENERGY_MISMATCH = "energy_mismatch", "Meter and car contradict"
    TAMPERING = "tampering", "Signs of tampering"


class FindingState(models.TextChoices):
    OPEN = "open", "To decide"
    STRIKE = "strike", "Strike"
    DISMISSED = "dismissed", "Dismissed"


class UnprovenEmergency(models.TextChoices):
    """What happens to a claim while no car tells its charge."""

    BOUNDED = "bounded", "Grant it up to an amount"
    DISTANCE = "distance", "Grant what the stated distance needs; refuse without one"
    MANAGER = "manager", "A manager confirms it"
