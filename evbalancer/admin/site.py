"""The admin site: for operators and for people who manage a community, in the community's own time."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from evbalancer.admin.login import ChangePasswordForm, LoginForm
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

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As the theme has it, with a form that the lock-out guards."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=ChangePasswordForm,
            success_url=reverse(f"{self.name}:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
            template_name=self.password_change_template or PasswordChangeView.template_name,
        )
        return view(request)

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
