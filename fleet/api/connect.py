"""Smartcar Connect: to the provider and back. For browsers pages, for programs JSON."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer, StaticHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import drivers_of, signed_in
from drivers.errors import NotADriver
from drivers.models import Driver
from evbalancer.common.api import PROBLEM_JSON, problem
from evbalancer.common.errors import DomainError, InvalidInput, NotFound
from fleet.api.serializers import ConnectedSerializer, ConnectUrlSerializer
from fleet.domain import connections
from fleet.errors import ConnectRefused
from fleet.models import Vehicle
from fleet.smartcar.choice import gateway, is_mock

COOKIE = "evb_connect"
COOKIE_PATH = "/auth/smartcar"
ADVICE = {
    "access_denied": "You did not allow the access. Nothing was stored; you can start again at any time.",
    "vehicle_incompatible": "This car can't be connected. It charges here all the same: enter its numbers by hand.",
    "invalid_subscription": "The car's online services are not active. Renew them in the maker's app, then start again.",
    "server_error": "Smartcar had a fault. Try again in a few minutes.",
}


class ConnectView(APIView):
    """Send the driver to Smartcar's consent. With `Accept: application/json` the address comes as JSON."""

    renderer_classes = (JSONRenderer, StaticHTMLRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter("community", str, description="Where the caller is a driver in several."),
            OpenApiParameter("make", str, description="Skip the choice of the maker, for example TESLA."),
        ],
        responses={200: ConnectUrlSerializer, 302: None},
    )
    def get(self, request: Request) -> HttpResponseBase:
        driver = _driver(request)
        make = request.query_params.get("make", "")[:40]
        begun = connections.begin(driver, signed_in(request), gateway(), now=timezone.now(), make=make)
        response: HttpResponseBase
        if "text/html" in request.headers.get("Accept", ""):
            response = redirect(begun.url)
        elif request.headers.get("Accept", "*/*").startswith("application/json"):
            response = Response({"url": begun.url})
        else:
            response = redirect(begun.url)
        response.set_cookie(
            COOKIE,
            begun.nonce,
            max_age=int(connections.STATE_LASTS.total_seconds()),
            path=COOKIE_PATH,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
        response.headers["Cache-Control"] = "no-store"
        return response


class CallbackView(APIView):
    """Back from Smartcar. The state must be ours, fresh, unused, and come from the browser that began."""

    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer, StaticHTMLRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str),
            OpenApiParameter("code", str),
            OpenApiParameter("error", str),
        ],
        responses=ConnectedSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        query, now = request.query_params, timezone.now()
        user = request.user if request.user.is_authenticated else None
        try:
            begun = connections.use_state(
                query.get("state", ""),
                request.COOKIES.get(COOKIE, ""),
                user=user,
                now=now,
            )
            if error := query.get("error"):
                raise ConnectRefused(ADVICE.get(error, ADVICE["server_error"]), provider_error=error[:64])
            if not query.get("code"):
                raise ConnectRefused("Smartcar sent no code. Start again.")
            connection = connections.finish(begun, query["code"], gateway(), now=now)
        except DomainError as refusal:
            return _answer(request, refusal.status, _problem(refusal), refusal=refusal)
        cars = list(
            Vehicle.objects.filter(connection=connection, retired_at=None).select_related("connection")
        )
        body = {"connection_id": connection.pk, "vehicles": cars}
        return _answer(
            request, HTTPStatus.OK, ConnectedSerializer(body, context={"now": now}).data, cars=cars
        )


def consent(request: HttpRequest) -> HttpResponse:
    """The mock provider's consent page, so that the flow can be clicked through without credentials."""
    if not is_mock():
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    name = request.user.pk if request.user.is_authenticated else "guest"
    context = {"state": request.GET.get("state", ""), "code": f"mock-code.{name}"}
    return render(request, "fleet/mock_consent.html", context)


def _driver(request: Request) -> Driver:
    own = drivers_of(request)
    asked = request.query_params.get("community")
    if asked:
        found = next((driver for key, driver in own.items() if str(key) == asked), None)
        if found is None:
            raise NotFound("There is no such community among yours.")
        return found
    if not own:
        raise NotADriver("Only a driver can connect a car.")
    if len(own) > 1:
        raise InvalidInput(
            "community", "You charge in several communities; say in which.", code="community_needed"
        )
    return next(iter(own.values()))


def _problem(refusal: DomainError) -> dict[str, Any]:
    return problem(
        status=refusal.status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        **refusal.facts,
    )


def _answer(request: Request, status: int, body: Any, **context: Any) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        page = render(request._request, "fleet/connected.html", context, status=status)  # noqa: SLF001 (DRF's wrapper)
    elif status == HTTPStatus.OK:
        page = JsonResponse(body, status=status)
    else:
        page = JsonResponse(body, status=status, content_type=PROBLEM_JSON)
    page.delete_cookie(COOKIE, path=COOKIE_PATH)
    page.headers["Cache-Control"] = "no-store"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
