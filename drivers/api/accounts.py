"""Invitations into a community, and the accounts that they open."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from drivers.api.permissions import managed_community, signed_in
from drivers.api.serializers import (
    AcceptSerializer,
    GuestFileSerializer,
    GuestListSerializer,
    GuestSerializer,
    InvitationSerializer,
    InvitedSerializer,
    JoinSerializer,
    PairSerializer,
    pair,
)
from drivers.domain import invitations, tokens
from drivers.domain.invitations import Guest, Invited
from drivers.models import Invitation
from evbalancer.common.mail import sends_mail
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.parsing import PlainJSONParser

NO_MAIL = "This server sends no mail."


class InvitationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Who was invited into the manager's communities, and what became of it."""

    queryset = Invitation.objects.all()
    serializer_class = InvitationSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True

    @extend_schema(request=GuestSerializer, responses={201: InvitedSerializer})
    def create(self, request: Request) -> Response:
        """Invite one. The code is in this answer and nowhere afterwards; `mailed` says whether it went to them by mail."""
        body = GuestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        community = managed_community(self.access, asked.pop("community_id"))
        [invited] = invitations.invite_guests(
            community, [Guest(**asked)], by=signed_in(request), now=timezone.now()
        )
        [shown] = _sent(request, [invited])
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(
        request={"application/json": GuestListSerializer, "multipart/form-data": GuestFileSerializer},
        responses={201: InvitedSerializer(many=True)},
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="import",
        pagination_class=None,
        parser_classes=[PlainJSONParser, MultiPartParser],
    )
    def many(self, request: Request) -> Response:
        """Invite everybody on a list, or nobody if one line is wrong."""
        is_file = str(request.content_type).startswith("multipart/")
        body = (GuestFileSerializer if is_file else GuestListSerializer)(data=request.data)
        body.is_valid(raise_exception=True)
        community = managed_community(self.access, body.validated_data["community_id"])
        told = body.validated_data["file"].read() if is_file else body.validated_data["csv"]
        guests = invitations.read_list(told, field="file" if is_file else "csv")
        invited = invitations.invite_guests(community, guests, by=signed_in(request), now=timezone.now())
        return Response(_sent(request, invited), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=InvitationSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID | None = None) -> Response:
        invitation = self.get_object()
        invitations.revoke_invitation(invitation, by=signed_in(request), now=timezone.now())
        return Response(InvitationSerializer(invitation).data)


class AcceptInvitationView(APIView):
    """Open a new account by an invitation, and sign in. Whoever has one joins by `/auth/invitation/join` instead."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "token"

    @extend_schema(request=AcceptSerializer, responses={201: PairSerializer})
    def post(self, request: Request) -> Response:
        body = AcceptSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = invitations.accept_invitation(now=timezone.now(), **body.validated_data)
        return Response(pair(tokens.OnceToken.for_user(user)), status=status.HTTP_201_CREATED)


class JoinView(APIView):
    """Accept an invitation with the account that the caller has already."""

    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "token"

    @extend_schema(request=JoinSerializer, responses={201: InvitationSerializer})
    def post(self, request: Request) -> Response:
        body = JoinSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        joined = invitations.join_by_invitation(
            body.validated_data["token"], user=signed_in(request), now=timezone.now()
        )
        joined.refresh_from_db()
        return Response(InvitationSerializer(joined).data, status=status.HTTP_201_CREATED)


def _sent(request: Request, invited: list[Invited]) -> list[dict[str, Any]]:
    problems: Sequence[str] = [NO_MAIL] * len(invited)
    if sends_mail():
        page = request.build_absolute_uri(reverse("accept-invitation"))
        problems = invitations.send_invitations(invited, page=page)
    return [
        {
            **InvitationSerializer(each.invitation).data,
            "token": each.token,
            "mailed": not problem,
            "mail_problem": problem,
        }
        for each, problem in zip(invited, problems, strict=True)
    ]
