from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import CommunityQuerySerializer, asked_driver, signed_in
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import lockout
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.said import Said
from fleet.smartcar.choice import gateway
from scheduling.domain.views import personal_data


class EraseSerializer(StrictSerializer):
    """The password again: this can't be undone."""

    password = serializers.CharField(max_length=128, trim_whitespace=False)


class PersonalDataView(APIView):
    """Everything that is stored of the caller as a driver; and its end."""

    @extend_schema(parameters=[CommunityQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        body = personal_data.export_data(asked_driver(request), now=timezone.now())
        headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
        return Response(body, headers=headers)

    @extend_schema(
        parameters=[CommunityQuerySerializer],
        request=EraseSerializer,
        responses={204: None},
        operation_id="drivers_data_erase",
    )
    def post(self, request: Request) -> Response:
        """Close the account. Bills and ledgers stay, without the person."""
        body = EraseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = signed_in(request)
        with lockout.judging(user.get_username(), lockout.address_of(request)):
            if not user.check_password(body.validated_data["password"]):
                raise InvalidInput("password", Said("refusal.wrong_password"), code="wrong_password")
        personal_data.erase_driver(asked_driver(request), gateway(), by=user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
