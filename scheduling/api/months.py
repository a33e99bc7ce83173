from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import CommunityQuerySerializer, only_driver
from scheduling.domain.views.months import MOST_MONTHS, sum_months


class MonthsQuerySerializer(CommunityQuerySerializer):
    count = serializers.IntegerField(min_value=1, max_value=MOST_MONTHS, default=12)


class MonthSerializer(serializers.Serializer[Any]):
    """A month of the caller's. A stay counts to the month that it began in, a promise to the one that it ended in."""

    first = serializers.DateField(help_text="Its first day, on the community's clock.")
    stays = serializers.IntegerField()
    energy_wh = serializers.IntegerField()
    cost_minor = serializers.IntegerField(allow_null=True, help_text="Null where nothing was billed.")
    settled = serializers.IntegerField(help_text="Promises that came to their end.")
    kept = serializers.IntegerField(help_text="How many of them were kept.")
    carbon_g = serializers.IntegerField(
        allow_null=True, help_text="Of `carbon_wh`, the energy that a carbon signal covers."
    )
    carbon_wh = serializers.IntegerField()


class MonthsSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    months = MonthSerializer(many=True)


class MonthsView(APIView):
    """The caller's last months, the running one last."""

    @extend_schema(parameters=[MonthsQuerySerializer], responses=MonthsSerializer)
    def get(self, request: Request) -> Response:
        query = MonthsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        driver = only_driver(request, query.validated_data["community"])
        months = sum_months(driver, count=query.validated_data["count"], now=timezone.now())
        return Response(MonthsSerializer({"currency": driver.community.currency, "months": months}).data)
