"""What charge points must show to connect, and the certificates that they show."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from chargers.domain.sockets import certificates, security
from chargers.enums import SecurityProfile
from chargers.errors import LocksOut
from chargers.models import ChargePoint, ChargePointCertificate, SecurityRule
from evbalancer.common.admin.pages import ReasonForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from evbalancer.common.clocks import clock
from evbalancer.common.errors import StateMoved
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from grid.admin.ledger import LedgerAdmin

TONES = {"valid": "success", "ends soon": "warning", "ended": "danger", "revoked": "danger"}


class ChargePointForm(AuditedForm):
    pinned_fingerprint = forms.CharField(
        max_length=95,
        required=False,
        label="Pinned certificate",
        help_text="SHA-256 of the only certificate that is taken from it (and of those signed here); any if empty.",
    )

    def clean_pinned_fingerprint(self) -> str:
        """As tools print it: with colons, in capitals."""
        return str(self.cleaned_data["pinned_fingerprint"]).replace(":", "").strip().lower()

    def check_row(self) -> None:
        charge_point: ChargePoint = self.instance
        if charge_point._state.adding or "security_profile" not in self.changed_data:
            return
        now = timezone.now()
        required = security.required_profiles([charge_point])[charge_point.pk]
        _check("security_profile", lambda: security.check_change(charge_point, required, now=now))


class SecurityRuleForm(AuditedForm):
    def check_row(self) -> None:
        rule: SecurityRule = self.instance
        profile = SecurityProfile(rule.security_profile)
        now = timezone.now()
        _check("security_profile", lambda: security.check_rule(rule.community_id, profile, now=now))


def _check(field: str, rule: Any) -> None:
    try:
        rule()
    except LocksOut as refusal:
        raise ValidationError({field: refusal.detail}) from refusal


@admin.register(SecurityRule)
class SecurityRuleAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    form = SecurityRuleForm
    list_display = ("__str__",)
    fields = ("security_profile",)


@admin.register(ChargePointCertificate)
class ChargePointCertificateAdmin(LedgerAdmin):
    list_display = ("charge_point", "state", "not_after_at", "is_signed_here", "used_at", "issuer")
    list_filter = ("charge_point", "is_signed_here")
    search_fields = ("charge_point__name", "=fingerprint", "=serial_number")
    list_select_related = ("charge_point", "community")
    fieldsets = (
        (None, {"fields": ("charge_point", "fingerprint", ("serial_number", "issuer"))}),
        ("Validity", {"fields": (("not_before_at", "not_after_at"), "revoked_at")}),
        ("Record", {"fields": ("is_signed_here", ("created_at", "used_at"))}),
    )
    actions_detail = ("revoke",)

    @display(description="State", label=TONES)
    def state(self, certificate: ChargePointCertificate) -> str:
        return state_of(certificate, now=timezone.now())

    @action(description="Revoke", url_path="revoke", icon="block", permissions=["act"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        certificate = self.find_row(request, object_id, ChargePointCertificate)

        def run(data: dict[str, Any]) -> str:
            if certificate.revoked_at is not None:
                raise StateMoved(gettext("It is already revoked."))
            certificates.revoke_certificate(
                certificate, actor=actor_of(request), reason=data["reason"], now=timezone.now()
            )
            return gettext("%(charge_point)s can no longer connect with this certificate.") % {
                "charge_point": certificate.charge_point
            }

        return act_page(
            self,
            request,
            row=certificate,
            title=gettext("Revoke the certificate of %(charge_point)s")
            % {"charge_point": certificate.charge_point},
            intro=gettext(
                "The charge point can no longer connect with it. A connection that was opened with it is closed."
            ),
            submit=gettext("Revoke"),
            dangerous=True,
            form_class=ReasonForm,
            run=run,
        )


def state_of(certificate: ChargePointCertificate, *, now: datetime) -> str:
    if certificate.revoked_at is not None:
        return "revoked"
    if certificate.not_after_at <= now:
        return "ended"
    return gettext("ends soon") if certificate.not_after_at <= now + certificates.ENDS_SOON else "valid"


@panel_for(ChargePoint)
def certificates_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    now = timezone.now()
    newest = list(charge_point.certificates.all()[:5])
    if not newest:
        return None
    rows = [
        [
            Cell(
                state_of(one, now=now),
                page_of(one),
                tone="ok" if state_of(one, now=now) == "valid" else "warn",
            ),
            clock.worded(one.not_after_at, "d M Y"),
            gettext("signed here") if one.is_signed_here else one.issuer,
            one.fingerprint[:16],
        ]
        for one in newest
    ]
    more = Cell(
        gettext("All certificates"), list_of(ChargePointCertificate, charge_point__id__exact=charge_point.pk)
    )
    return table(
        gettext("Certificates"),
        [gettext("State"), gettext("Valid until"), gettext("Issuer"), gettext("Fingerprint")],
        rows,
        more=more,
    )
