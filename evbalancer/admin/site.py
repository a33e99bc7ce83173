"""The admin site: for operators and for people who manage a community, in the community's own time."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.admin.utils import unquote
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.sites import UnfoldAdminSite

from drivers.domain.sign_in import first
from evbalancer.admin.login import ChangePasswordForm, LoginForm
from evbalancer.common.security.tenancy import lacks_second_factor, request_access
from evbalancer.dashboard.account.second_step import TwoSteps
from grid.models import Community


class ManagersSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    login_form = LoginForm
    index_title = gettext_lazy("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        """A staff flag without a community is a former manager's."""
        user = request.user
        return bool(
            user.is_active and getattr(user, "is_staff", False) and request_access(request).manages_any
        )

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """For a new server the way to its first account; for a person who is signed in and manages nothing, the reason."""
        if request.method == "GET":
            if first.is_without_accounts():
                return redirect("first-account")
            if request.user.is_authenticated and not self.has_permission(request):
                lacking = {"lacks_second_factor": lacks_second_factor(request.user)}
                return render(request, "dashboard/not_a_manager.html", lacking, status=403)
            if request.user.is_authenticated:
                return redirect(f"{self.name}:index")
        # As Django has it, in two steps.
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse(f"{self.name}:index")
        return TwoSteps.as_view(
            extra_context=context,
            authentication_form=self.login_form,
            template_name=self.login_template or "admin/login.html",
        )(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The front page; before there is anything to show, the setup assistant."""
        from evbalancer.admin.setup import pages  # whose parts register with this site

        beginning = pages.first_page(request)
        if beginning is not None:
            return redirect(beginning)
        answer: HttpResponse = super().index(request, extra_context)
        return answer

    def get_urls(self) -> list[Any]:
        from evbalancer.admin.setup import pages  # whose parts register with this site

        def assisted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_view(partial(view, context=self.each_context))

        return [
            path("setup/", assisted(pages.begin_page), name="setup"),
            path("setup/<uuid:community_id>/<slug:step>/", assisted(pages.step_page), name="setup-step"),
            *super().get_urls(),
        ]

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
        model = getattr(getattr(view, "__self__", None), "model", None)

        @wraps(inner)
        def local(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(zone_of(request, model, kwargs.get("object_id"))):
                response = inner(request, *args, **kwargs)
                # Rendered here, because templates would otherwise be drawn after the zone is gone.
                render = getattr(response, "render", None)
                return render() if render is not None else response

        return local


def zone_note(request: HttpRequest) -> str:
    """Below the site's name on every page, so that nobody has to guess what a time means."""
    if not request.user.is_authenticated:
        return ""
    return gettext("Times of %(zone)s") % {"zone": timezone.get_current_timezone_name()}


def zone_of(request: HttpRequest, model: type[Model] | None = None, object_id: str | None = None) -> ZoneInfo:
    """The wall clock of the communities in question when they share one; else that of the page's row, or UTC."""
    access = request_access(request)
    communities = Community.objects.filter(retired_at=None)
    if not access.everywhere:
        communities = communities.filter(pk__in=access.managed)
    zones = set(communities.values_list("time_zone", flat=True).distinct()[:2])
    zone = zones.pop() if len(zones) == 1 else _zone_of_row(model, object_id)
    return ZoneInfo(zone or "UTC")


def _zone_of_row(model: type[Model] | None, object_id: str | None) -> str | None:
    if model is None or object_id is None:
        return None
    if model is Community:
        name = "time_zone"
    elif any(field.name == "community" for field in model._meta.get_fields()):
        name = "community__time_zone"
    else:
        return None
    try:
        return model._base_manager.filter(pk=unquote(object_id)).values_list(name, flat=True).first()
    except (ValueError, ValidationError):
        return None  # no such row: the page says so
