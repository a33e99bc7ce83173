from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from evbalancer.common.clocks.moments import ZonedMomentField
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from evbalancer.common.words.inputs import MILLIAMPS, PERCENTAGE, REASON_FOR_TRAIL
from evbalancer.common.words.sayings import SaidSerializer
from grid.domain import limits
from grid.domain.retention.periods import Kept
from grid.enums import LimitSource
from grid.models import AuditEntry, Circuit, Cluster, Community, MeterReading, TemporaryLimit


class PhasesField(StrictMixin, serializers.Serializer[PhaseMilliamps]):
    """Integer milliamperes on L1, L2 and L3."""

    l1 = serializers.IntegerField(**MILLIAMPS.options)
    l2 = serializers.IntegerField(**MILLIAMPS.options)
    l3 = serializers.IntegerField(**MILLIAMPS.options)

    def to_internal_value(self, data: Any) -> PhaseMilliamps:
        values: Mapping[str, int] = super().to_internal_value(data)
        return PhaseMilliamps(values["l1"], values["l2"], values["l3"])


class SignedPhasesField(PhasesField):
    """The same, below 0 where the building feeds in."""

    l1 = serializers.IntegerField(min_value=-2_000_000, max_value=2_000_000)
    l2 = serializers.IntegerField(min_value=-2_000_000, max_value=2_000_000)
    l3 = serializers.IntegerField(min_value=-2_000_000, max_value=2_000_000)


class TemporaryLimitSerializer(serializers.ModelSerializer[TemporaryLimit]):
    circuit_id = serializers.UUIDField(read_only=True)
    limit_ma = PhasesField(read_only=True)
    reason = serializers.CharField(
        source="reason_told", read_only=True, help_text="In the reader's language."
    )
    reason_said = SaidSerializer(read_only=True, allow_null=True)

    class Meta:
        model = TemporaryLimit
        fields = [
            "id", "circuit_id", "limit_ma", "source", "reason", "reason_said", "announced_at", "effective_at", "uncovered_ma", "until",
            "cancelled_at",
        ]  # fmt: skip
        read_only_fields = fields


class ImposeSerializer(StrictSerializer):
    """Either a percentage of the permanent limit or milliamperes per phase."""

    circuit_id = serializers.UUIDField()
    pct = serializers.IntegerField(**PERCENTAGE.options, required=False)
    limit_ma = PhasesField(required=False)
    reason = serializers.CharField(**limits.REASON.options)
    until = ZonedMomentField(required=False, allow_null=True, default=None)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # Not as a class attribute: DRF's own fields have a `source`.
        choice = serializers.ChoiceField(choices=LimitSource.choices, default=LimitSource.MANAGER)
        return {**super().get_fields(), "source": choice}


class ReasonSerializer(StrictSerializer):
    reason = serializers.CharField(**REASON_FOR_TRAIL.options, required=False, default="", allow_blank=True)


class CircuitSerializer(serializers.ModelSerializer[Circuit]):
    parent_id = serializers.UUIDField(read_only=True, allow_null=True)
    limit_ma = PhasesField(read_only=True)
    limit_now_ma = serializers.SerializerMethodField(
        help_text="The lowest of the permanent and every open limit."
    )
    base_load_ma = serializers.SerializerMethodField(
        help_text="Of the building, circuits below not included."
    )

    class Meta:
        model = Circuit
        fields = ["id", "parent_id", "name", "kind", "limit_ma", "limit_now_ma", "base_load_ma", "has_meter"]
        read_only_fields = fields

    def get_limit_now_ma(self, circuit: Circuit) -> dict[str, int]:
        return dict(self.context["aimed_ma"][circuit.pk]._asdict())

    def get_base_load_ma(self, circuit: Circuit) -> dict[str, int]:
        return dict(self.context["base_ma"][circuit.pk]._asdict())


class CircuitLimitSerializer(serializers.ModelSerializer[Circuit]):
    """A circuit as it is built."""

    limit_ma = PhasesField(read_only=True)
    base_load_max_ma = PhasesField(read_only=True)

    class Meta:
        model = Circuit
        fields = ["id", "name", "limit_ma", "base_load_max_ma", "base_load_rise_ma"]
        read_only_fields = fields


class RetentionSerializer(serializers.ModelSerializer[Community]):
    """How many days the records of a community stay (docs/retention.md)."""

    class Meta:
        model = Community
        fields = ["id", "name", *(kept.value for kept in Kept)]
        read_only_fields = fields


class RetentionChangeSerializer(StrictMixin, serializers.ModelSerializer[Community]):
    """Days by the bounds of the columns; what is left out stays as it is."""

    reason = serializers.CharField(**REASON_FOR_TRAIL.options, required=False, default="", allow_blank=True)

    class Meta:
        model = Community
        fields = [*(kept.value for kept in Kept), "reason"]
        extra_kwargs = {kept.value: {"required": False} for kept in Kept}


class CircuitChangeSerializer(StrictSerializer):
    """What managers may change of a circuit."""

    limit_ma = PhasesField(required=False)
    base_load_max_ma = PhasesField(required=False)
    base_load_rise_ma = serializers.IntegerField(**MILLIAMPS.options, required=False, allow_null=True)
    reason = serializers.CharField(**REASON_FOR_TRAIL.options, required=False, default="", allow_blank=True)

    def columns(self) -> dict[str, int | None]:
        """The columns of the model, one a phase."""
        given, columns = self.validated_data, {}
        for name in ("limit", "base_load_max"):
            for number, current_ma in enumerate(given.get(f"{name}_ma", ()), start=1):
                columns[f"{name}_l{number}_ma"] = current_ma
        if "base_load_rise_ma" in given:
            columns["base_load_rise_ma"] = given["base_load_rise_ma"]
        return columns


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    community_id = serializers.UUIDField(read_only=True)
    community_name = serializers.CharField(source="community.name", read_only=True)
    time_zone = serializers.CharField(source="community.time_zone", read_only=True)
    circuits = CircuitSerializer(source="circuits_in_use", many=True, read_only=True)
    temporary_limits = TemporaryLimitSerializer(source="limits_open", many=True, read_only=True)

    class Meta:
        model = Cluster
        fields = [
            "id", "name", "community_id", "community_name", "time_zone", "voltage_v", "margin_ma", "policy",
            "everybody_first", "circuits", "temporary_limits",
        ]  # fmt: skip
        read_only_fields = fields


class ReadingSerializer(StrictMixin, serializers.ModelSerializer[MeterReading]):
    circuit_id = serializers.UUIDField(read_only=True)
    measured_at = ZonedMomentField()
    base_load_ma = SignedPhasesField()

    class Meta:
        model = MeterReading
        fields = ["id", "circuit_id", "measured_at", "received_at", "base_load_ma"]
        read_only_fields = ["id", "circuit_id", "received_at"]


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = [
            "id", "community_id", "at", "actor_kind", "actor_label", "action", "target_kind", "target_id", "target_label",
            "before", "after", "reason",
        ]  # fmt: skip
        read_only_fields = fields
