"""Alarms for managers and operators: what is wrong now, what was, and who looks after it."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import signed_in
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.sayings import SaidSerializer
from scheduling.domain.alarms.ledger import acknowledge_alarm
from scheduling.domain.alarms.wording import is_grave
from scheduling.models import Alarm
from scheduling.models.alarm import NOTE


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    text = serializers.CharField(source="told", read_only=True)
    said = SaidSerializer(read_only=True)
    is_grave = serializers.SerializerMethodField()

    class Meta:
        model = Alarm
        fields = [
            "id", "community", "cluster", "kind", "about", "name", "is_grave", "text", "said", "began_at", "raised_at",
            "ended_at", "acknowledged_at", "acknowledged_by", "note",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_grave(self, alarm: Alarm) -> bool:
        return is_grave(alarm)


class NoteSerializer(StrictSerializer):
    note = serializers.CharField(**NOTE.options)


class AlarmViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Alarms of the communities that the caller manages; operators see also those of the whole server.

    `ended_at__isnull=true` finds the open ones; the others are the history.
    """

    queryset = Alarm.objects.filter(raised_at__isnull=False)
    serializer_class = AlarmSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = {
        "kind": ["exact"],
        "cluster": ["exact"],
        "community": ["exact"],
        "ended_at": ["isnull"],
        "acknowledged_at": ["isnull"],
    }

    @extend_schema(request=NoteSerializer, responses=AlarmSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: UUID | None = None) -> Response:
        """Say that somebody looks after it. It stays open until its cause is gone."""
        alarm = self.get_object()
        body = NoteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        done = acknowledge_alarm(
            alarm, by=signed_in(request), note=body.validated_data["note"], now=timezone.now()
        )
        return Response(AlarmSerializer(done).data)
