from datetime import UTC, date, datetime

import pytest

from chargers.models import Session
from grid.domain.audit import SYSTEM
from pricing.domain.statements.credits import cancel_statement
from pricing.domain.statements.lines import (
    Recipient,
    by_recipient,
    find_open_lines,
    find_unsettled,
    month_after,
    month_begin,
)
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.enums import LineKind
from pricing.models import BillingDetails, BillLine, Statement
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
DECEMBER = month_begin(date(2026, 12, 1), "Europe/Berlin")


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


def test_month_begins_at_local_midnight_and_a_year_goes_on():
    assert DECEMBER.astimezone(UTC) == datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert month_after(date(2026, 1, 31)) == date(2026, 2, 1)


def test_session_belongs_to_the_month_in_which_it_ended(community):
    driver = DriverFactory(community=community)
    # Ends one second before local midnight, and on it.
    before = BillLineFactory(driver=driver, ended_at=datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))
    BillLineFactory(driver=driver, ended_at=datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    assert find_open_lines(community, before=DECEMBER) == [before]


def test_lines_of_another_community_are_not_found(community):
    BillLineFactory()
    assert find_open_lines(community, before=DECEMBER) == []


def test_flat_that_is_billed_together_gets_the_lines_of_its_drivers(community):
    together = FlatFactory(community=community, billed_together=True)
    apart = FlatFactory(community=community)
    drivers = [DriverFactory(community=community, flat=flat, name=name) for flat, name in (
        (together, "C"), (together, "B"), (apart, "A"),
    )]  # fmt: skip
    lines = [BillLineFactory(driver=driver) for driver in drivers]
    stranger = BillLineFactory(driver=None, community=community)
    found = by_recipient([*lines, stranger])
    assert found == {
        Recipient(None, None, "EUR"): [stranger],
        Recipient(drivers[2].pk, None, "EUR"): [lines[2]],
        Recipient(None, together.pk, "EUR"): [lines[1], lines[0]],
    }
    assert list(found)[1].driver_id == drivers[2].pk


def test_currencies_never_meet_on_one_statement(community):
    driver = DriverFactory(community=community)
    lines = [BillLineFactory(driver=driver, currency=currency) for currency in ("CHF", "EUR")]
    assert {recipient.currency for recipient in by_recipient(lines)} == {"CHF", "EUR"}


def issue(community, *, is_issued=True):
    month = draft_month(community, month=date(2026, 11, 1), actor=SYSTEM, now=DECEMBER)
    if is_issued:
        review_month(month, actor=SYSTEM, now=DECEMBER)
        issue_month(month, actor=SYSTEM, now=DECEMBER)


@pytest.fixture
def line(community):
    return BillLineFactory(driver=DriverFactory(community=community))


def unsettled(line):
    return find_unsettled({line.session_id})


def test_where_nobody_issues_statements_the_bill_settles_a_session(line):
    assert unsettled(line) == set()


def test_session_is_unsettled_until_its_statement_is_issued(community, line):
    BillingDetails.objects.create(community=community)
    assert unsettled(line) == {line.session_id}
    issue(community, is_issued=False)
    assert unsettled(line) == {line.session_id}
    issue(community)
    assert unsettled(line) == set()


def test_statement_that_was_taken_back_and_a_correction_unsettle_its_sessions(community, line):
    issue(community)
    cancel_statement(Statement.objects.get(), reason="wrong flat", actor=SYSTEM, now=DECEMBER)
    assert unsettled(line) == {line.session_id}
    issue(community)
    assert unsettled(line) == set()
    BillLineFactory(
        driver=line.driver, session=line.session, kind=LineKind.ADJUSTMENT, energy_wh=1_000, amount_minor=30
    )
    assert unsettled(line) == {line.session_id}


def test_session_without_a_bill_is_unsettled_and_one_that_never_started_is_not(line):
    session = line.session
    BillLine.objects.all().delete()
    assert find_unsettled({session.pk}) == {session.pk}
    Session.objects.update(started_at=None)
    assert find_unsettled({session.pk}) == set()


def test_other_sessions_are_not_told_of(community, line):
    BillingDetails.objects.create(community=community)
    other = BillLineFactory(driver=line.driver)
    assert find_unsettled({other.session_id}) == {other.session_id}
    assert find_unsettled(set()) == set()
