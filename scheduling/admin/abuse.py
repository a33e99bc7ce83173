from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from chargers.models import Session
from drivers.models import Strike
from evbalancer.common.admin.facts import facts_in_line, facts_in_words, name_in_words
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import action, display
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from grid.admin.ledger import LedgerAdmin
from scheduling.domain.conduct import abuse
from scheduling.models import AbuseFinding


class FindingForm(ActForm):
    strike = forms.TypedChoiceField(
        choices=[("no", "Dismiss it"), ("yes", "Count it as a strike")],
        coerce=lambda word: word == "yes",
        label="Decision",
    )
    reason = forms.CharField(
        **REASON_FOR_DRIVER.options, label="Why", help_text="The driver reads it when it becomes a strike."
    )


@admin.register(AbuseFinding)
class AbuseFindingAdmin(LedgerAdmin):
    """What a rule found. A manager decides what it means."""

    list_display = ("found_at", "driver", "kind", "state_word", "decided_at")
    list_filter = ("found_at", "state", "kind")
    search_fields = ("driver__name", "subject")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fieldsets = (
        (None, {"fields": (("driver", "session"), ("kind", "subject"))}),
        ("Decision", {"fields": (("state", "found_at", "decided_at"), "strike")}),
    )
    actions_detail = ("decide",)

    @display(
        description="State",
        ordering="state",
        label={"To decide": "warning", "Strike": "danger", "Dismissed": ""},
    )
    def state_word(self, finding: AbuseFinding) -> str:
        return finding.get_state_display()

    @action(description="Decide", url_path="decide", icon="gavel", permissions=["act"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        finding = self.find_row(request, object_id, AbuseFinding)

        def run(data: dict[str, Any]) -> str:
            abuse.decide_finding(
                finding,
                accept=data["strike"],
                by=request.user,  # type: ignore[arg-type]  # signed in: the admin lets nobody else here
                reason=data["reason"],
                now=timezone.now(),
            )
            return (
                gettext("%(driver)s has a strike.") % {"driver": finding.driver}
                if data["strike"]
                else gettext("Dismissed.")
            )

        return act_page(
            self,
            request,
            row=finding,
            title=f"{finding.get_kind_display()}: {finding.driver}",
            intro=gettext("%(evidence)s. A strike lowers the driver's standing until it lapses.")
            % {"evidence": facts_in_line(finding.evidence)},
            submit=gettext("Decide"),
            form_class=FindingForm,
            run=run,
        )


@panel_for(AbuseFinding)
@panel_for(Strike)
def evidence_panel(request: HttpRequest, row: AbuseFinding | Strike) -> Panel | None:
    """What was found, figure by figure; sessions that it names are linked."""
    evidence = dict(row.evidence)
    sessions = Session.objects.filter(pk__in=evidence.pop("sessions", []), community_id=row.community_id)
    rows: list[tuple[Any, ...]] = [
        (name_in_words(name), facts_in_words(value, name)) for name, value in evidence.items()
    ]
    rows += [
        (gettext("Session"), Cell(str(session), page_of(session)))
        for session in sessions.select_related("connector__charge_point")
    ]
    return table(gettext("Evidence"), [], rows, empty=gettext("None was recorded."))
