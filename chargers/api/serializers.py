from datetime import datetime
from functools import cached_property

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from chargers.domain import presence
from chargers.domain.access.judging import AccessBook
from chargers.domain.access.sentences import say_rule
from chargers.domain.operations import BY_HAND
from chargers.domain.orders import abilities
from chargers.enums import CommandKind, PhaseRotation
from chargers.models import ChargePoint, ChargerCommand, Connector
from drivers.api.permissions import drivers_of
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import MILLIAMPS, REASON_FOR_TRAIL
from evbalancer.common.words.telling import tell


class SpacesOfReader:
    """What the reader may know of who charges where. Nothing is read before somebody asks."""

    def __init__(self, request: Request, *, now: datetime) -> None:
        self._request, self._now = request, now

    @cached_property
    def _book(self) -> AccessBook:
        access = request_access(self._request)
        return AccessBook.of_communities(None if access.everywhere else access.communities)

    def sentences(self, connector: Connector) -> list[str]:
        manages = request_access(self._request).manages(connector.community_id)
        driver = drivers_of(self._request).get(connector.community_id)
        return [
            tell(say_rule(rule, names=manages or (driver is not None and self._book.names(rule, driver))))
            for rule in self._book.rules_of(connector.pk)
        ]

    def is_open(self, connector: Connector) -> bool | None:
        driver = drivers_of(self._request).get(connector.community_id)
        return None if driver is None else self._book.judge(connector.pk, driver, at=self._now).is_open


class ConnectorSerializer(serializers.ModelSerializer[Connector]):
    """What every member of the community may know."""

    charge_point_id = serializers.UUIDField(read_only=True)
    circuit_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    access = serializers.SerializerMethodField()
    open_to_me = serializers.SerializerMethodField()

    class Meta:
        model = Connector
        fields = [
            "id", "charge_point_id", "circuit_id", "name", "number", "status", "status_at", "max_current_ma",
            "min_current_ma", "phase_rotation", "access", "open_to_me",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(
        serializers.ListField(
            child=serializers.CharField(),
            help_text="For whom it is and when; none: for everybody. Others' groups and flats are not named.",
        )
    )
    def get_access(self, connector: Connector) -> list[str]:
        spaces: SpacesOfReader = self.context["spaces"]
        return spaces.sentences(connector)

    @extend_schema_field(
        serializers.BooleanField(
            allow_null=True, help_text="Whether you may begin now; null if you don't drive there."
        )
    )
    def get_open_to_me(self, connector: Connector) -> bool | None:
        spaces: SpacesOfReader = self.context["spaces"]
        return spaces.is_open(connector)


class ManagedConnectorSerializer(ConnectorSerializer):
    """With the balancer's figures, for managers."""

    class Meta(ConnectorSerializer.Meta):
        fields = [
            *ConnectorSerializer.Meta.fields,
            "error_code", "vendor_error", "error_info", "wanted_ma", "sent_ma", "in_doubt_ma", "confirmed_ma", "confirmed_at", "fallback_ma",
            "fallback_confirmed_at", "chosen_fallback_ma", "refusals", "uncontrollable_since", "clocks_apart", "last_contact_at",
            "limit_writes",
        ]  # fmt: skip
        read_only_fields = fields


class WiringSerializer(StrictSerializer):
    """What managers may change of a connector. A fallback is 0, or from 6 A to the nameplate."""

    circuit_id = serializers.UUIDField(required=False)
    phase_rotation = serializers.ChoiceField(PhaseRotation.choices, required=False, allow_blank=True)
    max_current_ma = serializers.IntegerField(**MILLIAMPS.options, required=False)
    min_current_ma = serializers.IntegerField(**MILLIAMPS.options, required=False)
    step_ma = serializers.IntegerField(**MILLIAMPS.options, required=False)
    chosen_fallback_ma = serializers.IntegerField(**MILLIAMPS.options, required=False)
    reason = serializers.CharField(**REASON_FOR_TRAIL.options, required=False, default="", allow_blank=True)


class ChargePointSerializer(serializers.ModelSerializer[ChargePoint]):
    cluster_id = serializers.UUIDField(read_only=True)
    online = serializers.SerializerMethodField()
    connectors = ConnectorSerializer(many=True, read_only=True)

    class Meta:
        model = ChargePoint
        fields = ["id", "cluster_id", "name", "online", "connectors"]
        read_only_fields = fields

    def get_online(self, charge_point: ChargePoint) -> bool:
        return presence.is_online(charge_point, now=self.context["now"])


class ManagedChargePointSerializer(ChargePointSerializer):
    planned = serializers.BooleanField(
        source="is_planned", read_only=True, help_text="It has never connected: no power is kept for it."
    )
    connectors = ManagedConnectorSerializer(many=True, read_only=True)
    abilities = serializers.SerializerMethodField()

    class Meta(ChargePointSerializer.Meta):
        fields = [
            *ChargePointSerializer.Meta.fields,
            "planned", "identity", "registration", "pinned_ocpp_version", "ocpp_version", "vendor", "model", "serial_number", "firmware_version",
            "booted_at", "connected_at", "disconnected_at", "last_seen_at", "clock_skew_s", "status", "status_at",
            "error_code", "vendor_error", "error_info", "abilities",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(CommandKind.choices)))
    def get_abilities(self, charge_point: ChargePoint) -> list[str]:
        """The commands that a manager can send to it."""
        can = abilities.kinds_of(charge_point)
        return [kind.value for kind in BY_HAND if kind in can]


class CommandSerializer(serializers.ModelSerializer[ChargerCommand]):
    charge_point_id = serializers.UUIDField(read_only=True)
    connector_id = serializers.UUIDField(read_only=True, allow_null=True)
    session_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = ChargerCommand
        fields = [
            "id", "charge_point_id", "connector_id", "session_id", "kind", "state", "requested_by", "queued_at",
            "expires_at", "sent_at", "answered_at", "limit_ma", "error", "result",
            "later_state", "later_word", "later_at", "later_parts",
        ]  # fmt: skip
        read_only_fields = fields


class OrderSerializer(StrictSerializer):
    """A command for a charge point, with the arguments of its kind; docs/commands.md lists them."""

    kind = serializers.ChoiceField(CommandKind.choices)
    connector = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="Its number."
    )
    arguments = serializers.DictField(required=False)
    reason = serializers.CharField(required=False, max_length=200, help_text="Kept in the audit trail.")


class MeterKeySerializer(StrictSerializer):
    registered_meter_key = serializers.CharField(
        max_length=2_500, allow_blank=True, help_text="Hex or base64 of DER, or PEM; empty to trust none."
    )
