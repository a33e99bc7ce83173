"""A charge point: its identity, its key shown once, its commands, and its messages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from chargers.admin.commands.command_form import CommandForm
from chargers.admin.commands.command_forms import MENUS, SENDABLE
from chargers.admin.connector import ConnectorsFormSet
from chargers.admin.installer import show_key
from chargers.admin.security import ChargePointForm
from chargers.domain import operations, presence
from chargers.domain.orders import abilities
from chargers.domain.sockets import connections, keys
from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand, Connector, OcppMessage, OrphanMessage, Session
from chargers.models.charge_point import NEVER_CONNECTED
from evbalancer.common.admin.base import ShownInline, TenantInline
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.pages import OptionalReasonForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING, ago, moment
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import kwh
from grid.admin.audited import AuditedAdmin, actor_of

ONLINE, OFFLINE, PLANNED, RETIRED = (
    gettext_noop("online"),
    gettext_noop("offline"),
    gettext_noop("planned"),
    gettext_noop("retired"),
)
COMMAND_LABELS = {
    "Queued": "warning",
    "Sent": "warning",
    "Accepted": "success",
    "Rejected by the charger": "danger",
    "Answered with an error": "danger",
    "Sent, outcome unknown": "danger",
    "Expired before it was sent": "",
    "Superseded by a newer one": "",
}


def presence_of(charge_point: ChargePoint, *, now: datetime) -> str:
    """One of the four words; `gettext` has them in other languages."""
    if charge_point.retired_at is not None:
        return RETIRED
    if charge_point.is_planned:
        return PLANNED
    return ONLINE if presence.is_online(charge_point, now=now) else OFFLINE


class ConnectorInline(TenantInline):
    model = Connector
    formset = ConnectorsFormSet
    manager_may = EDIT
    operator_may = EDIT
    fields = (
        "number",
        "circuit",
        "phase_rotation",
        "max_current_ma",
        "min_current_ma",
        "step_ma",
        "chosen_fallback_ma",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("charge_point")


class CommandInline(ShownInline):
    model = ChargerCommand
    fields = (
        "queued_at", "kind", "connector", "outcome", "afterwards", "requested_by", "answered_at", "error", "result",
    )  # fmt: skip
    readonly_fields = ("outcome", "afterwards")
    verbose_name_plural = "Commands"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("connector__charge_point")

    @display(description="State", label=COMMAND_LABELS)
    def outcome(self, command: ChargerCommand) -> str:
        return command.get_state_display()

    @display(description="Afterwards")
    def afterwards(self, command: ChargerCommand) -> str:
        return command.later_word or command.get_later_state_display()


class MessageInline(ShownInline):
    model = OcppMessage
    fields = ("at", "direction", "action", "payload", "corrections", "error", "answered_ms")
    verbose_name_plural = "OCPP log"


class OrphanInline(ShownInline):
    model = OrphanMessage
    fields = ("received_at", "action", "why", "payload", "resolved_at")
    verbose_name_plural = "Unmatched messages"


def _sender(kind: CommandKind) -> Callable[..., HttpResponse]:
    sendable = SENDABLE[kind]

    def send(self: "ChargePointAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
        return self.send_command(request, object_id, kind)

    # The theme finds an action by this name when it checks its permission.
    send.__name__ = f"send_{kind.value}"
    made: Callable[..., HttpResponse] = action(
        description=sendable.title,
        url_path=f"command/{kind.value}",
        icon=sendable.icon,
        permissions=["change"],
    )(send)
    return made


class PresenceFilter(WordedFilter):
    title = "presence"
    parameter_name = "presence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("online", "Online"), ("offline", "Offline"), ("planned", "Planned: never connected")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "online":
            return queryset.filter(presence.match_online(now=now))
        if self.value() == "offline":
            return queryset.filter(presence.match_offline(now=now))
        if self.value() == "planned":
            return queryset.filter(NEVER_CONNECTED)
        return queryset


@admin.register(ChargePoint)
class ChargePointAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    form = ChargePointForm
    community_from = "cluster"
    fixed_after_add = ("cluster", "identity")
    list_display = (
        "name",
        "presence",
        "doing",
        "identity",
        "vendor_and_model",
        "firmware_version",
        "last_seen",
    )
    list_filter = (PresenceFilter, "cluster", "registration", "vendor", "model", "firmware_version")
    search_fields = ("name", "identity", "serial_number")
    search_help_text = "Space, identity or serial number"
    list_select_related = ("cluster", "community")
    readonly_fields = (
        "connected_profile",
        "ocpp_version",
        "vendor",
        "model",
        "serial_number",
        "firmware_version",
        "booted_at",
        "connected_at",
        "disconnected_at",
        "last_seen_at",
        "online_until",
        "clock_skew_s",
        "station_limit_ma",
        "status",
        "status_at",
        "error_code",
        "vendor_error",
        "error_info",
    )
    fieldsets = (
        (None, {"fields": ("cluster", ("name", "identity"), ("registration", "pinned_ocpp_version"))}),
        (
            "Security",
            {
                "classes": ("collapse",),
                "fields": (("security_profile", "connected_profile"), "pinned_fingerprint"),
            },
        ),
        (
            "Reports",
            {
                "classes": ("collapse",),
                "fields": (
                    ("vendor", "model", "serial_number"),
                    ("firmware_version", "ocpp_version", "clock_skew_s"),
                    ("make", "station_limit_ma"),
                    ("status", "error_code", "status_at"),
                    ("vendor_error", "error_info"),
                    ("booted_at", "connected_at", "disconnected_at"),
                ),
            },
        ),
        ("Record", {"classes": ("collapse",), "fields": (("created_at", "retired_at"),)}),
    )
    inlines = (ConnectorInline, CommandInline, MessageInline, OrphanInline)
    actions_detail = (
        *(
            {
                "title": gettext_lazy(menu.title),
                "icon": menu.icon,
                "items": [f"send_{kind.value}" for kind in menu.items],
            }
            for menu in MENUS
        ),
        "rotate_key",
    )
    actions_row = ("send_trigger", "send_reset")
    export_fields = (
        "name",
        "identity",
        "cluster",
        "vendor",
        "model",
        "serial_number",
        "firmware_version",
        "last_seen_at",
    )

    @display(description="State", label={ONLINE: "success", OFFLINE: "danger", PLANNED: "", RETIRED: ""})
    def presence(self, charge_point: ChargePoint) -> str:
        return presence_of(charge_point, now=timezone.now())

    @display(description="Connectors")
    def doing(self, charge_point: ChargePoint) -> str:
        return (
            ", ".join(connector.get_status_display() for connector in charge_point.connectors.all())
            or NOTHING
        )

    @display(description="Model", ordering="model")
    def vendor_and_model(self, charge_point: ChargePoint) -> str:
        return f"{charge_point.vendor} {charge_point.model}".strip() or NOTHING

    @display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, charge_point: ChargePoint) -> str:
        return ago(charge_point.last_seen_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("connectors")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return list(self.inlines) if obj is not None else [ConnectorInline]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if change and "registration" in form.changed_data:
            # Its open socket was admitted under the old decision, and some never boot again.
            connections.cut_off(obj.pk, now=timezone.now())

    # --- the key, shown once

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        key = keys.issue_key(obj, actor=actor_of(request), now=timezone.now())
        return show_key(
            self, request, obj, key, title=gettext("%(name)s is ready to connect") % {"name": obj.name}
        )

    @action(description="Rotate key", url_path="rotate-key", icon="key", permissions=["change"])
    def rotate_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        charge_point = self._charge_point(request, object_id)

        def run(data: dict[str, Any]) -> HttpResponse:
            key = keys.rotate_key(charge_point, actor=actor_of(request), now=timezone.now())
            return show_key(
                self,
                request,
                charge_point,
                key,
                title=gettext("The next key of %(name)s") % {"name": charge_point.name},
            )

        return act_page(
            self,
            request,
            row=charge_point,
            title=gettext("Rotate the key of %(name)s") % {"name": charge_point.name},
            intro=gettext(
                "The new key is shown once. The old one is valid until the charge point first signs in with the new one."
            ),
            form_class=OptionalReasonForm,
            run=run,
        )

    # --- commands

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Without what this charge point can't be asked."""
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]  # the theme's
        charge_point = self.get_object(request, str(object_id))
        if charge_point is None:
            return offered
        missing = {f"send_{kind.value}" for kind in SENDABLE if kind not in abilities.kinds_of(charge_point)}
        return [
            one for one in offered if one.action_name.removeprefix("chargers_chargepoint_") not in missing
        ]

    def send_command(self, request: HttpRequest, object_id: str, kind: CommandKind) -> HttpResponse:
        charge_point = self._charge_point(request, object_id)
        sendable = SENDABLE[kind]
        form_seen: list[CommandForm] = []

        def bound(*args: Any, **options: Any) -> CommandForm:
            form_seen.append(sendable.form(*args, kind=kind, charge_point=charge_point, **options))
            return form_seen[-1]

        def run(data: dict[str, Any]) -> str:
            given = form_seen[-1].given()
            operations.order_command(
                charge_point,
                given.order,
                actor=actor_of(request),
                now=timezone.now(),
                connector=given.connector,
                session=given.session,
                reason=data["reason"],
            )
            return gettext("%(title)s: queued for %(name)s. The answer appears under Commands.") % {
                "title": gettext(sendable.title),
                "name": charge_point.name,
            }

        return act_page(
            self,
            request,
            row=charge_point,
            title=f"{gettext(sendable.title)}: {charge_point.name}",
            intro=gettext(sendable.intro) if sendable.intro else "",
            submit=gettext(sendable.title),
            dangerous=sendable.dangerous,
            form_class=bound,  # type: ignore[arg-type]  # makes the form for this charge point
            run=run,
        )

    def _charge_point(self, request: HttpRequest, object_id: str) -> ChargePoint:
        charge_point = self.find_row(request, object_id, ChargePoint)
        if not self.has_change_permission(request, charge_point):
            raise Http404
        return charge_point

    def saved(self, row: Any) -> None:
        wake_balancer(row.cluster_id)


for _kind in SENDABLE:
    setattr(ChargePointAdmin, f"send_{_kind.value}", _sender(_kind))


@panel_for(ChargePoint)
def sessions_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    newest = Session.objects.filter(connector__charge_point=charge_point).select_related(
        "driver", "connector"
    )[:5]
    rows = [
        [
            Cell(moment(session.plugged_at), page_of(session)),
            gettext("Connector %(number)s") % {"number": session.connector.number},
            str(session.driver or session.id_tag or gettext("unknown")),
            Cell(session.get_state_display(), tone="ok" if session.state == "active" else "quiet"),
            kwh(session.energy_wh),
        ]
        for session in newest
    ]
    more = Cell(gettext("All sessions"), list_of(Session, connector__charge_point__id__exact=charge_point.pk))
    return table(
        gettext("Last sessions"),
        [gettext("Since"), gettext("Where"), gettext("Driver"), gettext("State"), gettext("Energy")],
        rows,
        more=more,
        empty=gettext("No session yet."),
    )
