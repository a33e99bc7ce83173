from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chargers.domain.metering.draws import power_now_w
from chargers.domain.metering.proofs import Proof, judge_value
from chargers.models import Session, SignedMeterValue
from evbalancer.common.clocks.moments import ZonedMomentField
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from pricing.domain.papers.arithmetic import explain_demand
from pricing.domain.waivers import REASON
from pricing.enums import LineKind
from pricing.models import BillLine, LoadProfile, Tariff, TariffVersion, TariffWindow, Waiver
from pricing.models.fees import FEES

SAVING_COLUMNS = ("cost_minor", "at_once_minor", "at_once_from", "at_once_w")


class TariffWindowSerializer(serializers.ModelSerializer[TariffWindow]):
    class Meta:
        model = TariffWindow
        fields = ["weekdays", "start_min", "end_min", "price_per_mwh_minor"]
        read_only_fields = fields


class TariffVersionSerializer(serializers.ModelSerializer[TariffVersion]):
    """`tariff` has elements and limits as OCPI 2.3.0 writes them."""

    tariff = serializers.JSONField(source="body", read_only=True)

    class Meta:
        model = TariffVersion
        fields = [
            "id", "number", "begins_at", "published_at", "published_by", "tariff", *FEES,
        ]  # fmt: skip
        read_only_fields = fields


class TariffSerializer(serializers.ModelSerializer[Tariff]):
    """`base_price_per_mwh_minor` is null, and `windows` are empty, if the prices came as an OCPI tariff: see `versions`."""

    community_id = serializers.UUIDField(read_only=True)
    currency = serializers.CharField(source="community.currency", read_only=True)
    windows = TariffWindowSerializer(many=True, read_only=True)
    versions = TariffVersionSerializer(many=True, read_only=True)

    class Meta:
        model = Tariff
        fields = [
            "id", "community_id", "name", "valid_from", "is_standing", "currency", "base_price_per_mwh_minor",
            *FEES, "windows", "versions",
        ]  # fmt: skip
        read_only_fields = fields


class FeesSerializer(StrictMixin, serializers.ModelSerializer[Tariff]):
    """What is charged beside the prices of charging, in cents."""

    class Meta:
        model = Tariff
        fields = list(FEES)


class TariffImportSerializer(StrictSerializer):
    """A Tariff object of OCPI 2.2.1 or 2.3.0. The same name publishes a new version of that tariff."""

    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    name = serializers.CharField(max_length=80)
    valid_from = ZonedMomentField(required=False, allow_null=True, default=None)
    is_standing = serializers.BooleanField(
        default=True, help_text="Everybody's, until a newer one begins. Otherwise only where it is assigned."
    )
    tariff = serializers.JSONField()
    fees = FeesSerializer(required=False, help_text="Left out: as they are, or none.")


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    class Meta:
        model = Waiver
        fields = ["reason", "waived_at"]
        read_only_fields = fields


class BillLineSerializer(serializers.ModelSerializer[BillLine]):
    session_id = serializers.UUIDField(read_only=True, allow_null=True)
    about_id = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="The slot that was charged for, or an id of the month."
    )
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)
    waiver = WaiverSerializer(read_only=True, allow_null=True, default=None)
    version_id = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="The version of the tariff that priced it."
    )
    cluster_id = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="Of a line without a session, where it has a cluster."
    )
    why = serializers.SerializerMethodField(
        help_text="Of a shared charge, its arithmetic in sentences; `parts` has the facts. Else empty."
    )

    class Meta:
        model = BillLine
        fields = [
            "id", "session_id", "about_id", "cluster_id", "driver_id", "version_id", "kind", "energy_wh", "amount_minor", "currency", "started_at", "ended_at",
            "parts", "why", "waiver",
        ]  # fmt: skip
        read_only_fields = fields

    def get_why(self, line: BillLine) -> list[str]:
        if line.kind != LineKind.DEMAND:
            return []
        return explain_demand(line.parts[0], line.currency, ZoneInfo(line.community.time_zone))


class SavingSerializer(serializers.ModelSerializer[LoadProfile]):
    """An ended session against the same energy at once, from plug-in on, by the same prices."""

    saved_minor = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="Below zero where charging at once would have cost less; null where a price is not known.",
    )

    class Meta:
        model = LoadProfile
        fields = [*SAVING_COLUMNS, "saved_minor"]
        read_only_fields = fields


class SessionSerializer(serializers.ModelSerializer[Session]):
    connector_id = serializers.UUIDField(read_only=True)
    connector_name = serializers.CharField(source="connector.__str__", read_only=True)
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    bill_lines = BillLineSerializer(many=True, read_only=True)
    has_signed_values = serializers.BooleanField(
        read_only=True, help_text="Its meter signed something: see `transparency`."
    )
    saving = SavingSerializer(
        source="load_profile",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Null until a minute after its end.",
    )
    power_w = serializers.SerializerMethodField(
        help_text="As measured within the last minute; null if it was not."
    )

    class Meta:
        model = Session
        fields = [
            "id", "connector_id", "connector_name", "driver_id", "vehicle_id", "state", "plugged_at", "started_at",
            "stopped_at", "unplugged_at", "stop_reason", "energy_wh", "energy_doubt", "exported_wh", "power_w",
            "charge_pct", "metered_at", "bill_lines",
            "has_signed_values", "saving",
        ]  # fmt: skip
        read_only_fields = fields

    def get_power_w(self, session: Session) -> int | None:
        return power_now_w(session, now=timezone.now())


class WaiveSerializer(StrictSerializer):
    reason = serializers.CharField(**REASON.options)


class SignedValueSerializer(serializers.ModelSerializer[SignedMeterValue]):
    proof = serializers.SerializerMethodField(help_text="What is known of its signature; see docs/money.md.")

    class Meta:
        model = SignedMeterValue
        fields = [
            "id", "context", "measured_at", "received_at", "data", "encoding", "method", "public_key",
            "proof",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=[proof.value for proof in Proof]))
    def get_proof(self, value: SignedMeterValue) -> str:
        return judge_value(value)
