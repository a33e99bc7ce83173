"""The admin site: for operators and for people who manage a community, in the community's own time."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from evbalancer.admin.login import LoginForm
from evbalancer.common.tenancy import request_access
from grid.models import Community


class ManagersSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    login_form = LoginForm
    index_title = "Overview"

    def has_permission(self, request: HttpRequest) -> bool:
        """A staff flag without a community is a former manager's."""
        user = request.user
        return bool(
            user.is_active and getattr(user, "is_staff", False) and request_access(request).manages_any
        )

    def admin_view(
        self,
        view: Callable[..., HttpResponse],
        cacheable: bool = False,  # noqa: FBT001, FBT002  # Django's signature
    ) -> Callable[..., HttpResponse]:
        inner: Callable[..., HttpResponse] = super().admin_view(view, cacheable)

        @wraps(inner)
        def local(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(zone_of(request)):
                response = inner(request, *args, **kwargs)
                # Rendered here, because templates would otherwise be drawn after the zone is gone.
                render = getattr(response, "render", None)
                return render() if render is not None else response

        return local


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The wall clock of the communities in question when they share one, else UTC."""
    access = request_access(request)
    communities = Community.objects.filter(retired_at=None)
    if not access.everywhere:
        communities = communities.filter(pk__in=access.managed)
    zones = set(communities.values_list("time_zone", flat=True).distinct()[:2])
    return ZoneInfo(zones.pop()) if len(zones) == 1 else ZoneInfo("UTC")
