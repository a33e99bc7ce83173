from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel

WHOLE_BP = 10_000


class BillingDetails(TenantModel):
    """What a community's statements say about who issues them. Its row is the lock under which they are numbered."""

    name = models.CharField(max_length=120, blank=True, help_text="Who issues the statements.")
    address = models.TextField(max_length=300, blank=True)
    tax_number = models.CharField(max_length=40, blank=True)
    prefix = models.CharField(
        max_length=10, blank=True, help_text="Before each number, for example MC- for MC-2026-0001."
    )
    due_days = models.PositiveSmallIntegerField(
        default=14, validators=[MaxValueValidator(120)], help_text="Days until a statement is due."
    )
    account_holder = models.CharField(max_length=70, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    creditor_id = models.CharField(
        "creditor identifier",
        max_length=35,
        blank=True,
        help_text="Of the community, for SEPA direct debits; the national bank gives it.",
    )
    note = models.TextField(max_length=500, blank=True, help_text="Stands at the end of every statement.")

    class Meta:
        verbose_name_plural = "billing details"
        constraints = [
            models.UniqueConstraint(fields=["community"], name="billing_details_once_per_community"),
        ]

    def __str__(self) -> str:
        return self.name or "Billing details"


class TaxRate(TenantModel):
    """The value-added tax that a community's prices contain, from a day on. Without a row they contain none."""

    valid_from = models.DateField()
    rate_bp = models.PositiveSmallIntegerField(
        "rate",
        validators=[MinValueValidator(0), MaxValueValidator(WHOLE_BP)],
        help_text="In hundredths of a per cent: 1900 is 19 %.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["community", "valid_from"], name="tax_rate_one_per_start"),
            models.CheckConstraint(
                condition=models.Q(rate_bp__lte=WHOLE_BP),
                name="tax_rate_bounded",
                violation_error_message="A tax rate of at most 100 %, which is 10000.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_bp / 100:g} % from {self.valid_from:%F}"
