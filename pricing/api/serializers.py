from django.utils import timezone
from rest_framework import serializers

from chargers.domain.metering.draws import power_now_w
from chargers.models import Session, SignedMeterValue
from pricing.models import BillLine, Tariff, TariffWindow


class TariffWindowSerializer(serializers.ModelSerializer[TariffWindow]):
    class Meta:
        model = TariffWindow
        fields = ["weekdays", "start_min", "end_min", "price_per_mwh_minor"]
        read_only_fields = fields


class TariffSerializer(serializers.ModelSerializer[Tariff]):
    community_id = serializers.UUIDField(read_only=True)
    currency = serializers.CharField(source="community.currency", read_only=True)
    windows = TariffWindowSerializer(many=True, read_only=True)

    class Meta:
        model = Tariff
        fields = [
            "id", "community_id", "name", "valid_from", "currency", "base_price_per_mwh_minor",
            "emergency_surcharge_per_mwh_minor", "overstay_per_hour_minor", "windows",
        ]  # fmt: skip
        read_only_fields = fields


class BillLineSerializer(serializers.ModelSerializer[BillLine]):
    session_id = serializers.UUIDField(read_only=True)
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = BillLine
        fields = [
            "id", "session_id", "driver_id", "kind", "energy_wh", "amount_minor", "currency", "started_at", "ended_at",
            "parts",
        ]  # fmt: skip
        read_only_fields = fields


class SessionSerializer(serializers.ModelSerializer[Session]):
    connector_id = serializers.UUIDField(read_only=True)
    connector_name = serializers.CharField(source="connector.__str__", read_only=True)
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    bill_lines = BillLineSerializer(many=True, read_only=True)
    power_w = serializers.SerializerMethodField(
        help_text="As measured within the last minute; null if it was not."
    )

    class Meta:
        model = Session
        fields = [
            "id", "connector_id", "connector_name", "driver_id", "vehicle_id", "state", "plugged_at", "started_at",
            "stopped_at", "unplugged_at", "stop_reason", "energy_wh", "energy_doubt", "power_w", "charge_pct",
            "metered_at", "bill_lines",
        ]  # fmt: skip
        read_only_fields = fields

    def get_power_w(self, session: Session) -> int | None:
        return power_now_w(session, now=timezone.now())


class SignedValueSerializer(serializers.ModelSerializer[SignedMeterValue]):
    class Meta:
        model = SignedMeterValue
        fields = [
            "id", "context", "measured_at", "received_at", "data", "encoding", "method", "public_key",
        ]  # fmt: skip
        read_only_fields = fields
