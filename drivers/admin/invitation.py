from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from drivers.admin.person import person_of
from drivers.domain import invitations
from drivers.enums import Role
from drivers.models import Invitation
from evbalancer.common.admin import scope
from evbalancer.common.admin.pages import ActForm, act_page, secret_page
from evbalancer.common.admin.theme import ModelChoiceField, action, display
from evbalancer.common.errors import InvalidInput
from evbalancer.common.mail import sends_mail
from evbalancer.common.security.tenancy import request_access
from grid.admin.ledger import LedgerAdmin
from grid.models import Community

BY_MAIL = "It goes to them by mail."
NO_MAIL = "This server sends no mail: hand the links over yourself."
SENT = "The mail server took the invitations. If one doesn't arrive, hand its link over."
NOT_SENT = "This server sends no mail: hand the links over."
FAILED = "{count} of {all} mails could not be sent: hand these links over."


class InviteForm(ActForm):
    community = ModelChoiceField(Community.objects.none(), empty_label=None)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.DRIVER, required=False)
    name = forms.CharField(**invitations.NAME.options, required=False)
    email = forms.EmailField(**invitations.EMAIL, required=False, label="E-mail")
    unit = forms.CharField(
        **invitations.UNIT.options, required=False, help_text="Apartment, parking space or office."
    )
    flat = forms.CharField(
        max_length=80,
        required=False,
        label="Flat or cost centre",
        help_text="The name of one that the community has.",
    )
    csv = forms.CharField(
        required=False,
        label="Or many at once",
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "placeholder": "name,email,unit,flat\nAda Example,ada@example.org,Space 12,Flat 3",
            }
        ),
        help_text="Paste a table as CSV. The first line names the columns.",
    )
    file = forms.FileField(
        required=False,
        label="Or a file",
        # The theme's own: its script shows a file's name in the first text field near a plain one, which is the guest's.
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx"}),
        help_text="CSV or Excel (.xlsx). The first row names the columns.",
    )

    def __init__(self, *args: Any, communities: Any, may_invite_managers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_invite_managers:
            role: Any = self.fields["role"]
            role.choices = [choice for choice in Role.choices if choice[0] != Role.MANAGER]
        choice: Any = self.fields["community"]
        choice.queryset = communities


@admin.register(Invitation)
class InvitationAdmin(LedgerAdmin):
    manager_may = frozenset({"view", "add"})
    operator_may = frozenset({"view", "add"})
    list_display = ("name", "email", "role", "unit", "state", "created_at", "invited_by")
    list_filter = (
        "created_at",
        ("accepted_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "email", "unit")
    list_select_related = ("invited_by", "community")
    fieldsets = (
        (None, {"fields": (("name", "role"), ("email", "unit", "flat"), "driver")}),
        ("Record", {"fields": (("created_at", "expires_at"), ("accepted_at", "revoked_at"), "invited_by")}),
    )
    actions_detail = ("revoke",)
    actions_row = ("revoke",)

    @display(
        description="State", label={"open": "warning", "accepted": "success", "revoked": "", "lapsed": ""}
    )
    def state(self, invitation: Invitation) -> str:
        if invitation.accepted_at is not None:
            return "accepted"
        if invitation.revoked_at is not None:
            return "revoked"
        return "lapsed" if invitation.expires_at <= timezone.now() else "open"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        communities = scope.within(Community.objects.filter(retired_at=None), request_access(request))
        return act_page(
            self,
            request,
            row=None,
            title=gettext("Invite people"),
            intro=gettext(
                "Each gets a link that works once, within two weeks. Whoever has an account joins with it. A list invites drivers. "
            )
            + (BY_MAIL if sends_mail() else NO_MAIL),
            submit=gettext("Invite"),
            form_class=InviteForm,
            form_options={
                "communities": communities,
                "may_invite_managers": request_access(request).everywhere,
            },
            run=lambda data: self._invite(request, data),
        )

    def _invite(self, request: HttpRequest, data: dict[str, Any]) -> Callable[[], HttpResponse]:
        if data["csv"].strip():
            guests = invitations.read_list(data["csv"], field="csv")
        elif data["file"]:
            guests = invitations.read_list(data["file"].read(), field="file")
        elif data["name"] and data["email"]:
            guests = [
                invitations.Guest(
                    data["name"], data["email"], data["unit"], data["flat"], role=data["role"] or Role.DRIVER
                )
            ]
        else:
            raise InvalidInput("name", gettext("A name and an e-mail address, or a table."))
        invited = invitations.invite_guests(
            data["community"], guests, by=person_of(request), now=timezone.now()
        )
        return lambda: self._invited(request, invited)

    def _invited(self, request: HttpRequest, invited: list[invitations.Invited]) -> HttpResponse:
        page = request.build_absolute_uri(reverse("accept-invitation"))
        advice = NOT_SENT
        reasons: Sequence[str] = [""] * len(invited)
        if sends_mail():
            reasons = invitations.send_invitations(invited, page=page)
            advice = FAILED if any(reasons) else SENT
        # Those that failed come first, each with its reason.
        rows = sorted(zip(invited, reasons, strict=True), key=lambda row: not row[1])
        return secret_page(
            self,
            request,
            row=None,
            title=gettext("Invited"),
            secrets=[(_named(each, reason), f"{page}/{each.token}") for each, reason in rows],
            advice=advice.format(count=sum(map(bool, reasons)), all=len(rows)) + " They are shown only once.",
        )

    @action(description="Revoke", url_path="revoke", icon="undo", permissions=["add"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        invitation = self.find_row(request, object_id, Invitation)

        def run(data: dict[str, Any]) -> str:
            invitations.revoke_invitation(invitation, by=person_of(request), now=timezone.now())
            return gettext("The link no longer works.")

        return act_page(
            self,
            request,
            row=invitation,
            title=gettext("Revoke this invitation"),
            intro=str(invitation),
            form_class=ActForm,
            dangerous=True,
            run=run,
        )


def _named(invited: invitations.Invited, reason: str) -> str:
    name = f"{invited.invitation.name}, {invited.invitation.email}"
    return (
        gettext("%(name)s (the mail could not be sent: %(reason)s)") % {"name": name, "reason": reason}
        if reason
        else name
    )
