"""Statements of drivers and flats, and the months that managers bill."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import managed_community, signed_in
from evbalancer.common.security.tenancy import IsManager, TenantViewSet, request_access
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from grid.domain.audit import Actor
from pricing.domain.payments.receipts import annotate_open, enter_payment
from pricing.domain.statements import credits as notes
from pricing.domain.statements.months import draft_month, issue_month, month_totals, review_month
from pricing.enums import PaymentKind, StatementState
from pricing.models import BillingMonth, Payment, Statement, StatementItem


def visible_statements(request: Request, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Managers see all of their communities; others the issued ones that are theirs, or on whose flat's they charged."""
    access = request_access(request)
    if access.everywhere:
        return rows
    charged = StatementItem.objects.filter(
        statement__flat__isnull=False, bill_line__driver__user=request.user.pk
    ).values("statement")
    own = Q(driver__user=request.user.pk) | Q(pk__in=charged) | Q(corrects__in=charged)
    return rows.filter(
        Q(community__in=access.managed)
        | Q(own, state=StatementState.ISSUED, community__in=access.communities)
    )


class TotalSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    currency = serializers.CharField()
    count = serializers.IntegerField()
    energy_wh = serializers.IntegerField()
    total_minor = serializers.IntegerField()


class BillingMonthSerializer(serializers.ModelSerializer[BillingMonth]):
    community_id = serializers.UUIDField(read_only=True)
    totals = serializers.SerializerMethodField()

    class Meta:
        model = BillingMonth
        fields = [
            "id", "community_id", "first_day", "drafted_at", "reviewed_at", "issued_at", "totals",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema(responses=TotalSerializer(many=True))
    def get_totals(self, row: BillingMonth) -> list[dict[str, Any]]:
        return month_totals(row)


class DraftSerializer(StrictSerializer):
    month = serializers.DateField(help_text="Any day of the month.")
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class PaymentSerializer(StrictMixin, serializers.ModelSerializer[Payment]):
    class Meta:
        model = Payment
        fields = ["id", "way", "amount_minor", "paid_on", "note", "created_at"]
        read_only_fields = ["id", "way", "created_at"]


class StatementSerializer(serializers.ModelSerializer[Statement]):
    open_minor = serializers.IntegerField(
        read_only=True, help_text="What is still to be paid; below zero in the recipient's favour."
    )
    saved_minor = serializers.SerializerMethodField(
        help_text="Against charging at once, over the sessions of which that is known; null without any, and of a draft."
    )
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)
    flat_id = serializers.UUIDField(read_only=True, allow_null=True)
    corrects_id = serializers.UUIDField(read_only=True, allow_null=True)
    month = serializers.DateField(source="month.first_day", read_only=True, help_text="Its first day.")

    class Meta:
        model = Statement
        fields = [
            "id", "label", "kind", "state", "month", "driver_id", "flat_id", "corrects_id", "reason", "currency",
            "energy_wh", "total_minor", "open_minor", "saved_minor", "issued_at", "due_on",
        ]  # fmt: skip
        read_only_fields = fields

    def get_saved_minor(self, statement: Statement) -> int | None:
        saving: dict[str, int] | None = statement.document.get("saving")
        return saving["saved_minor"] if saving else None


class StatementWholeSerializer(StatementSerializer):
    """With all that the paper says; empty until it is issued."""

    class Meta(StatementSerializer.Meta):
        fields = [*StatementSerializer.Meta.fields, "document"]
        read_only_fields = fields


class CreditSerializer(StrictSerializer):
    reason = serializers.CharField(**notes.REASON.options)
    amount_minor = serializers.IntegerField(
        min_value=1,
        required=False,
        help_text="Left out: all of it, and its costs wait for a statement again.",
    )


class BillingMonthViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Months whose costs are drafted, reviewed and issued, newest first."""

    queryset = BillingMonth.objects.all()
    serializer_class = BillingMonthSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["community_id"]

    @extend_schema(request=DraftSerializer, responses={201: BillingMonthSerializer})
    def create(self, request: Request) -> Response:
        """Draft the statements of a month that is over; drafts of before are thrown away."""
        body = DraftSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        community = managed_community(self.access, body.validated_data["community_id"])
        actor = Actor.of_user(signed_in(request))
        row = draft_month(community, month=body.validated_data["month"], actor=actor, now=timezone.now())
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=BillingMonthSerializer)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: UUID | None = None) -> Response:
        """Say that a person looked at the drafts."""
        row = self.get_object()
        review_month(row, actor=Actor.of_user(signed_in(request)), now=timezone.now())
        return Response(self.get_serializer(row).data)

    @extend_schema(request=None, responses=BillingMonthSerializer)
    @action(detail=True, methods=["post"])
    def issue(self, request: Request, pk: UUID | None = None) -> Response:
        """Number and issue all that is reviewed. They never change afterwards."""
        row = self.get_object()
        issue_month(row, actor=Actor.of_user(signed_in(request)), now=timezone.now())
        return Response(self.get_serializer(row).data)


class StatementViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Issued statements: own ones, and those of a flat on which own sessions stand. Managers see drafts too."""

    queryset = annotate_open(Statement.objects.select_related("month"))
    serializer_class = StatementSerializer
    filterset_fields = ["state", "kind", "driver", "flat"]

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return visible_statements(self.request, rows)

    def get_serializer_class(self) -> Any:
        return StatementWholeSerializer if self.action == "retrieve" else StatementSerializer

    @extend_schema(request=PaymentSerializer, responses={201: PaymentSerializer})
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated, IsManager])
    def payments(self, request: Request, pk: UUID | None = None) -> Response:
        """Enter a payment of an issued statement; below zero takes one back."""
        statement = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = PaymentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        payment = enter_payment(
            statement,
            way=PaymentKind.ACCOUNT,
            actor=Actor.of_user(signed_in(request)),
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(PaymentSerializer(payment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CreditSerializer, responses={201: StatementWholeSerializer})
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated, IsManager])
    def credit(self, request: Request, pk: UUID | None = None) -> Response:
        """Correct an issued statement by a credit note: an amount, or all of it."""
        statement = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = CreditSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        actor, now = Actor.of_user(signed_in(request)), timezone.now()
        if "amount_minor" in asked:
            note = notes.credit_amount(statement, actor=actor, now=now, **asked)
        else:
            note = notes.cancel_statement(statement, actor=actor, now=now, **asked)
        row = self.get_queryset().get(pk=note.pk)
        return Response(StatementWholeSerializer(row).data, status=status.HTTP_201_CREATED)
