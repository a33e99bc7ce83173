from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from drivers.domain.standing import decide_appeal
from drivers.models import Strike
from evbalancer.common.admin.filters import ToDecideFilter
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.theme import action, display
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin


class AppealForm(ActForm):
    lift = forms.TypedChoiceField(
        choices=[("yes", "Lift the strike"), ("no", "Let it stand")],
        coerce=lambda word: word == "yes",
        label="Decision",
    )
    decision = forms.CharField(**REASON_FOR_DRIVER.options, label="Why", help_text="The driver reads it.")


class AppealFilter(ToDecideFilter):
    title = "appeal"
    parameter_name = "appeal"
    waiting = {"appealed_at__isnull": False, "lifted_at": None, "appeal_decided_at": None}


@admin.register(Strike)
class StrikeAdmin(LedgerAdmin):
    """Given by findings; here a manager answers the appeal."""

    list_display = ("driver", "kind", "state", "given_at", "lapses_at", "appealed_at")
    list_filter = ("given_at", AppealFilter, "kind")
    search_fields = ("driver__name", "appeal", "decision")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fieldsets = (
        (None, {"fields": (("driver", "kind"), ("given_at", "lapses_at"))}),
        (
            "Appeal",
            {"fields": ("appeal", ("appealed_at", "appeal_decided_at", "lifted_at"), "told_decision")},
        ),
    )
    readonly_fields = ("told_decision",)
    actions_detail = ("decide",)

    @display(description="Decision")
    def told_decision(self, strike: Strike) -> str:
        return strike.decision_told

    @display(
        description="State",
        label={"appealed": "warning", "counts": "danger", "lifted": "success", "lapsed": ""},
    )
    def state(self, strike: Strike) -> str:
        if strike.lifted_at is not None:
            return "lifted"
        if strike.lapses_at <= timezone.now():
            return "lapsed"
        return "appealed" if strike.appealed_at is not None and strike.appeal_decided_at is None else "counts"

    @action(description="Decide the appeal", url_path="decide", icon="gavel", permissions=["act"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        strike = self.find_row(request, object_id, Strike)

        def run(data: dict[str, Any]) -> str:
            decide_appeal(
                strike,
                lift=data["lift"],
                decision=data["decision"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return gettext("%(driver)s was notified.") % {"driver": strike.driver}

        return act_page(
            self,
            request,
            row=strike,
            title=gettext("Decide about %(driver)s's strike") % {"driver": strike.driver},
            intro=strike.appeal,
            submit=gettext("Decide"),
            form_class=AppealForm,
            run=run,
        )
