"""Accounts. Managers see who signs in to their communities; operators make and change accounts."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from drivers.domain.accounts import mail_password_link, make_password_link
from drivers.domain.drivers import tags_changed
from drivers.domain.sign_in.factors import has_second_factor, remove_second_factor
from drivers.models import User
from evbalancer.common.admin import scope
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import page_of
from evbalancer.common.admin.policy import EDIT, VIEW
from evbalancer.common.admin.theme import action
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import AuditedAdmin, actor_of

scope.declare(User, "memberships__community_id")


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    manager_may = VIEW
    operator_may = EDIT
    list_display = ("username", "name", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = "Name or e-mail"
    ordering = ("username",)
    filter_horizontal = ()
    export_fields = ("username", "first_name", "last_name", "email", "is_active", "last_login")
    readonly_fields = ("last_login", "date_joined", "second_factor")
    actions_detail = ("send_password_link", "remove_factor")
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", "email", "usable_password", "password1", "password2"),
                "description": "The link for a forgotten password goes to this e-mail address.",
            },
        ),
    )
    person = (
        (
            None,
            {"fields": ("username", ("first_name", "last_name"), "email", ("is_active", "second_factor"))},
        ),
        ("Record", {"fields": (("last_login", "date_joined"),)}),
    )

    def saved(self, row: User) -> None:
        for community_id in row.drivers.values_list("community_id", flat=True):
            tags_changed(community_id, is_withdrawal=not row.is_active)

    @admin.display(description="Name", ordering="last_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=gettext_lazy("Second factor"), boolean=True)
    def second_factor(self, user: User) -> bool:
        return has_second_factor(user)

    @action(
        description=gettext_lazy("Send a link for a new password"),
        url_path="password-link",
        icon="lock_reset",
        permissions=["act"],
    )
    def send_password_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.find_row(request, object_id, User)

        def run(_: dict[str, Any]) -> Callable[[], HttpResponse]:
            link = make_password_link(user, actor=actor_of(request), now=timezone.now())
            path = reverse("password-new", args=[link.uid, link.token])
            return lambda: self._sent(request, user, request.build_absolute_uri(path))

        return act_page(
            self,
            request,
            row=user,
            title=gettext("Send a link for a new password"),
            intro=gettext("It goes to %(email)s and works once, within an hour. Nobody else sees it.")
            % {"email": user.email or NOTHING},
            submit=gettext("Send the link"),
            form_class=ActForm,
            run=run,
        )

    def _sent(self, request: HttpRequest, user: User, link: str) -> HttpResponse:
        trouble = mail_password_link(user, link)
        if trouble:
            messages.error(request, gettext("The mail was not sent: %(why)s") % {"why": trouble})
        else:
            messages.success(request, gettext("The link is on its way to %(email)s.") % {"email": user.email})
        return HttpResponseRedirect(page_of(user))

    @action(
        description=gettext_lazy("Remove the second factor"),
        url_path="remove-factor",
        icon="phonelink_erase",
        permissions=["act"],
    )
    def remove_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.find_row(request, object_id, User)

        def run(data: dict[str, Any]) -> str:
            if not self._answers_for(request, user):
                raise InvalidInput(
                    "reason", gettext("Only an operator may do this: the account reaches further than yours.")
                )
            if not remove_second_factor(
                user, actor=actor_of(request), now=timezone.now(), reason=data["reason"]
            ):
                raise InvalidInput("reason", gettext("This account has no second factor."))
            return gettext(
                "From now on the password alone opens the account. Its person gets a mail about it."
            )

        return act_page(
            self,
            request,
            row=user,
            title=gettext("Remove the second factor"),
            intro=gettext(
                "For a person who lost phone and recovery codes. Make sure that it is really them who asks."
            ),
            dangerous=True,
            run=run,
        )

    def _answers_for(self, request: HttpRequest, user: User) -> bool:
        """Operators for everybody; managers for people whose every community they manage, and never for themselves."""
        access = request_access(request)
        if access.everywhere:
            return True
        communities = set(user.memberships.values_list("community_id", flat=True))
        return not user.is_superuser and user.pk != request.user.pk and communities <= access.managed

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        identity, record = self.person
        if not request_access(request).everywhere:
            return [identity, record]
        return [identity, (gettext("Access"), {"fields": ("password", ("is_staff", "is_superuser"))}), record]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.readonly_fields)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            self.record(request, User.objects.get(pk=id), "password_set")
        return response
