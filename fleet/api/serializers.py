from typing import Any

from django.conf import settings
from rest_framework import serializers

from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import PERCENTAGE, column_rules
from evbalancer.common.words.sayings import SaidSerializer, SentencesField
from fleet.domain import budget, control, vehicles
from fleet.models import SmartcarConnection, Stay, Vehicle, VehicleReading
from fleet.models.vehicle import BATTERY, CURRENT, PHASES, YEAR


class StaySerializer(serializers.ModelSerializer[Stay]):
    """Which car a charging session is of, how sure that is, and by whose word."""

    driver_id = serializers.UUIDField(read_only=True, allow_null=True)
    vehicle_id = serializers.UUIDField(read_only=True, allow_null=True)
    why = SentencesField(help_text="In the reader's language.")
    why_said = SaidSerializer(source="why", many=True, read_only=True)

    class Meta:
        model = Stay
        fields = [
            "id", "session_id", "driver_id", "vehicle_id", "confidence_pct", "told_by", "why", "why_said", "began_at", "ended_at",
            "needed_by",
        ]  # fmt: skip
        read_only_fields = fields


class VehicleSerializer(serializers.ModelSerializer[Vehicle]):
    """A car with what was last known of it, how old that is and where it comes from."""

    driver_id = serializers.UUIDField(read_only=True)
    community_id = serializers.UUIDField(read_only=True)
    connection_state = serializers.CharField(
        source="connection.state", read_only=True, default=None, allow_null=True
    )
    usable_wh = serializers.IntegerField(read_only=True, allow_null=True)
    stale = serializers.SerializerMethodField()
    stay = serializers.SerializerMethodField()

    class Meta:
        model = Vehicle
        fields = [
            "id", "driver_id", "community_id", "name", "make", "model", "year", "battery_wh", "learned_battery_wh",
            "usable_wh", "phases", "max_current_ma", "charge_pct", "charge_at", "charge_source", "stale", "range_km",
            "odometer_km", "charge_limit_pct", "plug_state", "charge_state", "plug_at", "charging_at", "plugged_since",
            "shares_location", "is_here", "here_at", "connection_state", "stay",
        ]  # fmt: skip
        read_only_fields = fields

    def get_stale(self, vehicle: Vehicle) -> bool:
        return vehicles.is_stale(vehicle, now=self.context["now"])

    def get_stay(self, vehicle: Vehicle) -> dict[str, Any] | None:
        """The charging session that it stands in now."""
        # Prefetched by the viewset, newest first; a car that was just made has none.
        running = getattr(vehicle, "running_stays", None)
        if running is None:
            running = vehicle.stays.filter(ended_at=None)[:1]
        return next((dict(StaySerializer(stay).data) for stay in running), None)


class VehicleDetailSerializer(VehicleSerializer):
    """One car, and what its link allows and costs."""

    full_at = serializers.SerializerMethodField()
    can_control = serializers.SerializerMethodField()
    calls_in_month = serializers.SerializerMethodField()
    calls_per_month = serializers.SerializerMethodField()

    class Meta(VehicleSerializer.Meta):
        fields = [
            *VehicleSerializer.Meta.fields,
            "full_at", "taper", "can_control", "polled_at", "wait_until", "wait_reason", "calls_in_month",
            "calls_per_month",
        ]  # fmt: skip
        read_only_fields = fields

    def get_full_at(self, vehicle: Vehicle) -> str | None:
        """Forecast of when it holds what it charges to, at its own pace."""
        found = vehicles.forecast_full(vehicle, now=self.context["now"])
        return None if found is None else found.isoformat()

    def get_can_control(self, vehicle: Vehicle) -> bool:
        """The consent allows starting, stopping and limiting, and no charger of ours that is online has the car in hand."""
        return control.is_possible(vehicle, now=self.context["now"])

    def get_calls_in_month(self, vehicle: Vehicle) -> int:
        return budget.calls_used(vehicle, now=self.context["now"])

    def get_calls_per_month(self, vehicle: Vehicle) -> int:
        return int(settings.SMARTCAR_CALLS_PER_CAR_AND_MONTH)


class VehicleWriteSerializer(StrictSerializer):
    """The driver's own numbers. `charge_pct` is what the dashboard shows now."""

    name = serializers.CharField(validators=column_rules(Vehicle, "name"))
    make = serializers.CharField(validators=column_rules(Vehicle, "make"), required=False, allow_blank=True)
    model = serializers.CharField(validators=column_rules(Vehicle, "model"), required=False, allow_blank=True)
    year = serializers.IntegerField(**YEAR.options, required=False, allow_null=True)
    battery_wh = serializers.IntegerField(**BATTERY.options, required=False, allow_null=True)
    phases = serializers.IntegerField(**PHASES.options, required=False)
    max_current_ma = serializers.IntegerField(**CURRENT.options, required=False)


class VehicleAddSerializer(VehicleWriteSerializer):
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class VehicleEditSerializer(VehicleWriteSerializer):
    charge_pct = serializers.IntegerField(**PERCENTAGE.options, required=False, allow_null=True)
    shares_location = serializers.BooleanField(required=False)


class ChargingSerializer(StrictSerializer):
    """The order to the car itself."""

    action = serializers.ChoiceField(choices=["start", "stop"])


class ChargeLimitSerializer(StrictSerializer):
    pct = serializers.IntegerField(**control.CHARGE_LIMIT.options)


class VehicleReadingSerializer(serializers.ModelSerializer[VehicleReading]):
    class Meta:
        model = VehicleReading
        fields = [
            "id", "measured_at", "received_at", "source", "charge_pct", "range_km", "odometer_km", "charge_limit_pct",
            "plug_state", "charge_state",
        ]  # fmt: skip
        read_only_fields = fields


class OfferedCarSerializer(serializers.Serializer[Any]):
    smartcar_id = serializers.CharField()
    make = serializers.CharField()
    model = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)


class ConnectionSerializer(serializers.ModelSerializer[SmartcarConnection]):
    """A consent, without its tokens."""

    driver_id = serializers.UUIDField(read_only=True)
    offered = OfferedCarSerializer(many=True, read_only=True)

    class Meta:
        model = SmartcarConnection
        fields = ["id", "driver_id", "state", "state_since", "scopes", "refreshed_at", "offered"]
        read_only_fields = fields


class ConnectUrlSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()


class ConnectedSerializer(serializers.Serializer[Any]):
    """A new consent. With more than one car in it, `offered` waits for the driver's choice."""

    connection_id = serializers.UUIDField()
    vehicles = VehicleSerializer(many=True)
    offered = OfferedCarSerializer(many=True)


class ChooseSerializer(StrictSerializer):
    smartcar_ids = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=20
    )


class WhichCarSerializer(StrictSerializer):
    """The car of the session; null when it is none of them."""

    vehicle_id = serializers.UUIDField(allow_null=True)
