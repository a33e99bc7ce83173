"""The page at / and its button."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

from drivers.domain import notifications
from drivers.domain.sign_in import first
from drivers.models import User
from evbalancer.common.security.lockout import LockOut
from evbalancer.dashboard.account.second_step import TwoSteps
from evbalancer.dashboard.live import cut as button
from evbalancer.dashboard.live.access import Person, Rights, clusters_in_use, home_clusters, rights_on
from evbalancer.dashboard.live.snapshots import cluster_snapshot
from evbalancer.demo.accounts import shown_accounts
from grid.domain.audit import Actor
from grid.models import Cluster

# `/?wall` is for a screen in the hall.
WALL: Final = "wall"


class SignIn(TwoSteps):
    template_name = "dashboard/login.html"
    authentication_form = LockOut
    redirect_authenticated_user = True
    next_page = "/"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        accounts = shown_accounts() if settings.DEMO else []
        return super().get_context_data(**context, demo_accounts=accounts)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if first.is_without_accounts():
            return redirect("first-account")
        return super().get(request, *args, **kwargs)


class SignOut(auth_views.LogoutView):
    next_page = "/"


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """For the pages of this browser, and for the driver's notifications."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        notifications.set_language(request.user, language)
    return set_language(request)


@require_GET
@never_cache
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    """The first cluster this person may see; without any, where to sign in or what to do next."""
    # The oldest: a newcomer's name must not decide what everybody finds here.
    cluster = home_clusters(_person(request)).order_by("created_at", "pk").first()
    if cluster is None:
        return render(request, "dashboard/empty.html")
    return _page(request, cluster)


@require_GET
@never_cache
@ensure_csrf_cookie
def cluster_page(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    cluster, _ = _visible(request, cluster_id)
    return _page(request, cluster)


@require_POST
def cut(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Cut the transformer to half. Asking again changes nothing."""
    person = request.user
    if not isinstance(person, User):
        return _sign_in(request, cluster_id)
    cluster = _managed(request, cluster_id)
    if cluster is None:
        return HttpResponseForbidden("Only a manager of this community may do this.")
    limit = button.cut(cluster, actor=Actor.of_user(person), now=datetime.now(UTC))
    return _done(request, cluster, {"effective_at": limit.effective_at.isoformat()})


@require_POST
def restore(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    person = request.user
    if not isinstance(person, User):
        return _sign_in(request, cluster_id)
    cluster = _managed(request, cluster_id)
    if cluster is None:
        return HttpResponseForbidden("Only a manager of this community may do this.")
    lifted = button.restore(cluster, actor=Actor.of_user(person), now=datetime.now(UTC))
    return _done(request, cluster, {"lifted": lifted})


def _page(request: HttpRequest, cluster: Cluster) -> HttpResponse:
    person = _person(request)
    context = {
        "cluster": cluster,
        "others": home_clusters(person).exclude(pk=cluster.pk),
        "snapshot": cluster_snapshot(cluster, viewer=person, now=datetime.now(UTC)),
        "rights": rights_on(cluster, person),
    }
    if WALL in request.GET:
        return render(request, "dashboard/wall.html", context | {"next": _next_wall(cluster, person)})
    return render(request, "dashboard/cluster.html", context)


def _next_wall(cluster: Cluster, person: Person) -> str:
    """The page after this one: a screen in a hall shows its own community's clusters in turn, and nobody else's."""
    ours = list(
        home_clusters(person)
        .filter(community=cluster.community_id)
        .order_by("created_at", "pk")
        .values_list("pk", flat=True)
    )
    at = ours.index(cluster.pk) if cluster.pk in ours else -1
    after = ours[(at + 1) % len(ours)] if ours else cluster.pk
    return "" if after == cluster.pk else f"{reverse('cluster-page', args=[after])}?{WALL}"


def _visible(request: HttpRequest, cluster_id: UUID) -> tuple[Cluster, Rights]:
    cluster = clusters_in_use().filter(pk=cluster_id).first()
    rights = rights_on(cluster, _person(request)) if cluster is not None else None
    if cluster is None or rights is None:
        raise Http404
    return cluster, rights


def _managed(request: HttpRequest, cluster_id: UUID) -> Cluster | None:
    """The cluster, or None for a resident. For strangers there is no such button: 404."""
    cluster, rights = _visible(request, cluster_id)
    if rights is Rights.PUBLIC:
        raise Http404
    return cluster if rights is Rights.MANAGER else None


def _sign_in(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Whoever is not signed in any more, for every cluster alike."""
    if _wants_json(request):
        return JsonResponse({"code": "not_authenticated"}, status=HTTPStatus.UNAUTHORIZED)
    return redirect_to_login(reverse("cluster-page", args=[cluster_id]))


def _done(request: HttpRequest, cluster: Cluster, body: dict[str, object]) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(body)
    return redirect(reverse("cluster-page", args=[cluster.pk]))


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _person(request: HttpRequest) -> Person:
    user = request.user
    return user if isinstance(user, User) else AnonymousUser()
