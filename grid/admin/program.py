"""Demand-response programs. The server calls their addresses with a secret, so operators alone set them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext

from evbalancer.common.admin.fields import SecretField
from evbalancer.common.admin.policy import ALL, VIEW
from evbalancer.common.admin.theme import display
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.ledger import LedgerAdmin
from grid.models import DemandProgram, ProgramLimit
from grid.openadr.client import check_address


class DemandProgramForm(AuditedForm):
    new_secret = SecretField(column="client_secret_encrypted", max_length=500, label="Client secret")

    def check_row(self) -> None:
        for name in ("vtn_url", "token_url"):
            try:
                check_address(getattr(self.instance, name))
            except ValidationError as error:
                raise ValidationError({name: error.messages}) from error


@admin.register(DemandProgram)
class DemandProgramAdmin(AuditedAdmin):
    form = DemandProgramForm
    manager_may = VIEW
    operator_may = ALL
    community_from = "circuit"
    fixed_after_add = ("circuit",)
    list_display = ("name", "circuit", "active", "state", "polled_at")
    list_filter = ("circuit", "active")
    list_select_related = ("circuit", "community")

    fieldsets = (
        (
            None,
            {"fields": (("name", "circuit", "active"), "program_id", "vtn_url", "token_url", "client_id")},
        ),
        ("Whose events are followed", {"fields": (("ven_name", "target_groups", "target_resources"),)}),
        ("Levels of SIMPLE events", {"fields": (("level_1_pct", "level_2_pct", "level_3_pct"),)}),
        ("State", {"fields": (("polled_at", "events_for_others"), "error")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        may = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        return [*fieldsets, (gettext("Secret"), {"fields": ["new_secret"]})] if may else fieldsets

    @display(description="State", label={"followed": "success", "off": "", "failing": "danger"})
    def state(self, program: DemandProgram) -> str:
        if not program.active:
            return "off"
        return "failing" if program.error else "followed"


@admin.register(ProgramLimit)
class ProgramLimitAdmin(LedgerAdmin):
    list_display = ("event_id", "program", "limit", "ended_at")
    list_filter = ("program",)
    list_select_related = ("program__circuit", "limit__circuit", "community")
