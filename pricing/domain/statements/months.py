"""A month on statements: all drafted, reviewed by a person, and issued."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput
from grid.domain import audit
from grid.models import Community
from pricing.domain.payments.reminders import announce_statements
from pricing.domain.payments.wallets import draw_statement
from pricing.domain.statements.demand import write_demand
from pricing.domain.statements.documents import SHOWN_WITH, Composer
from pricing.domain.statements.issuing import issue_statement, lock_billing
from pricing.domain.statements.lines import (
    Recipient,
    by_recipient,
    find_open_lines,
    month_after,
    month_begin,
)
from pricing.domain.statements.monthly import write_monthly
from pricing.domain.statements.taxes import TaxRates, read_tax_rates, shares_of
from pricing.enums import PaymentKind, StatementState
from pricing.errors import MonthNotOver, NotReviewed
from pricing.models import BillingMonth, BillLine, Statement, StatementItem

EARLIEST_YEAR = 2010
CHUNK = 1_000


@transaction.atomic
def draft_month(community: Community, *, month: date, actor: audit.Actor, now: datetime) -> BillingMonth:
    """Put every open line of the month, and of months before, onto a draft. Drafts of before are thrown away.

    Raises MonthNotOver, InvalidInput.
    """
    first_day = month.replace(day=1)
    if first_day.year < EARLIEST_YEAR:
        raise InvalidInput(
            "month", gettext("A month from %(earliest_year)s on.") % {"earliest_year": EARLIEST_YEAR}
        )
    end = month_begin(month_after(first_day), community.time_zone)
    if now < end:
        raise MonthNotOver(gettext("The month has not ended yet: draft it when all of its costs are known."))
    lock_billing(community)
    row, _ = BillingMonth.objects.get_or_create(community=community, first_day=first_day)
    # Drafts of other months would keep lines from this one, and nobody knows when those will be issued.
    Statement.objects.filter(community=community).exclude(state=StatementState.ISSUED).delete()
    write_monthly(community, month=first_day)
    write_demand(community, month=first_day, by=actor, now=now)
    rates = read_tax_rates(community)
    drafts = by_recipient(find_open_lines(community, before=end))
    _store(row, drafts, rates)
    BillingMonth.objects.filter(pk=row.pk).update(drafted_at=now, reviewed_at=None)
    row.refresh_from_db()
    audit.record_entry(
        actor=actor, action="month.drafted", target=row, now=now, after={"statements": len(drafts)}
    )
    return row


@transaction.atomic
def review_month(row: BillingMonth, *, actor: audit.Actor, now: datetime) -> None:
    """A person has looked at the drafts and their totals. Raises NotReviewed where there are none."""
    lock_billing(row.community)
    drafts = row.statements.filter(state=StatementState.DRAFT)
    totals = month_totals(row)
    if not drafts.update(state=StatementState.REVIEWED):
        raise NotReviewed(gettext("There is no draft to review: draft the month first."))
    BillingMonth.objects.filter(pk=row.pk).update(reviewed_at=now)
    row.refresh_from_db()
    audit.record_entry(actor=actor, action="month.reviewed", target=row, now=now, after={"totals": totals})


@transaction.atomic
def issue_month(row: BillingMonth, *, actor: audit.Actor, now: datetime) -> list[Statement]:
    """Number and issue every reviewed statement, or none of them. Raises NotReviewed."""
    details = lock_billing(row.community)
    rows = row.statements.filter(state=StatementState.REVIEWED).select_related(*SHOWN_WITH)
    # In the order in which they were drafted, which is that of the names.
    reviewed = list(rows.order_by("created_at", "pk"))
    if not reviewed:
        raise NotReviewed(gettext("Nothing is reviewed: look at the drafts and mark them as reviewed first."))
    composer = Composer(row.community, details, reviewed)
    for statement in reviewed:
        issue_statement(statement, composer=composer, actor=actor, now=now)
        if statement.document["payment"]["way"] == PaymentKind.WALLET:
            draw_statement(statement, actor=actor, now=now)
    announce_statements(reviewed, now=now)
    BillingMonth.objects.filter(pk=row.pk).update(issued_at=now)
    row.refresh_from_db()
    audit.record_entry(
        actor=actor, action="month.issued", target=row, now=now, after={"statements": len(reviewed)}
    )
    return reviewed


def month_totals(row: BillingMonth) -> list[dict[str, Any]]:
    """Of each state and currency: how many statements, which energy and which sum."""
    rows = row.statements.order_by("state", "currency").values("state", "currency")
    return list(rows.annotate(count=Count("pk"), energy_wh=Sum("energy_wh"), total_minor=Sum("total_minor")))


def _store(row: BillingMonth, drafts: dict[Recipient, list[BillLine]], rates: TaxRates) -> None:
    statements, items = [], []
    for recipient, lines in drafts.items():
        statement = Statement(
            community_id=row.community_id,
            month=row,
            driver_id=recipient.driver_id,
            flat_id=recipient.flat_id,
            currency=recipient.currency,
            energy_wh=sum(_energy_wh(line) for line in lines),
            total_minor=sum(line.amount_minor for line in lines),
        )
        statements.append(statement)
        items += list(_items(statement, lines, rates))
    Statement.objects.bulk_create(statements, batch_size=CHUNK)
    StatementItem.objects.bulk_create(items, batch_size=CHUNK)


def _items(statement: Statement, lines: Iterable[BillLine], rates: TaxRates) -> Iterable[StatementItem]:
    for line in lines:
        shares = shares_of(line, rates)
        yield StatementItem(
            community_id=statement.community_id,
            statement=statement,
            bill_line=line,
            turn=line.billed,  # type: ignore[attr-defined]  # of `find_open_lines`
            amount_minor=line.amount_minor,
            energy_wh=_energy_wh(line),
            tax_bp=max(shares, key=lambda share: abs(share[1]))[0],
            tax_shares=shares if len(shares) > 1 else [],
        )


def _energy_wh(line: BillLine) -> int:
    """A surcharge names energy that the energy line has already."""
    return line.energy_wh if line.kind in BillLine.METERED else 0
