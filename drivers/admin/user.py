"""Accounts. Managers see who signs in to their communities; operators make and change accounts."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from drivers.domain.drivers import tags_changed
from drivers.models import User
from evbalancer.common.admin import scope
from evbalancer.common.admin.policy import EDIT, VIEW
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import AuditedAdmin

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
    readonly_fields = ("last_login", "date_joined")
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
        (None, {"fields": ("username", ("first_name", "last_name"), "email", "is_active")}),
        ("Record", {"fields": (("last_login", "date_joined"),)}),
    )

    def saved(self, row: User) -> None:
        for community_id in row.drivers.values_list("community_id", flat=True):
            tags_changed(community_id, is_withdrawal=not row.is_active)

    @admin.display(description="Name", ordering="last_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        identity, record = self.person
        if not request_access(request).everywhere:
            return [identity, record]
        return [identity, ("Access", {"fields": ("password", ("is_staff", "is_superuser"))}), record]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.readonly_fields)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            self.record(request, User.objects.get(pk=id), "password_set")
        return response
