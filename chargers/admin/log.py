"""What was asked and said on the wire: commands, messages, and messages that match nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from chargers.admin.charge_point import COMMAND_LABELS
from chargers.models import (
    ChargerCommand,
    OcppMessage,
    OrphanMessage,
    StrayDraw,
    TransactionNumber,
    WaitingStart,
)
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.pages import ReasonForm, act_page
from evbalancer.common.admin.policy import NOBODY
from evbalancer.common.admin.theme import action, display
from evbalancer.common.errors import StateMoved
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from grid.domain import audit

# The log and the commands have millions of rows, and their keys are in the order of time.
SEARCHED_ROWS = 50_000
NEWEST_ROWS = 2_000
SEARCHED_HELP = "Among the newest 50,000. Older ones: by time or charge point."


@admin.register(ChargerCommand)
class ChargerCommandAdmin(LedgerAdmin):
    list_display = ("queued_at", "charge_point", "kind", "limit_ma", "outcome", "requested_by", "answered_at")
    list_filter = ("queued_at", "state", "later_state", "kind", "charge_point")
    search_fields = ("charge_point__name", "requested_by", "error")
    search_help_text = SEARCHED_HELP
    searched_rows = SEARCHED_ROWS
    ordering = ("-pk",)
    list_select_related = ("charge_point", "community")
    fieldsets = (
        (None, {"fields": (("charge_point", "connector"), ("kind", "limit_ma"), "requested_by")}),
        (
            "Outcome",
            {"fields": ("state", ("queued_at", "sent_at", "answered_at"), "expires_at", "error", "result")},
        ),
        (
            "Afterwards",
            {"fields": (("later_state", "later_word", "later_at"), "later_parts")},
        ),
    )
    export_fields = (
        "queued_at",
        "charge_point",
        "kind",
        "limit_ma",
        "state",
        "requested_by",
        "answered_at",
        "error",
    )

    @display(description="State", ordering="state", label=COMMAND_LABELS)
    def outcome(self, command: ChargerCommand) -> str:
        return command.get_state_display()


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those of the newest messages: to ask for all that there ever were would read the whole log."""
        newest = model_admin.get_queryset(request).order_by("-pk").values_list("action", flat=True)
        return [(name, name) for name in sorted({*newest[:NEWEST_ROWS], *filter(None, [self.value()])})]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(OcppMessage)
class OcppMessageAdmin(LedgerAdmin):
    list_display = ("at", "charge_point", "direction", "action", "error", "answered_ms")
    list_filter = ("at", "direction", ActionFilter, "charge_point")
    search_fields = ("action", "=unique_id", "charge_point__name")
    search_help_text = SEARCHED_HELP
    searched_rows = SEARCHED_ROWS
    ordering = ("-pk",)
    list_select_related = ("charge_point", "community")
    fields = (
        "at", "charge_point", "direction", "action", "unique_id", "payload", "corrections", "error", "answered_ms",
    )  # fmt: skip


class ResolvedFilter(WordedFilter):
    title = "state"
    parameter_name = "resolved"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "To look at"), ("yes", "Dealt with")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("yes", "no"):
            return queryset.filter(resolved_at__isnull=self.value() == "no")
        return queryset


@admin.register(OrphanMessage)
class OrphanMessageAdmin(LedgerAdmin):
    list_display = ("received_at", "charge_point", "action", "why", "resolved_at")
    list_filter = ("received_at", ResolvedFilter, "action", "charge_point")
    search_fields = ("why", "charge_point__name")
    list_select_related = ("charge_point", "community")
    fields = ("received_at", "charge_point", "action", "why", "payload", "resolved_at")
    export_fields = ("received_at", "charge_point", "action", "why", "payload", "resolved_at")
    actions_detail = ("resolve",)

    @action(description="Dealt with", url_path="resolve", icon="done", permissions=["act"])
    def resolve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        orphan = self.find_row(request, object_id, OrphanMessage)

        def run(data: dict[str, Any]) -> str:
            now = timezone.now()
            if not OrphanMessage.objects.filter(pk=orphan.pk, resolved_at=None).update(resolved_at=now):
                raise StateMoved(gettext("Somebody has already dealt with it."))
            audit.record_entry(
                actor=actor_of(request),
                action="orphan.resolved",
                target=orphan,
                now=now,
                after={"resolved_at": now},
                reason=data["reason"],
            )
            return gettext("Noted.")

        return act_page(
            self,
            request,
            row=orphan,
            title=gettext("This message is dealt with"),
            intro=f"{orphan.charge_point}: {orphan}",
            submit=gettext("Note it"),
            form_class=ReasonForm,
            run=run,
        )


@admin.register(StrayDraw)
class StrayDrawAdmin(LedgerAdmin):
    """What flows without a transaction, as each connector's meter said last."""

    list_display = (
        "connector",
        "drawn_at",
        "power_w",
        "current_l1_ma",
        "current_l2_ma",
        "current_l3_ma",
        "source",
    )
    list_filter = ("source",)
    list_select_related = ("connector__charge_point", "community")
    fields = (
        "connector",
        "drawn_at",
        "power_w",
        ("current_l1_ma", "current_l2_ma", "current_l3_ma"),
        "source",
    )


@admin.register(WaitingStart)
class WaitingStartAdmin(LedgerAdmin):
    """Transactions that began, and whose EVSE was not named yet."""

    list_display = ("received_at", "charge_point", "uid", "id_tag")
    search_fields = ("=uid", "=id_tag", "charge_point__name")
    list_select_related = ("charge_point", "community")
    fields = ("received_at", "charge_point", "uid", "id_tag", "charger_at", "meter_wh", "payload")


@admin.register(TransactionNumber)
class TransactionNumberAdmin(LedgerAdmin):
    manager_may = NOBODY
    list_display = ("id",)
    fields = ("id",)
