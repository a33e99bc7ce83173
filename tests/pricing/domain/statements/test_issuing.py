"""Numbers without gaps, however many issue at once, on whichever database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, close_old_connections, connections, transaction

from grid.domain.audit import SYSTEM
from pricing.domain.statements.credits import credit_amount
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.enums import StatementKind
from pricing.models import Statement
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
ISSUERS = 8


def issued(count):
    community = CommunityFactory()
    for _ in range(count):
        BillLineFactory(driver=DriverFactory(community=community))
    row = draft_month(community, month=date(2026, 11, 1), actor=SYSTEM, now=NOW)
    review_month(row, actor=SYSTEM, now=NOW)
    return row, issue_month(row, actor=SYSTEM, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_no_number_is_given_twice_or_left_out_under_eight_parallel_issuers():
    _, statements = issued(2 * ISSUERS)

    def credit(index):
        """Every third of them fails after it has a number: a rollback gives it back."""
        close_old_connections()
        try:
            with transaction.atomic():
                note = credit_amount(
                    statements[index], amount_minor=100, reason="Goodwill", actor=SYSTEM, now=NOW
                )
                transaction.set_rollback(index % 3 == 0)
        finally:
            connections.close_all()
        return note.number if index % 3 else None

    with ThreadPoolExecutor(ISSUERS) as pool:
        numbers = list(pool.map(credit, range(2 * ISSUERS)))
    given = sorted(number for number in numbers if number is not None)
    assert given == list(range(17, 17 + len(given)))
    assert len(given) == 10
    stored = Statement.objects.filter(kind=StatementKind.CREDIT).order_by("number")
    assert list(stored.values_list("number", flat=True)) == given


@pytest.mark.django_db
def test_database_refuses_a_number_twice_and_an_issued_statement_without_one():
    row, [statement] = issued(1)
    same = {"community": row.community, "month": row, "currency": "EUR", "state": "issued"}
    for values in ({"year": 2026, "number": statement.number, "issued_at": NOW}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Statement.objects.create(**same, **values)


@pytest.mark.django_db
def test_database_refuses_a_credit_note_without_its_bill():
    row, _ = issued(1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.create(
            community=row.community, month=row, currency="EUR", kind=StatementKind.CREDIT
        )
