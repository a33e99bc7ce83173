"""Overrides with an end and a reason: imposed and lifted, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin import scope
from evbalancer.common.admin.fields import AmpereField
from evbalancer.common.admin.pages import ActForm, OptionalReasonForm, act_page
from evbalancer.common.admin.theme import ModelChoiceField, action, display
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.amounts import amps
from evbalancer.common.words.inputs import MILLIAMPS, PERCENTAGE
from grid.admin.audited import actor_of
from grid.admin.circuit import per_phase
from grid.admin.ledger import LedgerAdmin
from grid.domain import limits
from grid.enums import LimitSource
from grid.models import Circuit, TemporaryLimit


class ImposeForm(ActForm):
    circuit = ModelChoiceField(Circuit.objects.none(), empty_label=None)
    pct = forms.IntegerField(
        **PERCENTAGE.options,
        initial=50,
        label="Keep (%)",
        help_text="Of the circuit's usual limit. 0 stops all cars.",
    )
    limit_ma = AmpereField(
        **MILLIAMPS.options,
        required=False,
        label="Or amperes a phase",
        help_text="Instead of the percentage, when given.",
    )
    until = forms.SplitDateTimeField(
        required=False,
        label="Until",
        widget=forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": "Until: date"},
            time_attrs={"type": "time", "aria-label": "Until: time"},
        ),
    )
    source = forms.ChoiceField(choices=LimitSource.choices, initial=LimitSource.MANAGER)
    reason = forms.CharField(**limits.REASON.options, help_text="Drivers will read it.")

    def __init__(self, *args: Any, circuits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["circuit"]
        choices.queryset = circuits  # type: ignore[attr-defined]
        zone = timezone.get_current_timezone_name()
        self.fields["until"].help_text = gettext("Time zone %(zone)s. Open end when empty.") % {"zone": zone}


@admin.register(TemporaryLimit)
class TemporaryLimitAdmin(LedgerAdmin):
    manager_may = frozenset({"view", "add"})
    operator_may = frozenset({"view", "add"})
    list_display = (
        "circuit",
        "lowered_to",
        "state",
        "covered",
        "told_reason",
        "effective_at",
        "until",
        "imposed_by",
    )
    list_filter = ("announced_at", "circuit", "source")
    search_fields = ("reason",)
    list_select_related = ("circuit", "imposed_by", "community")
    link_lookups = ("circuit",)
    fieldsets = (
        (
            None,
            {"fields": (("circuit", "source"), "told_reason", ("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"))},
        ),
        (
            "When",
            {
                "fields": (
                    ("announced_at", "effective_at"),
                    "uncovered_ma",
                    ("until", "cancelled_at"),
                    "imposed_by",
                )
            },
        ),
    )
    readonly_fields = ("told_reason",)
    actions_detail = ("lift",)
    actions_row = ("lift",)

    @display(description="Reason")
    def told_reason(self, limit: TemporaryLimit) -> str:
        return limit.reason_told

    @display(description="Lowered to")
    def lowered_to(self, limit: TemporaryLimit) -> str:
        return per_phase(limit.limit_ma)

    @display(
        description="State",
        label={"announced": "warning", "in force": "danger", "over": "", "lifted": ""},
    )
    def state(self, limit: TemporaryLimit) -> str:
        now = timezone.now()
        if limit.cancelled_at is not None:
            return "lifted"
        if limit.until is not None and limit.until <= now:
            return "over"
        return "in force" if limit.effective_at <= now else "announced"

    @display(description="While offline", label={"covered": "", "not covered": "danger"})
    def covered(self, limit: TemporaryLimit) -> tuple[str, str]:
        if not limit.uncovered_ma:
            return "covered", "covered"
        return "not covered", f"not covered: {amps(limit.uncovered_ma)} missing"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404
        circuits = scope.within(
            Circuit.objects.filter(retired_at=None, cluster__retired_at=None), request_access(request)
        )

        def run(data: dict[str, Any]) -> str:
            each_ma = data["limit_ma"]
            limit = limits.impose_limit(
                data["circuit"],
                pct=data["pct"] if each_ma is None else None,
                limit_ma=None if each_ma is None else PhaseMilliamps(each_ma, each_ma, each_ma),
                reason=data["reason"],
                source=data["source"],
                until=data["until"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return imposed_words(limit)

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Lower a limit for a while"),
            intro=gettext(
                "The cars are cut at once. The limit is in force as soon as it holds even without contact."
            ),
            submit=gettext("Lower the limit"),
            form_class=ImposeForm,
            form_options={
                "circuits": circuits.select_related("cluster"),
                "initial": {"circuit": request.GET.get("circuit")},
            },
            run=run,
        )

    @action(description="Lift", url_path="lift", icon="lock_open", permissions=["add"])
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        limit = self.find_row(request, object_id, TemporaryLimit)

        def run(data: dict[str, Any]) -> str:
            limits.lift_limit(limit, actor=actor_of(request), now=timezone.now(), reason=data["reason"])
            return gettext("%(circuit)s is back at %(limit)s a phase.") % {
                "circuit": limit.circuit,
                "limit": per_phase(limit.circuit.limit_ma),
            }

        return act_page(
            self,
            request,
            row=limit,
            title=gettext("Lift this limit"),
            intro=str(limit),
            form_class=OptionalReasonForm,
            run=run,
        )


def imposed_words(limit: TemporaryLimit) -> str:
    """A sentence for the manager about a limit that was just imposed."""
    by = timezone.localtime(limit.effective_at)
    words = gettext("%(circuit)s is limited to %(limit)s a phase, in force by %(by)s.") % {
        "circuit": limit.circuit,
        "limit": per_phase(limit.limit_ma),
        "by": f"{by:%H:%M:%S}",
    }
    if limit.uncovered_ma:
        words += gettext(" Not covered while chargers are offline: %(uncovered)s more could flow.") % {
            "uncovered": amps(limit.uncovered_ma)
        }
    return words
