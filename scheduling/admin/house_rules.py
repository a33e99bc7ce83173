"""What a community asks of its drivers, as its managers set it."""

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from evbalancer.common.admin.policy import EDIT
from grid.admin.audited import AuditedAdmin, AuditedForm
from scheduling.enums import FindingKind
from scheduling.models import HouseRules


class HouseRulesForm(AuditedForm):
    strikes_without_manager = forms.MultipleChoiceField(
        choices=FindingKind.choices,
        required=False,
        label="Strikes without a manager",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Findings of these kinds are strikes at once; the driver can appeal. All others wait for a manager.",
    )


@admin.register(HouseRules)
class HouseRulesAdmin(AuditedAdmin):
    form = HouseRulesForm
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("__str__", "unproven_emergency", "no_shows", "open_slots")
    list_select_related = ("community",)
    fieldsets = (
        (
            "Emergencies",
            {
                "fields": (("unproven_emergency", "unproven_most_wh"), "emergency_stay_h"),
                "description": "Quota, a manager's word on each and the grace of an overstay are the community's.",
            },
        ),
        ("Slots", {"fields": (("no_shows", "no_show_days"), ("open_slots", "unused_pct"))}),
        (
            "Cards, meters and chargers",
            {"fields": ("shared_tag_min", ("energy_tolerance_pct", "energy_tolerance_wh"), "tamper_events")},
        ),
        ("Strikes", {"fields": ("strikes_without_manager",)}),
    )
