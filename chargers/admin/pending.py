"""Unknown charge points that connected and wait: a person accepts or blocks them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from chargers.admin.installer import show_key
from chargers.domain.sockets import pending
from chargers.domain.stations.stations import COUNT, NAMEPLATE, NewConnector
from chargers.enums import PhaseRotation
from chargers.models import PendingChargePoint
from chargers.models.charge_point import NAME
from evbalancer.common.admin import scope
from evbalancer.common.admin.fields import AmpereField
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.pages import ActForm, ReasonForm, act_page
from evbalancer.common.admin.panels import list_of
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING, ago
from evbalancer.common.security.tenancy import request_access
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from grid.models import Circuit


class AcceptForm(ActForm):
    name = forms.CharField(**NAME.options, help_text="The usual name of the space, for example A-03.")
    circuit = forms.ModelChoiceField(Circuit.objects.none(), help_text="Where its connectors hang.")
    connectors = forms.IntegerField(**COUNT.options, initial=1)
    phase_rotation = forms.ChoiceField(choices=PhaseRotation.choices, required=False)
    max_current_ma = AmpereField(
        **NAMEPLATE.options, initial=32_000, label="Maximum current (A)", help_text="Nameplate, per phase."
    )

    def __init__(self, *args: Any, circuits: QuerySet[Circuit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["circuit"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (declared above)
        field.queryset = circuits


class DecidedFilter(WordedFilter):
    title = "decision"
    parameter_name = "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Waiting"), ("yes", "Blocked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("no", "yes"):
            return queryset.filter(blocked_at__isnull=self.value() == "no")
        return queryset


@admin.register(PendingChargePoint)
class PendingChargePointAdmin(LedgerAdmin):
    list_display = ("identity", "state", "vendor_and_model", "serial_number", "address", "last_seen")
    list_filter = (DecidedFilter,)
    search_fields = ("identity", "serial_number", "address")
    list_select_related = ("community",)
    fieldsets = (
        (
            None,
            {"fields": (("identity", "address"), ("vendor", "model"), ("serial_number", "firmware_version"))},
        ),
        ("Record", {"fields": ("ocpp_version", ("first_seen_at", "last_seen_at"), "blocked_at")}),
    )
    actions_detail = ("accept", "block", "forget")

    @display(description="State", label={"waiting": "warning", "blocked": "danger"})
    def state(self, row: PendingChargePoint) -> str:
        return "waiting" if row.blocked_at is None else "blocked"

    @display(description="Model")
    def vendor_and_model(self, row: PendingChargePoint) -> str:
        return f"{row.vendor} {row.model}".strip() or NOTHING

    @display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, row: PendingChargePoint) -> str:
        return ago(row.last_seen_at)

    @action(description="Accept", url_path="accept", icon="check", permissions=["act"])
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, PendingChargePoint)

        def run(data: dict[str, Any]) -> str | HttpResponse:
            wanted = NewConnector(data["circuit"], data["phase_rotation"], data["max_current_ma"])
            accepted = pending.accept_pending(
                row,
                name=data["name"],
                connectors=[wanted] * data["connectors"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            if accepted.key is None:
                return gettext("%(charge_point)s is a charge point now. It comes in within a minute.") % {
                    "charge_point": accepted.charge_point
                }
            title = gettext("%(charge_point)s needs a key") % {"charge_point": accepted.charge_point}
            return show_key(self, request, accepted.charge_point, accepted.key, title=title)

        return act_page(
            self,
            request,
            row=row,
            back=list_of(PendingChargePoint, decided="no"),
            title=gettext("Accept %(identity)s") % {"identity": row.identity},
            intro=gettext(
                "Compare the serial number with the device on the wall: anybody can claim an identity."
            ),
            submit=gettext("Accept"),
            form_class=AcceptForm,
            form_options={"circuits": self._circuits(request, row)},
            run=run,
        )

    @action(description="Block", url_path="block", icon="block", permissions=["act"])
    def block(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, PendingChargePoint)

        def run(data: dict[str, Any]) -> str:
            pending.block_pending(row, actor=actor_of(request), reason=data["reason"], now=timezone.now())
            return gettext("%(identity)s is refused from now on.") % {"identity": row.identity}

        return act_page(
            self,
            request,
            row=row,
            title=gettext("Block %(identity)s") % {"identity": row.identity},
            intro=gettext("It is refused from now on, with any credentials."),
            submit=gettext("Block"),
            dangerous=True,
            form_class=ReasonForm,
            run=run,
        )

    @action(description="Forget", url_path="forget", icon="delete", permissions=["act"])
    def forget(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, PendingChargePoint)

        def run(data: dict[str, Any]) -> str:
            pending.forget_pending(row, actor=actor_of(request), reason=data["reason"], now=timezone.now())
            return gettext("%(identity)s is forgotten. If it connects again, it waits again.") % {
                "identity": row.identity
            }

        return act_page(
            self,
            request,
            row=row,
            back=list_of(PendingChargePoint),
            title=gettext("Forget %(identity)s") % {"identity": row.identity},
            intro=gettext("It is removed as if it had never connected, and it may connect again."),
            submit=gettext("Forget"),
            form_class=ReasonForm,
            run=run,
        )

    def _circuits(self, request: HttpRequest, row: PendingChargePoint) -> QuerySet[Circuit]:
        rows = scope.within(Circuit.objects.filter(retired_at=None), request_access(request))
        return rows if row.community_id is None else rows.filter(community_id=row.community_id)
