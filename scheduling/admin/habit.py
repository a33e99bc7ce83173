from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.filters import ToDecideFilter
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.theme import action, display
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from scheduling.domain.learning import habits
from scheduling.models import Habit


class HabitForm(ActForm):
    forget = forms.TypedChoiceField(
        choices=[("yes", "Forget what was learnt"), ("no", "Let it stand")],
        coerce=lambda word: word == "yes",
        label="Decision",
    )
    decision = forms.CharField(**REASON_FOR_DRIVER.options, label="Why", help_text="The driver reads it.")


class ObjectionFilter(ToDecideFilter):
    title = "objection"
    parameter_name = "objection"
    waiting = {"objected_at__isnull": False, "decided_at": None}


@admin.register(Habit)
class HabitAdmin(LedgerAdmin):
    """Learnt habits of drivers; here a manager answers an objection."""

    list_display = (
        "driver",
        "state",
        "takes_share",
        "overrun_s",
        "silent_wh",
        "came",
        "not_come",
        "updated_at",
    )
    list_filter = (ObjectionFilter,)
    search_fields = ("driver__name", "objection", "decision")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("driver", "updated_at"),
                    ("takes_share", "came", "not_come"),
                    ("overrun_s", "silent_wh", "usual_stay_s"),
                    "stays",
                    "bookings",
                )
            },
        ),
        ("Objection", {"fields": ("objection", ("objected_at", "decided_at"), "decision")}),
    )
    actions_detail = ("decide",)

    @display(description="State", label={"contested": "warning", "decided": "", "learnt": ""})
    def state(self, habit: Habit) -> str:
        if habit.objected_at is None:
            return "learnt"
        return "contested" if habit.decided_at is None else "decided"

    @action(description="Decide about it", url_path="decide", icon="gavel", permissions=["act"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        habit = self.find_row(request, object_id, Habit)

        def run(data: dict[str, Any]) -> str:
            habits.decide_habit(
                habit,
                forget=data["forget"],
                decision=data["decision"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return gettext("%(driver)s was notified.") % {"driver": habit.driver}

        return act_page(
            self,
            request,
            row=habit,
            title=gettext("Decide about what is learnt of %(driver)s") % {"driver": habit.driver},
            intro=habit.objection,
            submit=gettext("Decide"),
            form_class=HabitForm,
            run=run,
        )
