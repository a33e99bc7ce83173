from typing import Any

from rest_framework import serializers

from chargers.enums import PhaseRotation
from chargers.models import ChargePoint, ChargerCommand, Connector


class ConnectorSerializer(serializers.ModelSerializer[Connector]):
    """What every member of the community may know."""

    charge_point_id = serializers.UUIDField(read_only=True)
    circuit_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = Connector
        fields = [
            "id", "charge_point_id", "circuit_id", "name", "number", "status", "status_at", "max_current_ma",
            "min_current_ma", "phase_rotation",
        ]  # fmt: skip
        read_only_fields = fields


class ManagedConnectorSerializer(ConnectorSerializer):
    """With the balancer's figures, for managers."""

    class Meta(ConnectorSerializer.Meta):
        fields = [
            *ConnectorSerializer.Meta.fields,
            "error_code", "wanted_ma", "sent_ma", "in_doubt_ma", "confirmed_ma", "confirmed_at", "fallback_ma",
            "fallback_confirmed_at", "chosen_fallback_ma", "refusals", "uncontrollable_since", "last_contact_at", "limit_writes",
        ]  # fmt: skip
        read_only_fields = fields


class WiringSerializer(serializers.Serializer[Any]):
    """What managers may change of a connector. A fallback is 0, or from 6 A to the nameplate."""

    circuit_id = serializers.UUIDField(required=False)
    phase_rotation = serializers.ChoiceField(PhaseRotation.choices, required=False, allow_blank=True)
    max_current_ma = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)
    min_current_ma = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)
    step_ma = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)
    chosen_fallback_ma = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ChargePointSerializer(serializers.ModelSerializer[ChargePoint]):
    cluster_id = serializers.UUIDField(read_only=True)
    online = serializers.SerializerMethodField()
    connectors = ConnectorSerializer(many=True, read_only=True)

    class Meta:
        model = ChargePoint
        fields = ["id", "cluster_id", "name", "online", "connectors"]
        read_only_fields = fields

    def get_online(self, charge_point: ChargePoint) -> bool:
        until = charge_point.online_until
        return until is not None and until > self.context["now"]


class ManagedChargePointSerializer(ChargePointSerializer):
    connectors = ManagedConnectorSerializer(many=True, read_only=True)

    class Meta(ChargePointSerializer.Meta):
        fields = [
            *ChargePointSerializer.Meta.fields,
            "identity", "registration", "ocpp_version", "vendor", "model", "serial_number", "firmware_version",
            "booted_at", "connected_at", "disconnected_at", "last_seen_at", "clock_skew_s",
        ]  # fmt: skip
        read_only_fields = fields


class CommandSerializer(serializers.ModelSerializer[ChargerCommand]):
    charge_point_id = serializers.UUIDField(read_only=True)
    connector_id = serializers.UUIDField(read_only=True, allow_null=True)
    session_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = ChargerCommand
        fields = [
            "id", "charge_point_id", "connector_id", "session_id", "kind", "state", "requested_by", "queued_at",
            "expires_at", "sent_at", "answered_at", "limit_ma", "error",
        ]  # fmt: skip
        read_only_fields = fields


class EmptySerializer(serializers.Serializer[Any]):
    """No body."""
