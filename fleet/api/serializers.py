from typing import Any

from rest_framework import serializers

from fleet.domain import vehicles
from fleet.models import SmartcarConnection, Vehicle, VehicleReading


class VehicleSerializer(serializers.ModelSerializer[Vehicle]):
    """A car with what was last known of it, how old that is and where it comes from."""

    driver_id = serializers.UUIDField(read_only=True)
    community_id = serializers.UUIDField(read_only=True)
    connection_state = serializers.CharField(
        source="connection.state", read_only=True, default=None, allow_null=True
    )
    stale = serializers.SerializerMethodField()

    class Meta:
        model = Vehicle
        fields = [
            "id", "driver_id", "community_id", "name", "make", "model", "year", "battery_wh", "phases", "max_current_ma",
            "charge_pct", "charge_at", "charge_source", "stale", "range_km", "plug_state", "charge_state",
            "connection_state",
        ]  # fmt: skip
        read_only_fields = fields

    def get_stale(self, vehicle: Vehicle) -> bool:
        return vehicles.is_stale(vehicle, now=self.context["now"])


class VehicleWriteSerializer(serializers.Serializer[Any]):
    """The driver's own numbers. `charge_pct` is what the dashboard shows now."""

    name = serializers.CharField(max_length=80)
    make = serializers.CharField(max_length=60, required=False, allow_blank=True)
    model = serializers.CharField(max_length=60, required=False, allow_blank=True)
    year = serializers.IntegerField(min_value=1990, max_value=2100, required=False, allow_null=True)
    battery_wh = serializers.IntegerField(min_value=1_000, max_value=500_000, required=False, allow_null=True)
    phases = serializers.IntegerField(min_value=1, max_value=3, required=False)
    max_current_ma = serializers.IntegerField(min_value=6_000, max_value=80_000, required=False)


class VehicleAddSerializer(VehicleWriteSerializer):
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class VehicleEditSerializer(VehicleWriteSerializer):
    charge_pct = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)


class VehicleReadingSerializer(serializers.ModelSerializer[VehicleReading]):
    class Meta:
        model = VehicleReading
        fields = [
            "id", "measured_at", "received_at", "source", "charge_pct", "range_km", "odometer_km", "plug_state",
            "charge_state",
        ]  # fmt: skip
        read_only_fields = fields


class ConnectionSerializer(serializers.ModelSerializer[SmartcarConnection]):
    """A consent, without its tokens."""

    driver_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = SmartcarConnection
        fields = ["id", "driver_id", "state", "state_since", "scopes", "refreshed_at"]
        read_only_fields = fields


class ConnectUrlSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()


class ConnectedSerializer(serializers.Serializer[Any]):
    connection_id = serializers.UUIDField()
    vehicles = VehicleSerializer(many=True)
