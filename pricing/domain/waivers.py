"""Fees that a manager does not ask for: left out of statements, or given back by a credit note once they stand on an issued one."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.inputs import Text
from grid.domain import audit
from pricing.domain.statements.credits import credit_amount
from pricing.domain.statements.issuing import lock_billing
from pricing.enums import StatementState
from pricing.models import BillingMonth, BillLine, Statement, StatementItem, Waiver

REASON = Text(200, "Give a reason; the driver sees it.")


@transaction.atomic
def waive_fee(line: BillLine, *, reason: str, actor: audit.Actor, now: datetime) -> Waiver:
    """Waive a fee, once. Energy is corrected by its meter and never waived.

    1. Refuse what is no fee, or was waived or credited before.
    2. Give it back by a credit note where its statement is issued; else take it off its draft, which has to be reviewed again.

    Raises InvalidInput, NothingToCredit.
    """
    # 1.
    reason = REASON.check("reason", reason)
    lock_billing(line.community)
    if line.kind not in BillLine.FEES:
        raise InvalidInput("line", gettext("Only fees and surcharges are waived. Energy follows its meter."))
    if Waiver.objects.filter(line=line).exists():
        raise InvalidInput("line", gettext("This fee is waived already."))
    # 2.
    item = line.statement_items.filter(reversed_by=None).select_related("statement").first()
    note = None
    if item is not None and item.statement.state == StatementState.ISSUED:
        amount_minor = line.amount_minor
        note = credit_amount(item.statement, amount_minor=amount_minor, reason=reason, actor=actor, now=now)
    elif item is not None:
        _take_off(item)
    waiver: Waiver = Waiver.objects.create(
        community_id=line.community_id,
        line=line,
        reason=reason,
        waived_by=actor.label[:150],
        waived_at=now,
        credit_note=note,
    )
    audit.record_entry(
        actor=actor,
        action="bill.waived",
        target=line,
        now=now,
        before={"amount_minor": line.amount_minor},
        after={"credit_note": note.label if note is not None else None},
        reason=reason,
    )
    return waiver


def _take_off(item: StatementItem) -> None:
    """The draft without this item; one that has no other goes."""
    statement = item.statement
    item.delete()
    if not statement.items.exists():
        statement.delete()
    else:
        statement.total_minor -= item.amount_minor
        statement.state = StatementState.DRAFT
        statement.save(update_fields=["total_minor", "state"])
    rows = Statement.objects.filter(month=statement.month_id, state=StatementState.REVIEWED)
    rows.update(state=StatementState.DRAFT)
    BillingMonth.objects.filter(pk=statement.month_id).update(reviewed_at=None)
