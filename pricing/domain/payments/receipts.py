"""What is open of statements, and what was paid for them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput
from grid.domain import audit
from pricing.domain.statements.issuing import lock_billing
from pricing.enums import PaymentKind, StatementKind, StatementState
from pricing.models import Payment, Statement

PAYABLE: Final = Q(state=StatementState.ISSUED, kind=StatementKind.STATEMENT)


def with_open(rows: QuerySet[Statement]) -> QuerySet[Any]:
    """Issued statements with `paid_minor`, `credited_minor` and `open_minor`: what the recipient still owes, or has in favour."""
    return annotate_open(rows).filter(PAYABLE)


def annotate_open(rows: QuerySet[Statement]) -> QuerySet[Any]:
    """All of these rows with the same figures, in one query; nothing is open of a draft and of a credit note."""
    paid = Payment.objects.filter(statement=OuterRef("pk")).order_by().values("statement")
    credited = Statement.objects.filter(corrects=OuterRef("pk")).order_by().values("corrects")
    owed = F("total_minor") - F("credited_minor") - F("paid_minor")
    return rows.annotate(
        paid_minor=_sum_of(paid.annotate(sum=Sum("amount_minor"))),
        credited_minor=_sum_of(credited.annotate(sum=Sum("total_minor"))) * -1,
        open_minor=Case(When(PAYABLE, then=owed), default=0, output_field=BigIntegerField()),
    )


def open_items(rows: QuerySet[Statement]) -> QuerySet[Any]:
    """Those that are not settled, the oldest first."""
    return with_open(rows).exclude(open_minor=0).order_by("due_on", "number")


def open_minor(statement: Statement) -> int:
    """0 of a draft and of a credit note."""
    row = with_open(Statement.objects.filter(pk=statement.pk)).first()
    return int(getattr(row, "open_minor", 0))


@transaction.atomic
def enter_payment(
    statement: Statement,
    *,
    amount_minor: int,
    way: PaymentKind,
    paid_on: date,
    actor: audit.Actor,
    now: datetime,
    note: str = "",
) -> Payment:
    """A payment, or one that takes an earlier one back (below zero). Never more than is open, and never more back than was paid.

    Raises InvalidInput.
    """
    lock_billing(statement.community)
    row = with_open(Statement.objects.filter(pk=statement.pk)).first()
    if row is None:
        raise InvalidInput("statement", gettext("Only an issued statement is paid."))
    owed, paid = row.open_minor, row.paid_minor
    if not amount_minor or not -paid <= amount_minor <= max(owed, 0):
        raise InvalidInput(
            "amount_minor",
            gettext("%(value)s is open and %(value2)s is paid: enter a sum between them.")
            % {"value": f"{owed / 100:.2f}", "value2": f"{paid / 100:.2f}"},
        )
    payment: Payment = Payment.objects.create(
        community_id=statement.community_id,
        statement=statement,
        way=way,
        amount_minor=amount_minor,
        paid_on=paid_on,
        note=note,
        created_at=now,
    )
    audit.record_entry(
        actor=actor,
        action="payment.entered",
        target=payment,
        now=now,
        after={"amount_minor": amount_minor, "way": way},
    )
    return payment


def pay_all(statements: Iterable[Statement], *, paid_on: date, actor: audit.Actor, now: datetime) -> int:
    """Mark as paid what is open of each. Returns how many were."""
    count = 0
    for statement in statements:
        owed = open_minor(statement)
        if owed > 0:
            enter_payment(
                statement, amount_minor=owed, way=PaymentKind.ACCOUNT, paid_on=paid_on, actor=actor, now=now
            )
            count += 1
    return count


def _sum_of(rows: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(rows.values("sum"), output_field=BigIntegerField()), 0)
