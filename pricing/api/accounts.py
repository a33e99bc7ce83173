"""A cluster's month for its managers: revenue, cost of the energy, margin and the peak that balancing avoided."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.admin.workbook import XLSX
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import IsManager, request_access
from grid.models import Cluster
from pricing.api.downloads import workbook
from pricing.domain.papers.accounts import account_sheets, notes_on
from pricing.domain.reports.accounts import Account, read_account
from pricing.signals.series import QUARTER_S

EARLIEST_YEAR = 2010


class MonthQuerySerializer(serializers.Serializer[Any]):
    month = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="Any day of it; this month without."
    )


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    energy_wh = serializers.IntegerField()
    revenue_minor = serializers.IntegerField()
    purchase_minor = serializers.IntegerField()


class SavingSumSerializer(serializers.Serializer[Any]):
    saved_minor = serializers.IntegerField()
    compared = serializers.IntegerField()
    unknown = serializers.IntegerField()


class LoadsSerializer(serializers.Serializer[Any]):
    """Mean power in W, one entry a quarter of an hour."""

    start = serializers.DateTimeField()
    step_s = serializers.IntegerField(default=QUARTER_S)
    actual_w = serializers.ListField(child=serializers.IntegerField())
    at_once_w = serializers.ListField(child=serializers.IntegerField())
    limit_w = serializers.IntegerField()
    avoided_w = serializers.IntegerField(help_text="Of the highest quarter; below zero where it was higher.")
    measured = serializers.IntegerField(help_text="In how many quarters the connection was counted.")


class DemandSerializer(serializers.Serializer[Any]):
    """The peak in money."""

    per_kw_minor = serializers.IntegerField()
    charge_minor = serializers.IntegerField()
    avoided_minor = serializers.IntegerField(help_text="What charging at once would have cost more.")


class AccountSerializer(serializers.Serializer[Any]):
    """Of the sessions that ended in the month. `notes` say what the figures leave out."""

    month = serializers.DateField()
    until = serializers.DateTimeField()
    currency = serializers.CharField()
    sessions = serializers.IntegerField()
    energy_wh = serializers.IntegerField()
    revenue_minor = serializers.IntegerField(help_text="With the tax in it.")
    beside_minor = serializers.IntegerField(
        help_text="Of the revenue, what no session has: shares, free energy, fees of bookings, the demand charge."
    )
    elsewhere_minor = serializers.IntegerField(
        help_text="Shares and free energy of a community with several clusters: in no figure."
    )
    tax_minor = serializers.IntegerField()
    passed_on_minor = serializers.IntegerField(
        help_text="What drivers paid of the demand charge, without tax; not in the margin."
    )
    purchase_minor = serializers.IntegerField(help_text="Of `priced_wh`, without tax.")
    priced_wh = serializers.IntegerField(help_text="The energy of which a market price is stored.")
    margin_minor = serializers.IntegerField(allow_null=True, help_text="Null unless all energy has a price.")
    unmeasured = serializers.IntegerField(help_text="Sessions without a load profile.")
    saving = SavingSumSerializer()
    loads = LoadsSerializer(allow_null=True)
    demand = DemandSerializer(
        allow_null=True, help_text="Null unless a demand charge is set; see `/pricing/demand-charges`."
    )
    days = DaySerializer(many=True)
    notes = serializers.SerializerMethodField()

    def get_notes(self, account: Account) -> list[str]:
        return notes_on(account)


class AccountView(APIView):
    """The month of one cluster."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(parameters=[MonthQuerySerializer], responses=AccountSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(AccountSerializer(find_account(request, pk)).data)


class AccountFileView(APIView):
    """The same as a workbook: figures, days, and the load of each quarter of an hour."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(parameters=[MonthQuerySerializer], responses={(200, XLSX): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        account = find_account(request, pk)
        return workbook(f"month-{account.month:%Y-%m}", *account_sheets(account))


def find_account(request: Request, pk: UUID) -> Account:
    """Raises Http404 for a cluster of others, and InvalidInput for a month that has not begun."""
    access = request_access(request)
    rows = Cluster.objects.select_related("community")
    rows = rows if access.everywhere else rows.filter(community__in=access.managed)
    cluster: Cluster = get_object_or_404(rows, pk=pk)
    query = MonthQuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    now = timezone.now()
    today: date = timezone.localdate(now, ZoneInfo(cluster.community.time_zone))
    month = query.validated_data["month"] or today
    if month.year < EARLIEST_YEAR or month.replace(day=1) > today:
        raise InvalidInput(
            "month",
            gettext("A month from %(earliest_year)s on that has begun.") % {"earliest_year": EARLIEST_YEAR},
        )
    return read_account(cluster, month=month, now=now)
