"""Numbers without gaps: given under the lock of the community's billing details, in the transaction that issues."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from grid.domain import audit
from grid.models import Community
from pricing.domain.statements.documents import Composer
from pricing.enums import StatementState
from pricing.models import BillingDetails, Statement


def lock_billing(community: Community) -> BillingDetails:
    """One issuer per community until the transaction ends. SQLite's transactions are IMMEDIATE: its caller is the only writer."""
    BillingDetails.objects.get_or_create(community=community)
    details: BillingDetails = BillingDetails.objects.select_for_update(no_key=True).get(community=community)
    return details


@transaction.atomic
def issue_statement(statement: Statement, *, composer: Composer, actor: audit.Actor, now: datetime) -> None:
    """Give the next number of the local year and write what the paper says. The caller has locked the billing.

    A number that a rollback takes back is given to the next one, as it stands nowhere but in the row.
    """
    today = now.astimezone(ZoneInfo(composer.community.time_zone)).date()
    given = Statement.objects.filter(community=composer.community, year=today.year)
    statement.year = today.year
    statement.number = (given.aggregate(last=Max("number"))["last"] or 0) + 1
    statement.label = f"{composer.details.prefix}{statement.year}-{statement.number:04}"
    statement.issued_at = now
    statement.due_on = today + timedelta(days=composer.details.due_days)
    statement.state = StatementState.ISSUED
    statement.document = composer.compose(statement)
    statement.save()
    audit.record_entry(
        actor=actor,
        action="statement.issued",
        target=statement,
        now=now,
        after={"number": statement.label, "total_minor": statement.total_minor},
    )
