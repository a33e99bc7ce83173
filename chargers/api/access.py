"""Who may charge at a connector and when: read and set as a whole, for managers."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chargers.domain.access.people import find_people
from chargers.domain.access.rules import MOST_RULES, find_rules, set_access
from chargers.domain.access.sentences import Rule, say_rule
from chargers.enums import Audience
from chargers.models import AccessRule, Connector
from chargers.models.access import DAY_MIN, EVERY_DAY
from drivers.models import DriverGroup, Flat
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import IsManager, request_access
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.telling import tell
from grid.domain.audit import Actor


class RuleSerializer(StrictSerializer):
    """For whom, and in which part of the local week: always, if no part is given."""

    audience = serializers.ChoiceField(Audience.choices)
    group_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Of `group` alone."
    )
    flat_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Of `flat` alone."
    )
    weekdays = serializers.IntegerField(
        required=False,
        default=EVERY_DAY,
        min_value=1,
        max_value=EVERY_DAY,
        help_text="Of its begin, as bits: bit 0 is Monday.",
    )
    start_min = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=DAY_MIN - 1,
        help_text="Minutes after local midnight, included.",
    )
    end_min = serializers.IntegerField(
        required=False,
        default=DAY_MIN,
        min_value=1,
        max_value=DAY_MIN,
        help_text="Minutes after local midnight, excluded. No later than `start_min`: on the next day.",
    )


class RulesSerializer(StrictSerializer):
    """All rules of the connector. None: it is everybody's."""

    rules = serializers.ListField(child=RuleSerializer(), max_length=MOST_RULES)


class SaidRuleSerializer(serializers.Serializer[AccessRule]):
    audience = serializers.ChoiceField(Audience.choices)
    group_id = serializers.UUIDField(allow_null=True)
    flat_id = serializers.UUIDField(allow_null=True)
    weekdays = serializers.IntegerField()
    start_min = serializers.IntegerField()
    end_min = serializers.IntegerField()
    sentence = serializers.SerializerMethodField()

    def get_sentence(self, rule: AccessRule) -> str:
        return tell(say_rule(rule, names=True))


class PersonSerializer(serializers.Serializer[Any]):
    driver_id = serializers.UUIDField(source="driver.pk")
    name = serializers.CharField(source="driver.name")
    open_now = serializers.BooleanField(source="access.is_open")
    until = serializers.DateTimeField(
        source="access.until", allow_null=True, help_text="When hours end that are open now."
    )


class ConnectorAccessSerializer(serializers.Serializer[Any]):
    connector_id = serializers.UUIDField()
    rules = SaidRuleSerializer(many=True)
    drivers = PersonSerializer(many=True, help_text="Whom some rule is for, now or at other times.")


class ConnectorAccessView(APIView):
    """Who may begin to charge at this connector. Without a rule everybody may."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(responses=ConnectorAccessSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 (the address's word)
        return Response(_told(_managed(request, id)))

    @extend_schema(request=RulesSerializer, responses=ConnectorAccessSerializer)
    def put(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Set all rules at once. Sessions that run go on, and what was booked stays booked."""
        connector = _managed(request, id)
        body = RulesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        rules = [_asked(connector, given) for given in body.validated_data["rules"]]
        set_access(connector, rules, actor=Actor.of_user(request.user), now=timezone.now())
        return Response(_told(connector))


def _managed(request: Request, pk: UUID) -> Connector:
    access = request_access(request)
    rows = Connector.objects.filter(retired_at=None, charge_point__retired_at=None)
    if not access.everywhere:
        rows = rows.filter(community_id__in=access.managed)
    return get_object_or_404(rows.select_related("charge_point", "community"), pk=pk)


def _asked(connector: Connector, given: dict[str, Any]) -> Rule:
    values = dict(given)
    group_id, flat_id = values.pop("group_id"), values.pop("flat_id")
    group = DriverGroup.objects.filter(community=connector.community_id, pk=group_id).first()
    flat = Flat.objects.filter(community=connector.community_id, pk=flat_id, retired_at=None).first()
    for field, asked, found in (("group_id", group_id, group), ("flat_id", flat_id, flat)):
        if asked is not None and found is None:
            raise InvalidInput(field, gettext("This community has no such row."))
    return Rule(audience=Audience(values.pop("audience")), group=group, flat=flat, **values)


def _told(connector: Connector) -> Any:
    rules = find_rules(connector)
    people = find_people(connector, now=timezone.now())
    return ConnectorAccessSerializer({"connector_id": connector.pk, "rules": rules, "drivers": people}).data
