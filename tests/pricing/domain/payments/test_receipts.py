"""What is open: the total less credit notes and payments. Nobody pays more than that, and nothing is taken back twice."""

from datetime import date

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from grid.models.audit import AppendOnlyError
from pricing.domain.payments.receipts import enter_payment, open_items, open_minor
from pricing.domain.statements.credits import credit_amount
from pricing.enums import PaymentKind
from pricing.models import Payment, Statement

DAY = date(2026, 12, 5)


@pytest.fixture
def statement(issue, driver):
    return issue(1_000, driver=driver)


def pay(statement, amount_minor, now):
    return enter_payment(
        statement, amount_minor=amount_minor, way=PaymentKind.ACCOUNT, paid_on=DAY, actor=SYSTEM, now=now
    )


def test_open_is_the_total_less_credits_and_payments(statement, now):
    assert open_minor(statement) == 1_000
    credit_amount(statement, amount_minor=150, reason="Goodwill", actor=SYSTEM, now=now)
    pay(statement, 600, now)
    pay(statement, 100, now)
    [row] = open_items(Statement.objects.all())
    assert (row.credited_minor, row.paid_minor, row.open_minor) == (150, 700, 150)
    pay(statement, 150, now)
    assert list(open_items(Statement.objects.all())) == []
    assert AuditEntry.objects.filter(action="payment.entered").count() == 3


@pytest.mark.parametrize("amount_minor", [0, 1_001, -1])
def test_sum_that_does_not_fit_is_refused(statement, now, amount_minor):
    with pytest.raises(InvalidInput, match=r"10.00 is open and 0.00 is paid"):
        pay(statement, amount_minor, now)
    assert not Payment.objects.exists()


def test_payment_is_taken_back_by_another_one_and_never_edited(statement, now):
    payment = pay(statement, 1_000, now)
    with pytest.raises(InvalidInput):
        pay(statement, -1_001, now)
    pay(statement, -1_000, now)
    assert open_minor(statement) == 1_000
    for act in (payment.save, payment.delete):
        with pytest.raises(AppendOnlyError):
            act()


def test_draft_and_credit_note_are_not_paid(statement, now):
    note = credit_amount(statement, amount_minor=150, reason="Goodwill", actor=SYSTEM, now=now)
    with pytest.raises(InvalidInput, match="Only an issued statement"):
        pay(note, 1, now)
    assert open_minor(note) == 0
