from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from drivers.domain.accounts import link_account, open_account, tell_of_address
from drivers.domain.cards import hand_on
from drivers.domain.drivers import is_suspended, mask_token, tags_changed
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, Strike, User
from evbalancer.common.admin.base import ShownInline, TenantInline
from evbalancer.common.admin.pages import ActForm, act_page, secret_page
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of


class AccountForm(ActForm):
    username = forms.CharField(
        help_text="The driver's name for signing in; an e-mail address is easy to remember."
    )


class DriverForm(AuditedForm):
    def may_link(self, name: str, linked: Model, community_id: UUID) -> bool:
        # An operator may take a new user who belongs nowhere yet, who becomes a member by it. Managers aren't shown them.
        if isinstance(linked, User) and not linked.memberships.exists():
            return True
        return super().may_link(name, linked, community_id)


class IdTagInline(TenantInline):
    model = IdTag
    manager_may = EDIT
    operator_may = EDIT
    fields = ("token", "kind", "blocked_at", "expires_at")
    verbose_name_plural = "Cards and tags"


class StrikeInline(ShownInline):
    model = Strike
    fields = ("kind", "given_at", "lapses_at", "appealed_at", "lifted_at", "decision")


@admin.register(Driver)
class DriverAdmin(AuditedAdmin):
    form = DriverForm
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("name", "role_word", "unit", "flat", "email", "account", "standing")
    list_filter = (("retired_at", admin.EmptyFieldListFilter), "flat")
    search_fields = ("name", "unit", "flat__name", "email", "id_tags__token")
    search_help_text = "Name, flat, e-mail or card"
    autocomplete_fields = ("user",)
    list_select_related = ("user", "flat", "community")
    inlines = (IdTagInline, StrikeInline)
    fieldsets = (
        (None, {"fields": (("name", "unit"), ("email", "user"), "flat")}),
        ("Standing", {"fields": (("suspended_until", "retired_at"), "created_at")}),
    )
    actions_detail = ("open_account",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        managers = Membership.objects.filter(
            user=OuterRef("user"), community=OuterRef("community"), role=Role.MANAGER
        )
        rows: QuerySet[Any] = super().get_queryset(request).annotate(manages=Exists(managers))
        return rows

    @display(
        description=gettext_lazy("Role"),
        ordering="manages",
        label={Role.MANAGER.label: "primary", Role.DRIVER.label: "success"},
    )
    def role_word(self, driver: Driver) -> str:
        """A manager who drives stands in both lists."""
        return str((Role.MANAGER if driver.manages else Role.DRIVER).label)  # type: ignore[attr-defined]  # annotated

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        names = super().get_readonly_fields(request, obj)
        # Whoever is linked reads everything that is stored of the driver: a manager links nobody to a record that exists.
        return names if obj is None or request_access(request).everywhere else [*names, "user"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        was = Driver.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        now = timezone.now()
        if "user" in form.changed_data and obj.user is not None:
            link_account(obj, told=was is not None, actor=actor_of(request), now=now)
        if was is not None and was.email and was.email.lower() != obj.email.lower():
            tell_of_address(obj, former=was.email)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        if formset.model is IdTag:
            for row in formset.forms:
                if row.has_changed() and row.instance.token:
                    _hand_on(request, row.instance, form.instance)
        super().save_formset(request, form, formset, change)

    def saved(self, row: Driver) -> None:
        # A card's number may be another one now; what the old one was is known nowhere else.
        tags_changed(row.community_id, is_withdrawal=True)

    @display(description="Signs in as")
    def account(self, driver: Driver) -> str:
        return driver.user.get_username() if driver.user is not None else NOTHING

    @display(description="Standing", label={"good": "success", "suspended": "danger", "left": ""})
    def standing(self, driver: Driver) -> str:
        if driver.retired_at is not None:
            return "left"
        return "suspended" if is_suspended(driver, now=timezone.now()) else "good"

    @action(description="Open an account", url_path="account", icon="person_add", permissions=["change"])
    def open_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        driver = self.find_row(request, object_id, Driver)

        def run(data: dict[str, Any]) -> HttpResponse:
            password = open_account(
                driver, username=data["username"], actor=actor_of(request), now=timezone.now()
            )
            return secret_page(
                self,
                request,
                row=driver,
                title=gettext("%(name)s can sign in") % {"name": driver.name},
                secrets=[
                    (gettext("User name"), data["username"].strip()),
                    (gettext("First password"), password),
                ],
                advice=gettext("Hand both over in person. They are shown only once and stored nowhere."),
            )

        return act_page(
            self,
            request,
            row=driver,
            title=gettext("Open an account for %(name)s") % {"name": driver.name},
            form_class=AccountForm,
            form_options={"initial": {"username": driver.email}},
            submit=gettext("Open the account"),
            run=run,
        )


@admin.register(IdTag)
class IdTagAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    community_from = "driver"
    fixed_after_add = ("driver", "token")
    list_display = ("masked", "kind", "driver", "state", "created_at")
    list_filter = ("kind", ("blocked_at", admin.EmptyFieldListFilter))
    search_fields = ("driver__name", "=token")
    search_help_text = "Driver, or the whole card number"
    autocomplete_fields = ("driver",)
    list_select_related = ("driver", "community")
    export_fields = ("driver", "kind", "blocked_at", "expires_at", "created_at")
    fieldsets = (
        (None, {"fields": ("driver", ("token", "kind"), ("blocked_at", "expires_at"), "created_at")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        _hand_on(request, obj, obj.driver)
        super().save_model(request, obj, form, change)

    def saved(self, row: IdTag) -> None:
        is_endless = row.blocked_at is None and row.expires_at is None
        tags_changed(row.community_id, is_withdrawal=not is_endless)

    @display(description="Card")
    def masked(self, tag: IdTag) -> str:
        return mask_token(tag.token)

    @display(description="State", label={"good": "success", "blocked": "danger", "expired": "warning"})
    def state(self, tag: IdTag) -> str:
        if tag.blocked_at is not None:
            return "blocked"
        return "expired" if tag.expires_at is not None and tag.expires_at <= timezone.now() else "good"


def _hand_on(request: HttpRequest, tag: IdTag, driver: Driver) -> None:
    """To be called before a card is stored: one of a driver who has left is taken from them."""
    hand_on(driver.community_id, tag.token, actor=actor_of(request), now=timezone.now(), but=tag.pk)
