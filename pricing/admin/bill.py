from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from pricing.domain.waivers import REASON, waive_fee
from pricing.models import BillLine, LoadProfile, Waiver


class WaiveForm(ActForm):
    reason = forms.CharField(**REASON.options)


@admin.register(BillLine)
class BillLineAdmin(LedgerAdmin):
    """Never edited: a correction is another line."""

    list_display = ("ended_at", "driver", "kind", "energy_wh", "amount", "tariff")
    list_filter = ("ended_at", "kind", "tariff", "currency")
    search_fields = ("driver__name",)
    list_select_related = ("driver", "tariff", "community")
    link_lookups = ("driver", "session")
    fields = (
        "session",
        "cluster",
        "driver",
        "tariff",
        "version",
        "kind",
        "energy_wh",
        "amount",
        "started_at",
        "ended_at",
        "parts",
        "waived",
        "created_at",
    )
    readonly_fields = ("amount", "waived")
    actions_detail: Any = ("waive",)
    export_fields = (
        "id",
        "ended_at",
        "driver",
        "kind",
        "energy_wh",
        "amount_minor",
        "currency",
        "tariff",
        "started_at",
        "session",
    )

    @display(description="Amount", ordering="amount_minor")
    def amount(self, line: BillLine) -> str:
        return f"{line.amount_minor / 100:,.2f} {line.currency}"

    @display(description="Waived")
    def waived(self, line: BillLine) -> str:
        waiver = Waiver.objects.filter(line=line).select_related("credit_note").first()
        if waiver is None:
            return NOTHING
        note = (
            gettext(", credit note %(credit_note)s") % {"credit_note": waiver.credit_note}
            if waiver.credit_note is not None
            else ""
        )
        return f"{waiver.reason}{note}"

    @action(description="Waive", url_path="waive", icon="money_off", permissions=["act"])
    def waive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = self.find_row(request, object_id, BillLine)

        def run(data: dict[str, Any]) -> str:
            waiver = waive_fee(line, reason=data["reason"], actor=actor_of(request), now=timezone.now())
            if waiver.credit_note is None:
                return gettext("The fee is waived: no statement will have it.")
            return gettext("The fee is waived by credit note %(credit_note)s.") % {
                "credit_note": waiver.credit_note
            }

        return act_page(
            self,
            request,
            row=line,
            title=gettext("Waive %(line)s") % {"line": line},
            intro=gettext(
                "The driver sees the reason. A fee on an issued statement is given back by a credit note."
            ),
            form_class=WaiveForm,
            run=run,
        )


@admin.register(LoadProfile)
class LoadProfileAdmin(LedgerAdmin):
    """Computed from the meter and the bill, and again after a correction."""

    list_display = ("ended_at", "session", "cluster", "cost", "at_once", "saving")
    list_filter = (
        "ended_at",
        "cluster",
    )
    list_select_related = ("session__connector__charge_point", "cluster", "community")
    link_lookups = ("session",)
    fields = (
        "session",
        "cluster",
        ("begins_at", "ended_at"),
        ("at_once_from", "at_once_w"),
        ("cost", "at_once", "saving"),
    )
    readonly_fields = ("cost", "at_once", "saving")
    export_fields = (
        "id",
        "session",
        "cluster",
        "begins_at",
        "ended_at",
        "energies_wh",
        "cost_minor",
        "at_once_minor",
    )

    @display(description="Billed")
    def cost(self, profile: LoadProfile) -> str:
        return _said(profile.cost_minor, profile)

    @display(description="Charging at once")
    def at_once(self, profile: LoadProfile) -> str:
        return _said(profile.at_once_minor, profile)

    @display(description="Saved")
    def saving(self, profile: LoadProfile) -> str:
        return _said(profile.saved_minor, profile)


def _said(amount_minor: int | None, profile: LoadProfile) -> str:
    if amount_minor is None:
        return gettext("price not known")
    return f"{amount_minor / 100:,.2f} {profile.community.currency}"


@admin.register(Waiver)
class WaiverAdmin(LedgerAdmin):
    """Given on the page of the bill."""

    list_display = ("waived_at", "line", "reason", "waived_by", "credit_note")
    search_fields = ("reason", "line__driver__name")
    list_filter = ("waived_at",)
    list_select_related = ("line", "credit_note", "community")
    link_lookups = ("line", "credit_note")
    fields = ("line", "reason", ("waived_by", "waived_at"), "credit_note")
