"""Smartcar Connect: to the provider and back. For browsers pages, for programs JSON."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer, StaticHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import only_driver, signed_in
from drivers.models import Driver, User
from evbalancer.common.errors import DomainError, NotFound
from evbalancer.common.web.api import PROBLEM_JSON, problem_of
from evbalancer.common.words.said import Said
from fleet.api.serializers import ConnectedSerializer, ConnectUrlSerializer
from fleet.domain import connecting
from fleet.errors import ConnectRefused, NotSetUp
from fleet.models import SmartcarConnection, Vehicle
from fleet.smartcar.choice import gateway, is_configured, is_mock

COOKIE = "evb_connect"
COOKIE_PATH = "/auth/smartcar"
# What Smartcar names as the reason, where a person can do something about it.
ADVISED = {
    "access_denied": "access_denied",
    "vehicle_incompatible": "vehicle_incompatible",
    "invalid_subscription": "invalid_subscription",
    "no_vehicles": "no_vehicles",
    "configuration_error": "configuration_error",
    "invalid_redirect_uri": "configuration_error",
    "server_error": "server_error",
}
NO_CONSENT = NotFound(Said("refusal.no_connection"))


class ConnectView(APIView):
    """Send the driver to Smartcar's consent. With `Accept: application/json` the address comes as JSON.

    Who is not signed in is sent to sign in, in a browser, and comes back here; a program is refused.

    A browser gets a page that goes on without a click: a person who signed in on the way comes from a form, and the content policy lets no
    form lead to another site, not even by redirects.
    """

    renderer_classes = (JSONRenderer, StaticHTMLRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter("community", str, description="Where the caller is a driver in several."),
            OpenApiParameter("make", str, description="Skip the choice of the maker, for example TESLA."),
            OpenApiParameter(
                "location", bool, description="Ask also for permission to check whether the car is here."
            ),
        ],
        responses={200: ConnectUrlSerializer, 302: None},
    )
    def get(self, request: Request) -> HttpResponseBase:
        if not is_configured():
            raise NotSetUp(Said("connect.not_set_up"))
        driver = _driver(request)
        begun = connecting.begin_flow(
            driver,
            signed_in(request),
            gateway(),
            now=timezone.now(),
            make=request.query_params.get("make", "")[:40],
            with_location=request.query_params.get("location", "").lower() in ("1", "true"),
        )
        response: HttpResponseBase
        if _is_browser(request):
            response = render(request._request, "fleet/leaving.html", {"url": begun.url})  # noqa: SLF001 (DRF's wrapper)
        elif request.headers.get("Accept", "*/*").startswith("application/json"):
            response = Response({"url": begun.url})
        else:
            response = redirect(begun.url)
        response.set_cookie(
            COOKIE,
            begun.nonce,
            max_age=int(connecting.STATE_LASTS.total_seconds()),
            path=COOKIE_PATH,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]
        if isinstance(exc, NotAuthenticated) and _is_browser(self.request):
            return redirect_to_login(self.request.get_full_path())
        if isinstance(exc, NotSetUp) and _is_browser(self.request):
            context = {"refusal": exc, "is_final": True}
            return render(self.request._request, "fleet/connected.html", context, status=exc.status)  # noqa: SLF001 (DRF's wrapper)
        return super().handle_exception(exc)


class CallbackView(APIView):
    """Back from Smartcar. The state must be ours, fresh, unused, and come from the browser that began."""

    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer, StaticHTMLRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str),
            OpenApiParameter("code", str, description="With Smartcar's V2."),
            OpenApiParameter("user_id", str, description="With Smartcar's V3."),
            OpenApiParameter("error", str),
        ],
        responses=ConnectedSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        query, now = request.query_params, timezone.now()
        user = request.user if request.user.is_authenticated else None
        try:
            begun = connecting.use_state(
                query.get("state", ""),
                request.COOKIES.get(COOKIE, ""),
                user=user,
                now=now,
            )
            if error := query.get("error"):
                raise ConnectRefused(
                    Said(f"connect.{ADVISED.get(error, 'server_error')}"), provider_error=error[:64]
                )
            connection = connecting.finish_flow(begun, query, gateway(), now=now)
        except DomainError as refusal:
            return _answer(request, refusal.status, problem_of(refusal), refusal=refusal)
        cars = list(
            Vehicle.objects.filter(connection=connection, retired_at=None).select_related("connection")
        )
        body = {"connection_id": connection.pk, "vehicles": cars, "offered": connection.offered}
        told = ConnectedSerializer(body, context={"now": now}).data
        return _answer(request, HTTPStatus.OK, told, cars=cars, connection=connection)


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The page's own form for the choice among several cars; programs use /fleet/connections/{id}/choose."""
    rows = SmartcarConnection.objects.filter(driver__user=request.user.pk).select_related("driver")
    try:
        connection = rows.filter(pk=UUID(request.POST.get("connection", ""))).first()
    except ValueError:
        connection = None
    if connection is None or not isinstance(request.user, User):
        return render(request, "fleet/connected.html", {"refusal": NO_CONSENT}, status=NO_CONSENT.status)
    try:
        cars = connecting.choose_cars(
            connection, request.POST.getlist("smartcar_id"), by=request.user, now=timezone.now()
        )
    except DomainError as refusal:
        context = {"refusal": refusal}
        return render(request, "fleet/connected.html", context, status=refusal.status)
    return render(request, "fleet/connected.html", {"cars": cars, "connection": connection})


def consent(request: HttpRequest) -> HttpResponse:
    """The mock provider's consent page, so that the flow can be clicked through without credentials."""
    if not is_mock():
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    name = request.user.pk if request.user.is_authenticated else "guest"
    context = {"state": request.GET.get("state", ""), "code": f"mock-code.{name}"}
    return render(request, "fleet/mock_consent.html", context)


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _driver(request: Request) -> Driver:
    asked = request.query_params.get("community")
    try:
        community_id = UUID(asked) if asked else None
    except ValueError as error:
        raise NotFound(Said("refusal.no_community")) from error
    return only_driver(request, community_id)


def _answer(request: Request, status: int, body: Any, **context: Any) -> HttpResponse:
    if _is_browser(request):
        page = render(request._request, "fleet/connected.html", context, status=status)  # noqa: SLF001 (DRF's wrapper)
    elif status == HTTPStatus.OK:
        page = JsonResponse(body, status=status)
    else:
        page = JsonResponse(body, status=status, content_type=PROBLEM_JSON)
    page.delete_cookie(COOKIE, path=COOKIE_PATH)
    page.headers["Cache-Control"] = "no-store"
    # Without a referrer a form's Origin would be `null`, and the CSRF check refuse it; other sites learn nothing either way.
    chooses = getattr(context.get("connection"), "offered", None)
    page.headers["Referrer-Policy"] = "same-origin" if chooses else "no-referrer"
    return page
