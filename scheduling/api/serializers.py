from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from drivers.domain.standing import APPEAL
from evbalancer.common.clocks.moments import MomentField, ZoneField, place
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from evbalancer.common.words.sayings import SaidSerializer, SentencesField
from evbalancer.common.words.telling import tell
from scheduling.domain.booking import departures
from scheduling.domain.booking.positions import queue_position
from scheduling.domain.conduct import emergencies
from scheduling.enums import SlotState
from scheduling.models import AbuseFinding, EmergencyRequest, Habit, RebalanceRun, SlotRequest

MOST_WH = 1_000_000


class _WithZone(serializers.Serializer[Any]):
    time_zone = ZoneField(required=False, allow_null=True, default=None, max_length=64)
    moments: tuple[str, ...] = ()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        zone = attrs.pop("time_zone", None)
        for name in self.moments:
            if attrs.get(name) is not None:
                attrs[name] = place(attrs[name], zone, field=name)
        return attrs


class SlotWishSerializer(StrictMixin, _WithZone):
    """A wish: energy or a target charge, ready by when, on one connector or any."""

    vehicle_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    connector_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    cluster_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    energy_wh = serializers.IntegerField(required=False, max_value=MOST_WH, min_value=-MOST_WH)
    target_pct = serializers.IntegerField(required=False, min_value=1, max_value=100)
    not_before = MomentField(required=False, allow_null=True, default=None)
    ready_by = MomentField()
    flexible = serializers.BooleanField(
        default=True, help_text="False: all of it in this window, or nothing."
    )
    moments = ("not_before", "ready_by")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("energy_wh" in attrs) == ("target_pct" in attrs):
            raise serializers.ValidationError(
                {"energy_wh": [gettext("Give either energy_wh or target_pct.")]}
            )
        return super().validate(attrs)


class SlotPreviewSerializer(SlotWishSerializer):
    """A wish to try out, on its own or in place of an open slot of the caller's."""

    instead_of = serializers.UUIDField(required=False, allow_null=True, default=None)


class AlternativeSerializer(serializers.Serializer[Any]):
    ready_by = serializers.DateTimeField()
    energy_wh = serializers.IntegerField()


class SlotAnswerSerializer(serializers.Serializer[Any]):
    """What a wish would be answered. The costs are those of the cheapest and the dearest hours of its window."""

    state = serializers.ChoiceField(source="answer.state", choices=SlotState.choices)
    energy_wh = serializers.IntegerField()
    promised_wh = serializers.IntegerField(source="answer.promised_wh")
    ready_by = serializers.DateTimeField()
    connector_id = serializers.UUIDField(source="answer.planned.pk", allow_null=True, default=None)
    connector = serializers.SerializerMethodField(help_text="Where it is planned.")
    why = serializers.SerializerMethodField(help_text="Why less is promised, in the reader's language.")
    why_said = SaidSerializer(source="answer.why", allow_null=True)
    offer = serializers.JSONField(source="answer.offer", allow_null=True)
    alternatives = AlternativeSerializer(
        many=True, help_text="Other wishes that would be promised whole: sooner or later, more or less."
    )
    cost_minor_least = serializers.IntegerField(allow_null=True)
    cost_minor_most = serializers.IntegerField(allow_null=True)
    reservation_fee_minor = serializers.IntegerField(
        help_text="Beside the cost, for a space that is kept: once the car has used it."
    )
    no_show_fee_minor = serializers.IntegerField(
        help_text="If the car does not come although it could charge, and the slot is not given back in time."
    )
    currency = serializers.CharField()

    def get_why(self, found: dict[str, Any]) -> str:
        why = found["answer"].why
        return "" if why is None else tell(why)

    def get_connector(self, found: dict[str, Any]) -> str | None:
        planned = found["answer"].planned
        return str(planned) if planned is not None else None


class SlotSerializer(serializers.ModelSerializer[SlotRequest]):
    cluster_id = serializers.UUIDField(read_only=True)
    driver_id = serializers.UUIDField(read_only=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    connector_id = serializers.UUIDField(read_only=True, allow_null=True)
    session_id = serializers.UUIDField(read_only=True, allow_null=True)
    why = serializers.CharField(
        source="why_told",
        read_only=True,
        help_text="Why less is promised, or why it ended, in the reader's language.",
    )
    why_said = SaidSerializer(read_only=True, allow_null=True)
    position = serializers.SerializerMethodField(help_text="In the queue; 1 is next.")
    expected_start = serializers.SerializerMethodField()

    class Meta:
        model = SlotRequest
        fields = [
            "id", "cluster_id", "driver_id", "vehicle_id", "connector_id", "session_id", "state", "state_since",
            "energy_wh", "promised_wh", "expected_wh", "received_wh", "not_before", "ready_by", "flexible", "why", "why_said",
            "offer", "position",
            "expected_start", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_position(self, slot: SlotRequest) -> int | None:
        return queue_position(slot)

    def get_expected_start(self, slot: SlotRequest) -> str | None:
        return (slot.offer or {}).get("expected_start")


class ExtendSerializer(StrictMixin, _WithZone):
    ready_by = MomentField()
    moments = ("ready_by",)


class SnoozeSerializer(StrictSerializer):
    minutes = serializers.IntegerField(**departures.SNOOZE.options)


class EmergencyClaimSerializer(StrictMixin, _WithZone):
    vehicle_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(**emergencies.REASON.options)
    energy_wh = serializers.IntegerField(max_value=MOST_WH, min_value=-MOST_WH)
    distance_km = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2000
    )
    needed_by = MomentField()
    moments = ("needed_by",)


class EmergencyTermsSerializer(serializers.Serializer[Any]):
    """What an emergency takes in a community of the caller's, before one is claimed."""

    community_id = serializers.UUIDField()
    per_month = serializers.IntegerField()
    used_this_month = serializers.IntegerField()
    needs_manager = serializers.BooleanField()
    longest_h = serializers.IntegerField()
    surcharge_per_mwh_minor = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField()


class EmergencySerializer(serializers.ModelSerializer[EmergencyRequest]):
    driver_id = serializers.UUIDField(read_only=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    session_id = serializers.UUIDField(read_only=True, allow_null=True)
    reasons = SentencesField(help_text="Why it was decided so, in the reader's language.")
    reasons_said = SaidSerializer(source="reasons", many=True, read_only=True)

    class Meta:
        model = EmergencyRequest
        fields = [
            "id", "driver_id", "vehicle_id", "session_id", "reason", "energy_wh", "needed_by", "state", "state_since",
            "granted_wh", "minimum_ma", "until", "reasons", "reasons_said", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class VerdictSerializer(StrictSerializer):
    accept = serializers.BooleanField()
    reason = serializers.CharField(**REASON_FOR_DRIVER.options)


class WhySerializer(StrictSerializer):
    reason = serializers.CharField(**REASON_FOR_DRIVER.options, required=False, allow_blank=True, default="")


class ChargingSerializer(serializers.Serializer[Any]):
    """One open session, in plain words."""

    session_id = serializers.UUIDField(source="session.pk")
    connector_id = serializers.UUIDField(source="session.connector_id")
    connector = serializers.CharField(source="session.connector.__str__")
    vehicle_id = serializers.UUIDField(source="session.vehicle_id", allow_null=True)
    state = serializers.CharField()
    why = serializers.CharField()
    could = SentencesField()
    could_said = SaidSerializer(source="could", many=True)
    limit_ma = serializers.IntegerField()
    limit_w = serializers.IntegerField(help_text="What the limit lets through on this car's phases.")
    power_w = serializers.IntegerField(allow_null=True)
    energy_wh = serializers.IntegerField(source="session.stay_energy_wh")
    wanted_wh = serializers.IntegerField(allow_null=True)
    charge_pct = serializers.IntegerField(source="session.charge_pct", allow_null=True)
    cost_minor = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(source="session.community.currency")
    plugged_at = serializers.DateTimeField(source="session.stay_since")
    started_at = serializers.DateTimeField(source="session.started_at", allow_null=True)
    ready_by = serializers.DateTimeField(allow_null=True)
    finish_at = serializers.DateTimeField(allow_null=True)
    next_change_at = serializers.DateTimeField(allow_null=True)
    measured_at = serializers.DateTimeField(source="session.metered_at", allow_null=True)


class ChargingStatusSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    charging = ChargingSerializer(many=True)
    slots = SlotSerializer(many=True)


class RunSerializer(serializers.ModelSerializer[RebalanceRun]):
    cluster_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = RebalanceRun
        fields = ["id", "cluster_id", "at", "trigger", "duration_ms", "safe_plan", "decisions", "violations"]
        read_only_fields = fields


class FindingSerializer(serializers.ModelSerializer[AbuseFinding]):
    driver_id = serializers.UUIDField(read_only=True)
    session_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = AbuseFinding
        fields = [
            "id",
            "driver_id",
            "session_id",
            "kind",
            "subject",
            "evidence",
            "state",
            "found_at",
            "decided_at",
        ]
        read_only_fields = fields


class PeriodSerializer(_WithZone):
    """Half-open; by default the last 30 days."""

    cluster = serializers.UUIDField(required=False, allow_null=True, default=None)
    start = MomentField(required=False, allow_null=True, default=None)
    end = MomentField(required=False, allow_null=True, default=None)
    moments = ("start", "end")


class HabitSerializer(serializers.ModelSerializer[Habit]):
    """What is learnt of a driver, from which stays and bookings, and the driver's word against it."""

    driver_id = serializers.UUIDField(read_only=True)
    comes_share = serializers.FloatField(
        read_only=True, help_text="Share that a booking counts as until its car comes."
    )

    class Meta:
        model = Habit
        fields = [
            "id", "driver_id", "takes_share", "overrun_s", "silent_wh", "usual_stay_s", "comes_share", "stays", "bookings",
            "updated_at", "objection", "objected_at", "decision", "decided_at",
        ]  # fmt: skip
        read_only_fields = fields


class ObjectionSerializer(StrictSerializer):
    text = serializers.CharField(**APPEAL.options)


class HabitVerdictSerializer(StrictSerializer):
    """Forget what was learnt, or let it stand."""

    forget = serializers.BooleanField()
    decision = serializers.CharField(**REASON_FOR_DRIVER.options)


class BalanceSerializer(serializers.Serializer[Any]):
    """A driver's account over the remembered weeks, newer stays counting more."""

    cluster_id = serializers.UUIDField(source="cluster.pk")
    cluster = serializers.CharField(source="cluster.name")
    wanted_wh = serializers.IntegerField()
    missed_wh = serializers.IntegerField()
    short_wh = serializers.IntegerField(
        help_text="Missed beyond what the community's drivers usually miss; below 0, received beyond it."
    )
    weight = serializers.FloatField(help_text="Weight of a wish in a shortage until this is even.")


class LineSerializer(serializers.Serializer[Any]):
    driver_id = serializers.UUIDField()
    name = serializers.CharField()
    sessions = serializers.IntegerField()
    met = serializers.IntegerField()
    wanted_wh = serializers.IntegerField()
    promised_wh = serializers.IntegerField()
    received_wh = serializers.IntegerField()
    waited_s = serializers.IntegerField()
    satisfaction = serializers.FloatField()


class FairnessSerializer(serializers.Serializer[Any]):
    """Managers: every driver's line. Others: their own line and the distribution without names."""

    cluster_id = serializers.UUIDField()
    cluster = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    sessions = serializers.IntegerField()
    met_share = serializers.FloatField(allow_null=True)
    jain = serializers.FloatField(allow_null=True)
    gini = serializers.FloatField(allow_null=True)
    satisfaction = serializers.FloatField(allow_null=True)
    worst_decile = serializers.FloatField(allow_null=True)
    waited_s = serializers.FloatField(allow_null=True, help_text="Mean a session.")
    deciles = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    drivers = LineSerializer(many=True)
