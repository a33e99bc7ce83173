"""Energy signals: where prices come from, what they say now, and files for those that nobody publishes."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from evbalancer.common.admin.fields import SecretField
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING, seconds
from evbalancer.common.errors import InvalidInput
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from grid.admin.ledger import LedgerAdmin
from grid.openadr.client import check_address
from pricing.admin.chart import draw_steps
from pricing.domain import signals
from pricing.enums import SignalKind, SignalQuantity
from pricing.models import EnergySignal, SignalPublication
from pricing.signals.choice import NEEDS_TOKEN, find_fault
from pricing.signals.table import TableSource

LARGEST_FILE = 2 * 1024 * 1024
SHOWN_QUARTERS = 48 * 4


class EnergySignalForm(AuditedForm):
    new_token = SecretField(column="token_encrypted", max_length=500, label="Token")

    def check_row(self) -> None:
        signal = self.instance
        fault = find_fault(signal.kind, signal.area)
        if fault is not None:
            raise ValidationError({"area": fault})
        if signal.url:
            try:
                check_address(signal.url)
            except ValidationError as error:
                raise ValidationError({"url": error.messages}) from error
        if signal.kind in NEEDS_TOKEN and not signal.token_encrypted:
            raise ValidationError({"new_token": gettext("This provider answers only with a token.")})
        if signal.kind != SignalKind.BY_HAND and signal.quantity != SignalQuantity.PRICE:
            raise ValidationError(
                {"quantity": gettext("Providers publish prices. Carbon comes by files and pushes.")}
            )


class FileForm(ActForm):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx"}),
        help_text="CSV or Excel (.xlsx). The first row names the columns: start, then price_per_mwh, price_per_kwh or "
        "carbon_g_per_kwh, and end if you like. Moments have an offset, or are on the community's wall clock.",
    )


@admin.register(EnergySignal)
class EnergySignalAdmin(AuditedAdmin):
    form = EnergySignalForm
    manager_may = EDIT
    operator_may = EDIT
    # The server calls it with the token, so operators alone set another address.
    operators_only = ("url",)
    fixed_after_add = ("quantity",)
    list_display = ("name", "quantity", "kind", "state", "heard_at")
    list_filter = ("quantity", "kind", "active")
    search_fields = ("name",)
    list_select_related = ("community",)
    readonly_fields = ("known_until", "age")
    actions_detail = ("upload",)
    fieldsets = (
        (None, {"fields": (("name", "active"), ("quantity", "kind"), "area", "url")}),
        ("State", {"fields": (("heard_at", "age"), ("asked_at", "known_until"), "error")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return signals.with_state(super().get_queryset(request), now=timezone.now())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        may = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        return [*fieldsets, (gettext("Secret"), {"fields": ["new_token"]})] if may else fieldsets

    @display(
        description="State", label={"heard": "success", "off": "", "failing": "danger", "silent": "warning"}
    )
    def state(self, signal: Any) -> str:
        if not signal.active:
            return "off"
        if signal.is_silent:
            return "silent"
        return "failing" if signal.error else "heard"

    @display(description="Known until")
    def known_until(self, signal: Any) -> datetime | None:
        until: datetime | None = signal.known_until
        return until

    @display(description="Age")
    def age(self, signal: EnergySignal) -> str:
        if signal.heard_at is None:
            return NOTHING
        return seconds(int((timezone.now() - signal.heard_at).total_seconds()))

    @action(description="Send a file", url_path="upload", icon="upload", permissions=["change"])
    def upload(self, request: HttpRequest, object_id: str) -> HttpResponse:
        signal = self.find_row(request, object_id, EnergySignal)

        def run(data: dict[str, Any]) -> str:
            sent = data["file"]
            if sent.size > LARGEST_FILE:
                raise InvalidInput(
                    "file",
                    gettext("At most %(value)s MB; this file has %(value2)s MB.")
                    % {"value": LARGEST_FILE // 1024 // 1024, "value2": sent.size // 1024 // 1024},
                )
            source = TableSource(sent.read(), ZoneInfo(signal.community.time_zone))
            hearing = signals.Hearing(
                gettext("file %(name)s") % {"name": sent.name}, "file", actor_of(request), timezone.now()
            )
            publication = signals.take_source(signal, source, hearing)
            if publication is None:
                return gettext("All of it was known.")
            return gettext("Took %(count)s quarters of an hour.") % {"count": len(publication.values)}

        return act_page(
            self,
            request,
            row=signal,
            title=gettext("Send a file of values"),
            intro=str(signal),
            submit=gettext("Send"),
            form_class=FileForm,
            run=run,
        )


@admin.register(SignalPublication)
class SignalPublicationAdmin(LedgerAdmin):
    list_display = ("signal", "origin", "begins_at", "ends_at", "received_at")
    list_filter = (
        "received_at",
        "signal",
    )
    list_select_related = ("signal", "community")
    fields = ("signal", "origin", "begins_at", "ends_at", "published_at", "received_at", "values")
    export_fields = ("id", "signal", "origin", "begins_at", "ends_at", "published_at", "received_at")


@panel_for(EnergySignal)
def values_panel(request: HttpRequest, signal: EnergySignal) -> Panel | None:
    """Yesterday evening to tomorrow's end, as far as it is known, with now as a line."""
    now = timezone.now()
    start = signals.quarter_of(now) - timedelta(hours=12)
    told = signals.values_between(signal, start=start, count=SHOWN_QUARTERS)
    if all(value is None for value in told):
        return None
    zone = ZoneInfo(signal.community.time_zone)
    return Panel(
        gettext("What it says"),
        "admin/pricing/steps.html",
        draw_steps(
            {signal.name: told}, start=start, now=now, zone=zone, word=lambda value: word_of(signal, value)
        ),
    )


def word_of(signal: EnergySignal, value: int) -> str:
    if signal.quantity == SignalQuantity.CARBON:
        return gettext("%(value)s g per kWh") % {"value": value}
    return gettext("%(value)s %(currency)s per kWh") % {
        "value": f"{value / 100000:.4g}",
        "currency": signal.community.currency,
    }
