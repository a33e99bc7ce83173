from django.core.validators import RegexValidator
from django.db import models

from chargers.enums import ConnectorStatus, OcppVersion, PhaseRotation, Registration, SecurityProfile
from evbalancer.common.db.fields import MilliampField, TenantModel
from evbalancer.common.units import PHASES, PhaseMilliamps
from evbalancer.common.words.inputs import Text

GRID_PHASE = {"R": 0, "S": 1, "T": 2}
# OCPP 1.6J section 3.1.1 has it percent-encoded in the URL, so that it may hold blanks, as in `RDAM 123`.
IDENTITY = RegexValidator(
    r"^(?=.{1,48}\Z)[!-.0-~]+(?: [!-.0-~]+)*\Z",
    "At most 48 characters: letters, digits and signs without accents, no slash, and no blanks but single ones inside.",
)
NAME = Text(80, missing="Enter the name of the space.")
FINGERPRINT = RegexValidator(r"^[0-9a-f]{64}\Z", "64 hexadecimal digits, without colons.")


# No word ever came from it: it is registered, and perhaps not even mounted.
NEVER_CONNECTED = models.Q(connected_at=None, booted_at=None, last_seen_at=None, online_until=None)


class ChargePoint(TenantModel):
    """A charging station: its identity on the OCPP socket, its key, and what it told about itself."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="charge_points")
    identity = models.CharField(max_length=48, unique=True, validators=[IDENTITY])
    name = models.CharField(
        max_length=NAME.longest, help_text="The usual name of the space, for example A-03."
    )
    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    next_key_hash = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="A rotated key; the old one is valid until the first login with this one.",
    )
    registration = models.CharField(
        max_length=10, choices=Registration.choices, default=Registration.ACCEPTED
    )
    security_profile = models.PositiveSmallIntegerField(
        choices=SecurityProfile.choices,
        null=True,
        blank=True,
        help_text="The least that it must show to connect; the community's if empty.",
    )
    pinned_fingerprint = models.CharField(
        max_length=64,
        blank=True,
        verbose_name="pinned certificate",
        validators=[FINGERPRINT],
        help_text="SHA-256 of the only certificate that is taken from it (and of those signed here); any if empty.",
    )
    connected_profile = models.PositiveSmallIntegerField(
        choices=SecurityProfile.choices,
        null=True,
        editable=False,
        help_text="The security profile of its last connection.",
    )
    pinned_ocpp_version = models.CharField(
        max_length=10,
        choices=OcppVersion.choices,
        blank=True,
        default="",
        db_default="",
        verbose_name="pinned OCPP version",
        help_text="The only one that is spoken with it, from its next connection on; the newest that both speak if empty.",
    )
    ocpp_version = models.CharField(max_length=10, choices=OcppVersion.choices, blank=True)
    vendor = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=50, blank=True)
    make = models.ForeignKey(
        "chargers.Make",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="charge_points",
    )
    serial_number = models.CharField(max_length=50, blank=True)
    firmware_version = models.CharField(max_length=50, blank=True)
    booted_at = models.DateTimeField(null=True, blank=True)
    connection_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text="Of the socket that is open now."
    )
    connected_at = models.DateTimeField(null=True, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    online_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Presence is a lease that the open socket renews.",
    )
    status = models.CharField(
        max_length=14,
        choices=ConnectorStatus.choices,
        blank=True,
        help_text="Of the charge point as a whole, where it told one (OCPP's connector 0).",
    )
    status_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    vendor_error = models.CharField(max_length=320, blank=True)
    error_info = models.CharField(max_length=60, blank=True)
    clock_skew_s = models.IntegerField(
        default=0, help_text="The charger's clock less ours, at its last message."
    )
    station_limit_ma = MilliampField(
        null=True,
        blank=True,
        editable=False,
        verbose_name="maximum",
        help_text="Confirmed: the limit of all its connectors together, which the charge point enforces; none if empty.",
    )
    station_settled_ma = MilliampField(
        null=True,
        editable=False,
        help_text="The maximum last asked for that it took, or refused in every way.",
    )
    grid_faults = models.JSONField(
        null=True,
        editable=False,
        help_text="Of its grid support (OCPP 2.1), by control: the fault that it acts on, and since when; none if empty.",
    )
    shares_profile_ids = models.BooleanField(
        default=False,
        editable=False,
        help_text="It may hold profiles from when all connectors of OCPP 1.6 had the same ids.",
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name or self.identity

    @property
    def is_planned(self) -> bool:
        """It has never connected. It holds no power until it does; see `NEVER_CONNECTED` for the same in a query."""
        moments = (self.connected_at, self.booted_at, self.last_seen_at, self.online_until)
        return not any(moments)


class Connector(TenantModel):
    """A socket or cable on exactly one circuit, with everything the balancer knows of its limit.

    The reservation is the most it could be drawing now, whatever the network does; see `chargers.exposure`.
    """

    charge_point = models.ForeignKey(
        "chargers.ChargePoint", on_delete=models.PROTECT, related_name="connectors"
    )
    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="connectors")
    number = models.PositiveSmallIntegerField(
        help_text="From 1: the connectorId of OCPP 1.6, the EVSE's id of OCPP 2."
    )
    phase_rotation = models.CharField(
        max_length=3,
        choices=PhaseRotation.choices,
        default=PhaseRotation.UNKNOWN,
        blank=True,
    )
    max_current_ma = MilliampField(default=32_000, help_text="Nameplate, per phase.")
    min_current_ma = MilliampField(default=6_000, help_text="Below this a car pauses (IEC 61851: 6 A).")
    step_ma = MilliampField(default=1_000)

    status = models.CharField(max_length=16, choices=ConnectorStatus.choices, default=ConnectorStatus.UNKNOWN)
    error_code = models.CharField(max_length=50, blank=True)
    vendor_error = models.CharField(max_length=320, blank=True, help_text="The maker's own code for it.")
    error_info = models.CharField(max_length=60, blank=True)
    plug_number = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="OCPP 2: the connector of the EVSE that was used last.",
    )
    occupied_plugs = models.JSONField(
        default=list, editable=False, help_text="OCPP 2: the connectors of the EVSE that say a car is there."
    )
    status_at = models.DateTimeField(null=True, blank=True)
    meter_public_key = models.TextField(
        blank=True,
        editable=False,
        help_text="OCPP 1.6: of its meter that signs, as the charge point told it.",
    )
    registered_meter_key = models.TextField(
        "public key of the meter",
        blank=True,
        max_length=2_500,
        help_text="As it is printed on the meter: it proves what the meter signs. Hex or base64 of DER, or PEM.",
        default="",
        db_default="",
    )

    chosen_fallback_ma = MilliampField(
        default=0,
        verbose_name="fallback",
        help_text="Limit of a car while the server can't be reached: 0, or 6 A and more. The community chooses it.",
    )

    external_limits = models.JSONField(
        default=dict,
        editable=False,
        help_text="Of others, by their origin: since when, and steps of a limit.",
    )

    wanted_ma = MilliampField(default=0, help_text="The limit that the solver wants.")
    sent_ma = MilliampField(null=True, blank=True, help_text="Queued or sent, no answer yet.")
    in_doubt_ma = MilliampField(
        null=True, blank=True, help_text="Highest value sent whose outcome is unknown."
    )
    confirmed_ma = MilliampField(null=True, blank=True, help_text="Accepted for the running transaction.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_end_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the confirmed limit lapses to the fallback; never if empty.",
    )
    doubts = models.JSONField(
        default=list, editable=False, help_text="Limits sent without an answer: mA, end."
    )
    settling_ma = MilliampField(null=True, blank=True, help_text="The higher value before the last cut.")
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When the car must have followed that cut."
    )
    settlings = models.JSONField(
        default=list, editable=False, help_text="Cuts that still settle: mA, until, phases."
    )
    fallback_ma = MilliampField(null=True, blank=True, help_text="Confirmed fallback; nameplate if empty.")
    fallback_wait_s = models.PositiveSmallIntegerField(
        default=0,
        editable=False,
        help_text="Confirmed: 0 A for so long after a transaction begins, then the fallback.",
    )
    fallback_confirmed_at = models.DateTimeField(null=True, blank=True)
    default_shown_ma = MilliampField(
        null=True,
        blank=True,
        editable=False,
        help_text="Read back while idle: the most that it would grant a new transaction; it did not say if empty.",
    )
    default_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    in_transaction = models.BooleanField(default=False, editable=False)
    default_from_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Of the running transaction: from here on its fallback may be past the wait.",
    )
    overdraw_ma = MilliampField(null=True, editable=False, help_text="Measured above its limit for too long.")
    overdrawn_since = models.DateTimeField(null=True, editable=False)
    refusals = models.PositiveSmallIntegerField(default=0, help_text="Limits refused in a row.")
    uncontrollable_since = models.DateTimeField(null=True, blank=True)
    clocks_apart = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="It offers more than its limit while its clock and ours disagree: that says nothing of others' limits.",
    )
    raised_at = models.DateTimeField(null=True, blank=True)
    last_contact_at = models.DateTimeField(null=True, blank=True)
    state_known_at = models.DateTimeField(
        null=True, editable=False, help_text="The newest moment at which its state was known from itself."
    )
    told_connection_id = models.UUIDField(
        null=True, editable=False, help_text="The socket on which it told its state."
    )
    reservation_l1_ma = MilliampField(default=0)
    reservation_l2_ma = MilliampField(default=0)
    reservation_l3_ma = MilliampField(default=0)
    limit_writes = models.PositiveIntegerField(
        default=0, help_text="Profiles written: each wears the charger's flash."
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["charge_point", "number"]
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "number"], name="connector_number_once"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1),
                name="connector_number_from_1",
                violation_error_message="Connectors are numbered from 1.",
            ),
            models.CheckConstraint(
                condition=models.Q(min_current_ma__gte=6_000, max_current_ma__gte=models.F("min_current_ma")),
                name="connector_currents_from_6_a",
                violation_error_message="The lowest current is 6 A or more, and no more than the highest.",
            ),
            models.CheckConstraint(
                condition=models.Q(step_ma__gte=100),
                name="connector_step_from_0_1_a",
                violation_error_message="The step is 0.1 A or more.",
            ),
            models.CheckConstraint(
                condition=models.Q(chosen_fallback_ma=0)
                | models.Q(chosen_fallback_ma__gte=6_000, chosen_fallback_ma__lte=models.F("max_current_ma")),
                name="connector_fallback_0_or_from_6_a",
                violation_error_message="The fallback is 0 A, or from 6 A to the highest current.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_point}/{self.number}"

    @property
    def wired_phases(self) -> tuple[int, ...]:
        """Grid phases (0 is L1) in the order of the connector's own phases; all three when unknown."""
        return tuple(GRID_PHASE[letter] for letter in self.phase_rotation) or PHASES

    @property
    def reservation_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.reservation_l1_ma, self.reservation_l2_ma, self.reservation_l3_ma)
