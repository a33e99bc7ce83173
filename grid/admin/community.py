from django.contrib import admin
from django.core.exceptions import ValidationError

from evbalancer.common.admin import scope
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.clocks.holidays import read_region
from evbalancer.common.errors import InvalidInput
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.models import Community

scope.declare(Community, "pk")


class CommunityForm(AuditedForm):
    def clean_holiday_region(self) -> str:
        text: str = self.cleaned_data["holiday_region"]
        try:
            return read_region(text) if text else ""
        except InvalidInput as refusal:
            raise ValidationError(refusal.detail) from refusal


@admin.register(Community)
class CommunityAdmin(AuditedAdmin):
    form = CommunityForm
    manager_may = frozenset({"view", "change"})
    operator_may = EDIT
    operators_only = ("slug", "currency", "retired_at")
    list_display = ("name", "time_zone", "currency", "emergency_needs_manager", "retired_at")
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("time_zone", "currency", "language"), "holiday_region")}),
        (
            "Emergencies and overstay",
            {"fields": (("emergencies_per_month", "overstay_grace_min"), "emergency_needs_manager")},
        ),
        (
            "Strikes",
            {
                "fields": (("strike_days", "suspended_from_strikes", "suspension_days"),),
                "description": "For strikes given from now on. What counts as one is in the house rules.",
            },
        ),
        (
            "How long records stay",
            {
                "fields": (("meter_values_days", "means_days"), ("runs_days", "log_days")),
                "description": "What a session that still runs, or a statement that is not issued, needs stays longer. The audit trail stays without end.",
            },
        ),
        ("Record", {"fields": (("created_at", "retired_at"),)}),
    )
