from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from drivers.domain.accounts import match_admin_access
from drivers.domain.belonging import tell_if_left
from drivers.domain.drivers import tags_changed
from drivers.enums import Role
from drivers.models import Membership
from evbalancer.common.admin.policy import ALL
from evbalancer.common.admin.theme import display
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of


class MembershipForm(AuditedForm):
    def may_link(self, name: str, linked: Model, community_id: UUID) -> bool:
        # A membership is what lets somebody in: before it a new user belongs nowhere. Managers choose among their own people.
        return name == "user" or super().may_link(name, linked, community_id)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Managers let drivers and residents in; operators appoint managers."""

    form = MembershipForm
    manager_may = ALL
    list_display = ("user", "role_word", "created_at")
    list_filter = ("role",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email")
    search_help_text = "Name or e-mail"
    autocomplete_fields = ("user",)
    fixed_after_add = ("user",)
    list_select_related = ("user", "community")
    fieldsets = ((None, {"fields": ("user", "role", "created_at")}),)

    @display(
        description="Role", ordering="role", label={"Manager": "primary", "Driver": "success", "Resident": ""}
    )
    def role_word(self, membership: Membership) -> str:
        return membership.get_role_display()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role" and not request_access(request).everywhere:
            kwargs["choices"] = [choice for choice in Role.choices if choice[0] != Role.MANAGER]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        was = Membership.objects.filter(pk=obj.pk).values_list("community_id", flat=True).first()
        super().save_model(request, obj, form, change)
        if was is not None and was != obj.community_id:
            tell_if_left(obj.user_id, was, now=timezone.now())
        tags_changed(obj.community_id, is_withdrawal=False)
        match_admin_access(obj.user, actor=actor_of(request), now=timezone.now())

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        user_id, community_id = obj.user_id, obj.community_id
        super().delete_model(request, obj)
        tell_if_left(user_id, community_id, now=timezone.now())
        match_admin_access(obj.user, actor=actor_of(request), now=timezone.now())

    def _may_touch(self, request: HttpRequest, obj: Any) -> bool:
        is_manager = isinstance(obj, Membership) and obj.role == Role.MANAGER
        return request_access(request).everywhere or not is_manager
