"""What came of statements: payments, mandates, wallets. Ledgers are append-only; a mistake is another row."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from evbalancer.common.db.fields import TenantModel
from grid.models.audit import AppendOnlyError
from pricing.enums import PaymentKind, WalletEntryKind


class _Ledger(TenantModel):
    """Rows that are written once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Payments are not edited: enter another one that takes it back")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("Payments are not deleted: enter another one that takes it back")


class Payment(_Ledger):
    """A sum that was paid for a statement; below zero where it was taken back, as by a returned debit."""

    statement = models.ForeignKey("pricing.Statement", on_delete=models.PROTECT, related_name="payments")
    way = models.CharField(max_length=10, choices=PaymentKind.choices)
    amount_minor = models.BigIntegerField()
    paid_on = models.DateField()
    note = models.CharField(max_length=140, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-paid_on", "-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="payment_is_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor / 100:.2f} for {self.statement}"


class Mandate(TenantModel):
    """A driver's word that the community may collect by SEPA direct debit. The IBAN is encrypted at rest."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="mandates")
    reference = models.CharField(max_length=35)
    holder = models.CharField(max_length=70)
    iban_encrypted = models.TextField()
    iban_end = models.CharField("account", max_length=8, help_text="Enough to recognise it.")
    bic = models.CharField("BIC", max_length=11, blank=True)
    signed_on = models.DateField()
    used_at = models.DateTimeField(null=True, blank=True, help_text="When something was first collected.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "reference"],
                name="mandate_reference_once",
                violation_error_message="The community has a mandate of this reference.",
            ),
            models.UniqueConstraint(
                fields=["driver"],
                condition=Q(revoked_at=None),
                name="mandate_one_in_force",
                violation_error_message="This driver has a mandate in force: revoke it first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.iban_end})"


class DebitRun(TenantModel):
    """A file of direct debits (pain.008) for the community's bank."""

    message = models.CharField(max_length=35, unique=True, help_text="The file's id.")
    collect_on = models.DateField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.message


class Debit(TenantModel):
    """A statement that a file collects. One that the bank returned can be collected again."""

    run = models.ForeignKey(DebitRun, on_delete=models.PROTECT, related_name="debits")
    statement = models.ForeignKey("pricing.Statement", on_delete=models.PROTECT, related_name="debits")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="debits")
    amount_minor = models.PositiveBigIntegerField()
    is_first = models.BooleanField(default=False)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement"], condition=Q(returned_at=None), name="debit_once_until_returned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor / 100:.2f} for {self.statement}"


class Wallet(TenantModel):
    """A driver's prepaid money. The balance is that of its newest entry."""

    driver = models.OneToOneField("drivers.Driver", on_delete=models.PROTECT, related_name="wallet")
    floor_minor = models.BigIntegerField(
        default=0, help_text="The balance never goes below; a negative floor is credit."
    )
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"Wallet of {self.driver}"


class WalletEntry(_Ledger):
    """Money into a wallet or out of it, and the balance afterwards."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="entries")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=WalletEntryKind.choices)
    amount_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    floor_minor = models.BigIntegerField(help_text="As it was then.")
    statement = models.ForeignKey(
        "pricing.Statement", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=140, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["wallet", "-sequence"]
        verbose_name_plural = "wallet entries"
        constraints = [
            models.UniqueConstraint(fields=["wallet", "sequence"], name="wallet_entry_in_order"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(balance_minor__gte=F("floor_minor")),
                name="wallet_never_drawn_below_its_floor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor / 100:.2f}, then {self.balance_minor / 100:.2f}"


class Reminder(_Ledger):
    """A word that a statement is overdue."""

    statement = models.ForeignKey("pricing.Statement", on_delete=models.PROTECT, related_name="reminders")
    level = models.PositiveSmallIntegerField()
    open_minor = models.BigIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["-sent_at"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "level"], name="reminder_once_per_level"),
        ]

    def __str__(self) -> str:
        return f"Reminder {self.level} of {self.statement}"
