"""The driver's page for phones, and what makes it an app: a manifest, a service worker and its page without a network."""

import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from drivers.domain.notifications import ALWAYS_SENT, NEVER_SENT
from drivers.enums import NotificationKind
from drivers.models import User
from evbalancer.common.mail import sends_mail
from evbalancer.common.security import push
from evbalancer.dashboard.live.driver_snapshots import build_driver_picture
from fleet.smartcar.choice import is_configured, is_mock
from grid.models import Cluster, Community

# What a driver without a network still sees. Nothing of it is personal: the API's answers are never kept.
SHELL = (
    "css/evb.css",
    "css/my.css",
    "icon.svg",
    "icons/icon-192.png",
)
GROUND, GREEN = "#f5f6f4", "#1b8a5a"


@require_GET
@login_required
@never_cache
@ensure_csrf_cookie
def my_page(request: HttpRequest) -> HttpResponse:
    """The person's cars, slots and news; for who drives nowhere, where to go instead."""
    assert isinstance(request.user, User)  # noqa: S101 (login_required; for the type checker)
    picture = build_driver_picture(request.user.pk, now=datetime.now(UTC))
    if picture is None:
        return render(request, "dashboard/my_nothing.html")
    site = {"clusters": _clusters([driver["community_id"] for driver in picture["drivers"]])}
    rules = Community.objects.get(pk=picture["drivers"][0]["community_id"])
    context = {
        "picture": picture,
        "site": site,
        "mock_cars": is_mock(),
        "can_link": is_configured(),
        "rules": rules,
        "kinds": _kinds(),
        "sends_mail": sends_mail(),
        "push_key": push.public_key() if push.is_set_up() else "",
        "languages": settings.LANGUAGES,
    }
    return render(request, "dashboard/my.html", context)


def _kinds() -> list[dict[str, Any]]:
    """What a driver may hear of beside the pages, in words."""
    return [
        {"value": kind.value, "word": str(kind.label), "is_always": kind in ALWAYS_SENT}
        for kind in NotificationKind
        if kind not in NEVER_SENT
    ]


def _clusters(community_ids: list[str]) -> list[dict[str, Any]]:
    rows = Cluster.objects.filter(community_id__in=community_ids, retired_at=None)
    return [
        {"id": str(row.pk), "community_id": str(row.community_id), "name": row.name}
        for row in rows.order_by("name")
    ]


@require_GET
@vary_on_headers("Accept-Language", "Cookie")
def manifest(request: HttpRequest) -> HttpResponse:
    body = {
        "id": reverse("my"),
        "name": "EV Balancer",
        "short_name": gettext("Charging"),
        "description": gettext("My car: when it is ready, and the reason for its power."),
        "lang": get_language(),
        "start_url": reverse("my"),
        "scope": "/",
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": GREEN,
        "icons": [
            {"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(
                {"src": static(f"icons/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
                for size in (192, 512)
            ),
            {
                "src": static("icons/maskable-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """The same for everybody, so that a service worker may keep it."""
    return render(request, "dashboard/my_offline.html")


@require_GET
@never_cache
def service_worker(request: HttpRequest) -> HttpResponse:
    """Its language is that of the page it keeps, so that a change of language brings another worker."""
    shell = [reverse("my-offline"), *map(static, SHELL)]
    context = {
        "shell": json.dumps(shell),
        "version": f"1-{get_language()}",
        "icon": static("icons/icon-192.png"),
    }
    return render(request, "dashboard/worker.js", context, content_type="text/javascript")


@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """What browsers ask for on pages that name no icon of their own."""
    return redirect(static("icons/favicon.ico"))
