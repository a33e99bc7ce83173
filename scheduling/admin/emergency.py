from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.pages import ActForm, ReasonForDriverForm, act_page
from evbalancer.common.admin.theme import action, display
from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import kwh
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from evbalancer.common.words.telling import tell_all
from grid.admin.ledger import LedgerAdmin
from scheduling.domain.conduct import emergencies
from scheduling.models import EmergencyRequest

STATE_LABELS = {
    "Waiting for a manager": "warning",
    "Accepted": "danger",
    "Refused": "",
    "Revoked": "",
    "Done": "success",
}


class DecisionForm(ActForm):
    accept = forms.TypedChoiceField(
        choices=[("yes", "Grant it"), ("no", "Refuse it")],
        coerce=lambda word: word == "yes",
        label="Decision",
    )
    reason = forms.CharField(**REASON_FOR_DRIVER.options, label="Why", help_text="The driver reads it.")


@admin.register(EmergencyRequest)
class EmergencyRequestAdmin(LedgerAdmin):
    list_display = ("created_at", "driver", "reason", "energy_wh", "needed_by", "state_word")
    list_filter = (
        "created_at",
        "state",
    )
    search_fields = ("driver__name", "reason")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fieldsets = (
        (None, {"fields": (("driver", "vehicle", "session"), "reason", ("energy_wh", "needed_by"))}),
        (
            "Decision",
            {
                "fields": (
                    ("state", "state_since", "decided_by"),
                    "told_reasons",
                    ("granted_wh", "minimum_ma", "until"),
                )
            },
        ),
    )
    readonly_fields = ("told_reasons",)
    actions_detail = ("decide", "revoke")

    @display(description="Reasons")
    def told_reasons(self, claim: EmergencyRequest) -> str:
        return tell_all(claim.reasons)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_word(self, claim: EmergencyRequest) -> str:
        return claim.get_state_display()

    @action(description="Decide", url_path="decide", icon="gavel", permissions=["act"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        claim = self.find_row(request, object_id, EmergencyRequest)

        def run(data: dict[str, Any]) -> str:
            emergencies.decide_by_manager(
                claim,
                accept=data["accept"],
                by=request.user,  # type: ignore[arg-type]  # signed in: the admin lets nobody else here
                reason=data["reason"],
                now=timezone.now(),
            )
            return gettext("%(driver)s was notified.") % {"driver": claim.driver}

        return act_page(
            self,
            request,
            row=claim,
            title=gettext("Emergency of %(driver)s") % {"driver": claim.driver},
            intro=gettext(
                "“%(reason)s” %(energy)s by %(needed_by)s. When granted, it is served before the others share the rest; no limit is ever exceeded for it."
            )
            % {
                "reason": claim.reason,
                "energy": kwh(claim.energy_wh),
                "needed_by": clock.worded(claim.needed_by, "D H:i"),
            },
            submit=gettext("Decide"),
            form_class=DecisionForm,
            run=run,
        )

    @action(description="Revoke", url_path="revoke", icon="undo", permissions=["act"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        claim = self.find_row(request, object_id, EmergencyRequest)

        def run(data: dict[str, Any]) -> str:
            emergencies.revoke_emergency(claim, by=request.user, reason=data["reason"], now=timezone.now())  # type: ignore[arg-type]
            return gettext("Taken back; %(driver)s was notified.") % {"driver": claim.driver}

        return act_page(
            self,
            request,
            row=claim,
            title=gettext("Take back %(driver)s's emergency") % {"driver": claim.driver},
            submit=gettext("Take it back"),
            dangerous=True,
            form_class=ReasonForDriverForm,
            run=run,
        )
