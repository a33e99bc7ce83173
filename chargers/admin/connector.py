from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chargers.admin import fallbacks
from chargers.admin.asset_import import AssetImport, export_assets
from chargers.domain.access.rules import check_words, find_rules, set_access_in_words
from chargers.domain.access.sentences import write_rules
from chargers.domain.limits import commissioning
from chargers.domain.limits.managed import is_managed, match_managed
from chargers.domain.metering.meter_keys import check_key
from chargers.models import Connector
from evbalancer.common.admin.base import EXPORTS
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import BaseInlineFormSet, action, display
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.errors import InvalidInput
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import amps
from grid.admin.audited import REASON, AuditedAdmin, AuditedForm, actor_of

STATUS_LABELS = {
    "Charging": "success",
    "Faulted": "danger",
    "Unavailable": "danger",
    "Available": "",
    "Unknown": "",
}


class ConnectorForm(AuditedForm):
    access = forms.CharField(
        required=False,
        max_length=2_000,
        label=gettext_lazy("Who may charge"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "A line each: everybody, guests, flat NAME or group NAME; after it, if need be, days and hours: group Day parkers, Mon-Fri, 08:00-18:00. Empty: everybody, at any time."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial.setdefault("access", write_rules(find_rules(self.instance)))

    def clean_access(self) -> str:
        text: str = self.cleaned_data["access"].replace("\r\n", "\n")
        charge_point = self.cleaned_data.get("charge_point")
        if charge_point is None and not self.instance._state.adding:
            charge_point = self.instance.charge_point
        if charge_point is None:
            return text  # refused already, and nothing is stored
        try:
            check_words(text, community=charge_point.community)
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal
        return text

    def check_row(self) -> None:
        commissioning.check_connector(self.instance)
        check_key(self.instance.registered_meter_key)


class ConnectorsFormSet(BaseInlineFormSet):
    """The connectors of one charge point, judged together: each may fit and their sum not."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or getattr(self.instance, "cluster_id", None) is None:
            return
        changed = [form.instance for form in self.forms if form.has_changed()]
        for connector in changed:
            connector.charge_point = self.instance
        if changed:
            commissioning.check_connectors(self.instance.cluster, changed)


class ManagedFilter(WordedFilter):
    title = "managed"
    parameter_name = "managed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Managed"), ("no", "Unmanaged")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.filter(match_managed())
        return queryset.exclude(match_managed()) if self.value() == "no" else queryset


@admin.register(Connector)
class ConnectorAdmin(AssetImport, AuditedAdmin):
    """Managers set its wiring; its load, its limits and their confirmations are the balancer's."""

    form = ConnectorForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "charge_point"
    fixed_after_add = ("charge_point", "number")
    list_display = (
        "__str__",
        "circuit",
        "status_word",
        "managed",
        "told",
        "reserved",
        "phase_rotation",
        "refusals",
    )
    list_filter = (
        "status",
        "circuit",
        "phase_rotation",
        ManagedFilter,
        ("uncontrollable_since", admin.EmptyFieldListFilter),
    )
    search_fields = ("charge_point__name", "charge_point__identity")
    list_select_related = ("charge_point", "circuit", "community")
    link_lookups = ("charge_point",)
    autocomplete_fields = ("charge_point",)
    actions_list = (*EXPORTS, "export_list", "import_csv", "choose_fallbacks")
    state_fields = (
        "status",
        "error_code",
        "vendor_error",
        "error_info",
        "status_at",
        "wanted_ma",
        "sent_ma",
        "in_doubt_ma",
        "confirmed_ma",
        "confirmed_at",
        "settling_ma",
        "settled_at",
        "fallback_ma",
        "fallback_confirmed_at",
        "default_shown_ma",
        "default_read_at",
        "refusals",
        "uncontrollable_since",
        "clocks_apart",
        "raised_at",
        "last_contact_at",
        "reservation_l1_ma",
        "reservation_l2_ma",
        "reservation_l3_ma",
        "limit_writes",
    )
    readonly_fields = state_fields
    fieldsets = (
        (None, {"fields": (("charge_point", "number"), ("circuit", "phase_rotation"))}),
        ("Who may charge", {"fields": ("access",)}),
        (
            "What it can give",
            {"fields": (("max_current_ma", "min_current_ma", "step_ma"), "chosen_fallback_ma")},
        ),
        (
            "Now",
            {
                "fields": (
                    ("status", "error_code", "status_at"),
                    ("vendor_error", "error_info"),
                    ("last_contact_at", "uncontrollable_since", "clocks_apart"),
                )
            },
        ),
        (
            "Its limit",
            {
                "fields": (
                    ("wanted_ma", "sent_ma", "confirmed_ma"),
                    ("in_doubt_ma", "settling_ma", "settled_at"),
                    ("fallback_ma", "fallback_confirmed_at", "refusals"),
                    ("default_shown_ma", "default_read_at"),
                    ("confirmed_at", "raised_at", "limit_writes"),
                    ("reservation_l1_ma", "reservation_l2_ma", "reservation_l3_ma"),
                ),
                "description": "The planned, sent and confirmed limits. "
                "The reservation is the most it could be drawing now, whatever the network does.",
            },
        ),
        ("Its meter", {"fields": ("registered_meter_key",)}),
        ("Record", {"fields": ("retired_at",)}),
    )

    @action(
        description="Export to import again", url_path="export-list", icon="download", permissions=["view"]
    )
    def export_list(self, request: HttpRequest) -> HttpResponse:
        rows = self.get_changelist_instance(request).get_queryset(request).filter(retired_at=None)
        chosen = rows.select_related("charge_point__cluster", "circuit").order_by(
            "charge_point__identity", "number"
        )
        return export_assets(chosen)  # type: ignore[return-value]  # streams

    @action(description="Import a list", url_path="import-csv", icon="upload", permissions=["add"])
    def import_csv(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:chargers_connector_import"))

    @action(description="Choose fallbacks", url_path="fallbacks", icon="safety_check", permissions=["change"])
    def choose_fallbacks(self, request: HttpRequest) -> HttpResponse:
        return fallbacks.choose_page(self, request)

    @display(description="Status", ordering="status", label=STATUS_LABELS)
    def status_word(self, connector: Connector) -> str:
        return connector.get_status_display()

    @display(description="Managed", label={"managed": "success", "unmanaged": "danger", "planned": ""})
    def managed(self, connector: Connector) -> str:
        """Unmanaged, it counts at its nameplate; before it ever connected, at nothing."""
        if connector.charge_point.is_planned:
            return "planned"
        return "managed" if is_managed(connector) else "unmanaged"

    @display(description="Told", ordering="confirmed_ma")
    def told(self, connector: Connector) -> str:
        return amps(connector.confirmed_ma) if connector.confirmed_ma is not None else NOTHING

    @display(description="Reserved")
    def reserved(self, connector: Connector) -> str:
        return amps(max(connector.reservation_ma))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change or set(form.changed_data) - {"access", REASON}:
            super().save_model(request, obj, form, change)
        reason = form.cleaned_data.get(REASON, "")
        set_access_in_words(
            obj, form.cleaned_data["access"], actor=actor_of(request), now=timezone.now(), reason=reason
        )

    def saved(self, row: Any) -> None:
        wake_balancer(row.charge_point.cluster_id)
