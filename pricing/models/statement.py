"""Statements and credit notes. Issued ones are history: neither they nor their items change or go."""

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from evbalancer.common.db.fields import TenantModel, TenantQuerySet
from grid.models.audit import AppendOnlyError
from pricing.enums import StatementKind, StatementState

FINAL = "An issued statement never changes: correct it by a credit note"


class BillingMonth(TenantModel):
    """A month whose costs are put onto statements: drafted, reviewed, issued."""

    first_day = models.DateField()
    drafted_at = models.DateTimeField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-first_day"]
        constraints = [
            models.UniqueConstraint(fields=["community", "first_day"], name="billing_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.first_day:%Y-%m}"


class _Guarded(TenantQuerySet[Any]):
    """`issued` finds the rows that nothing may change."""

    issued = Q(state=StatementState.ISSUED)

    def update(self, **values: Any) -> int:
        self._refuse_issued()
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_issued()
        return super().delete()

    def _refuse_issued(self) -> None:
        if self.order_by().filter(self.issued).exists():
            raise AppendOnlyError(FINAL)


class _GuardedItems(_Guarded):
    issued = Q(statement__state=StatementState.ISSUED)


class Statement(TenantModel):
    """What a driver, or all drivers of a flat, owe for a month; or what a credit note takes off such a statement."""

    kind = models.CharField(max_length=10, choices=StatementKind.choices, default=StatementKind.STATEMENT)
    state = models.CharField(max_length=10, choices=StatementState.choices, default=StatementState.DRAFT)
    month = models.ForeignKey(BillingMonth, on_delete=models.PROTECT, related_name="statements")
    driver = models.ForeignKey(
        "drivers.Driver", on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    flat = models.ForeignKey(
        "drivers.Flat", on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes"
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Of a credit note; its reader sees it.")
    currency = models.CharField(max_length=3)
    energy_wh = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True)
    label = models.CharField("number", max_length=30, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    document = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="All that the paper says.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = _Guarded.as_manager()

    class Meta:
        ordering = ["-year", "-number", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "year", "number"],
                condition=Q(number__isnull=False),
                name="statement_number_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=StatementState.ISSUED, number__gte=1, year__isnull=False, issued_at__isnull=False
                )
                | (~Q(state=StatementState.ISSUED) & Q(number=None, year=None, issued_at=None)),
                name="statement_numbered_when_issued",
            ),
            models.CheckConstraint(
                condition=Q(kind=StatementKind.CREDIT, corrects__isnull=False, total_minor__lte=0)
                | Q(kind=StatementKind.STATEMENT, corrects=None),
                name="credit_note_has_its_bill",
            ),
            models.CheckConstraint(
                condition=Q(driver=None) | Q(flat=None), name="statement_has_one_recipient"
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.get_state_display()} of {self.month}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if (
            not self._state.adding
            and Statement.objects.filter(pk=self.pk, state=StatementState.ISSUED).exists()
        ):
            raise AppendOnlyError(FINAL)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if Statement.objects.filter(pk=self.pk, state=StatementState.ISSUED).exists():
            raise AppendOnlyError(FINAL)
        return super().delete(*args, **kwargs)


class StatementItem(TenantModel):
    """A bill line on a statement; or, on a credit note, an item that it takes back, or an amount of its own."""

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="items")
    bill_line = models.ForeignKey(
        "pricing.BillLine", on_delete=models.PROTECT, null=True, related_name="statement_items"
    )
    turn = models.PositiveSmallIntegerField(
        default=0, help_text="How often the line was taken back by credit notes before."
    )
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    amount_minor = models.BigIntegerField()
    energy_wh = models.BigIntegerField(default=0)
    tax_bp = models.PositiveSmallIntegerField(default=0)
    tax_shares = models.JSONField(
        default=list, help_text="Pairs of rate and amount, where the amount has several rates."
    )

    objects: ClassVar[Any] = _GuardedItems.as_manager()

    class Meta:
        ordering = ["statement", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["bill_line", "turn"], name="statement_item_once_per_line"),
            models.CheckConstraint(
                condition=Q(bill_line=None) | Q(reverses=None), name="statement_item_bills_or_reverses"
            ),
            models.CheckConstraint(
                condition=Q(bill_line__isnull=False) | Q(amount_minor__lte=0) | Q(reverses__isnull=False),
                name="statement_item_free_amounts_are_credits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor / 100:.2f} of {self.statement}"

    @property
    def shares(self) -> list[tuple[int, int]]:
        """The amount by rates of tax."""
        return [(rate, minor) for rate, minor in self.tax_shares] or [(self.tax_bp, self.amount_minor)]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Items of statements are not edited: draft the month again")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.statement.state == StatementState.ISSUED:
            raise AppendOnlyError(FINAL)
        return super().delete(*args, **kwargs)
