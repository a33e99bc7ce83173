"""Corrections of issued statements: credit notes, each of one statement, numbered like it.

A cancellation takes every item back, and its bill lines wait for a statement again. A credit gives an amount back and leaves the lines
where they are. Costs that were corrected by the meter need neither: their adjustment goes onto the next statement.
"""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.inputs import Text
from grid.domain import audit
from pricing.domain.statements.documents import Composer
from pricing.domain.statements.issuing import issue_statement, lock_billing
from pricing.enums import StatementKind, StatementState
from pricing.errors import NothingToCredit
from pricing.models import Statement, StatementItem

REASON = Text(200, "Give a reason; it stands on the credit note.")


@transaction.atomic
def cancel_statement(statement: Statement, *, reason: str, actor: audit.Actor, now: datetime) -> Statement:
    """Take all of it back. Raises NothingToCredit where something was credited before, InvalidInput."""
    reason = REASON.check("reason", reason)
    note = _begin(statement, reason)
    if credited_minor(statement) or statement.credit_notes.exists():
        raise NothingToCredit(gettext("Something was credited already: credit the rest as an amount."))
    items = [
        StatementItem(
            community_id=statement.community_id,
            statement=note,
            reverses=item,
            amount_minor=-item.amount_minor,
            energy_wh=-item.energy_wh,
            tax_bp=item.tax_bp,
            tax_shares=[(rate, -minor) for rate, minor in item.tax_shares],
        )
        for item in statement.items.all()
    ]
    return _issue(note, items, actor=actor, now=now)


@transaction.atomic
def credit_amount(
    statement: Statement, *, amount_minor: int, reason: str, actor: audit.Actor, now: datetime
) -> Statement:
    """Give back an amount, at most what is left of the total, at the rates of its lines. Raises InvalidInput, NothingToCredit."""
    reason = REASON.check("reason", reason)
    note = _begin(statement, reason)
    left_minor = statement.total_minor - credited_minor(statement)
    if left_minor <= 0:
        raise NothingToCredit(gettext("Nothing is left of this statement to credit."))
    if not 0 < amount_minor <= left_minor:
        raise InvalidInput(
            "amount_minor",
            gettext("From 0.01 to %(value)s, which is left of the statement.")
            % {"value": f"{left_minor / 100:.2f}"},
        )
    items = [
        StatementItem(
            community_id=statement.community_id,
            statement=note,
            amount_minor=-share_minor,
            tax_bp=rate_bp,
        )
        for rate_bp, share_minor in _shares(statement, amount_minor)
        if share_minor
    ]
    return _issue(note, items, actor=actor, now=now)


def credited_minor(statement: Statement) -> int:
    """What credit notes took off a statement so far."""
    taken = statement.credit_notes.aggregate(sum=Sum("total_minor"))["sum"]
    return -(taken or 0)


def _begin(statement: Statement, reason: str) -> Statement:
    lock_billing(statement.community)
    if statement.state != StatementState.ISSUED or statement.kind != StatementKind.STATEMENT:
        raise NothingToCredit(
            gettext("Only an issued statement is corrected by a credit note. Draft the month again.")
        )
    return Statement(
        community_id=statement.community_id,
        kind=StatementKind.CREDIT,
        month=statement.month,
        driver=statement.driver,
        flat=statement.flat,
        currency=statement.currency,
        corrects=statement,
        reason=reason,
    )


def _issue(note: Statement, items: list[StatementItem], *, actor: audit.Actor, now: datetime) -> Statement:
    note.total_minor = sum(item.amount_minor for item in items)
    if note.total_minor > 0:
        raise NothingToCredit(gettext("The statement is in the recipient's favour already."))
    note.energy_wh = sum(item.energy_wh for item in items)
    note.save()
    StatementItem.objects.bulk_create(items)
    details = lock_billing(note.community)
    issue_statement(note, composer=Composer(note.community, details, [note]), actor=actor, now=now)
    return note


def _shares(statement: Statement, amount_minor: int) -> list[tuple[int, int]]:
    """The amount by rates, in proportion to the lines of each; what rounding leaves goes to the largest."""
    gross: dict[int, int] = defaultdict(int)
    for item in statement.items.all():
        for rate_bp, minor in item.shares:
            gross[rate_bp] += minor
    positive = {rate: minor for rate, minor in gross.items() if minor > 0}
    whole = sum(positive.values())
    largest = max(positive, key=lambda rate: positive[rate])
    shares = {rate: amount_minor * minor // whole for rate, minor in positive.items()}
    shares[largest] += amount_minor - sum(shares.values())
    return sorted(shares.items())
