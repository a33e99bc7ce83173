from collections.abc import Callable

from django.contrib import admin

from evbalancer.common.admin.policy import EDIT
from grid.admin.audited import AuditedAdmin, AuditedForm
from pricing.domain.payments.iban import check_bic, check_iban, plain_iban
from pricing.models import BillingDetails, TaxRate


class BillingDetailsForm(AuditedForm):
    def clean_iban(self) -> str:
        return _checked(plain_iban(self.cleaned_data["iban"]), check_iban)

    def clean_bic(self) -> str:
        return _checked(self.cleaned_data["bic"].strip().upper(), check_bic)


def _checked(value: str, check: Callable[[str], None]) -> str:
    if value:
        check(value)
    return value


@admin.register(BillingDetails)
class BillingDetailsAdmin(AuditedAdmin):
    form = BillingDetailsForm
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("__str__", "iban", "due_days", "prefix")
    list_select_related = ("community",)
    fieldsets = (
        ("Who issues the statements", {"fields": ("name", "address", "tax_number")}),
        ("Account", {"fields": ("account_holder", ("iban", "bic"), ("creditor_id", "due_days"))}),
        ("On the paper", {"fields": ("prefix", "note")}),
    )


@admin.register(TaxRate)
class TaxRateAdmin(AuditedAdmin):
    """What prices contain from a day on. What was issued keeps its rate."""

    manager_may = EDIT
    operator_may = EDIT
    list_display = ("__str__", "valid_from", "percent")
    list_select_related = ("community",)
    fields = (("valid_from", "rate_bp"),)

    @admin.display(description="Rate", ordering="rate_bp")
    def percent(self, rate: TaxRate) -> str:
        return f"{rate.rate_bp / 100:g} %"
