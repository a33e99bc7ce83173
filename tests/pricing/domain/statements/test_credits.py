"""Credit notes: of one issued statement each, never more than it."""

from datetime import UTC, date, datetime

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from pricing.domain.statements.credits import cancel_statement, credit_amount, credited_minor
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.errors import NothingToCredit
from pricing.models import Statement, TaxRate
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
BY = {"actor": SYSTEM, "now": NOW}
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


def issue(community):
    row = draft_month(community, month=NOVEMBER, **BY)
    review_month(row, **BY)
    return issue_month(row, **BY)


@pytest.fixture
def statement(community):
    BillLineFactory(driver=DriverFactory(community=community, name="Ada"), amount_minor=1_000)
    return issue(community)[0]


def test_cancellation_takes_everything_back_and_frees_the_lines_for_the_right_recipient(statement, community):
    note = cancel_statement(statement, reason="Wrong recipient", **BY)
    assert (note.label, note.total_minor, note.energy_wh) == ("2026-0002", -1_000, -10_000)
    assert (note.document["corrects"], note.document["reason"]) == ("2026-0001", "Wrong recipient")
    assert note.document["lines"][0]["place"] == statement.document["lines"][0]["place"]
    driver = statement.driver
    driver.flat = FlatFactory(community=community, billed_together=True, holder="Bo")
    driver.save()
    [again] = issue(community)
    assert (again.label, again.flat, again.total_minor) == ("2026-0003", driver.flat, 1_000)
    assert again.document["recipient"]["name"] == "Bo"


def test_amounts_are_credited_up_to_the_total_and_not_beyond(statement):
    credit_amount(statement, amount_minor=400, reason="Goodwill", **BY)
    with pytest.raises(InvalidInput, match=r"From 0.01 to 6.00"):
        credit_amount(statement, amount_minor=601, reason="Goodwill", **BY)
    credit_amount(statement, amount_minor=600, reason="Goodwill", **BY)
    assert credited_minor(statement) == 1_000
    with pytest.raises(NothingToCredit):
        credit_amount(statement, amount_minor=1, reason="Goodwill", **BY)


@pytest.mark.parametrize("amount_minor", [0, -5])
def test_credit_of_nothing_or_less_is_refused(statement, amount_minor):
    with pytest.raises(InvalidInput):
        credit_amount(statement, amount_minor=amount_minor, reason="Goodwill", **BY)
    assert Statement.objects.count() == 1


def test_credit_without_a_reason_is_refused(statement):
    for act in (lambda: credit_amount(statement, amount_minor=1, reason=" ", **BY),
                lambda: cancel_statement(statement, reason="", **BY)):  # fmt: skip
        with pytest.raises(InvalidInput, match="Give a reason"):
            act()


def test_what_was_credited_is_not_cancelled_and_nothing_is_cancelled_twice(statement, community):
    BillLineFactory(driver=DriverFactory(community=community))
    [other] = issue(community)
    credit_amount(statement, amount_minor=1, reason="Goodwill", **BY)
    cancel_statement(other, reason="Twice", **BY)
    for each in (statement, other):
        with pytest.raises(NothingToCredit):
            cancel_statement(each, reason="Again", **BY)


def test_credit_note_and_draft_are_not_credited(statement, community):
    note = credit_amount(statement, amount_minor=1, reason="Goodwill", **BY)
    BillLineFactory(driver=DriverFactory(community=community))
    draft_month(community, month=NOVEMBER, **BY)
    for each in (note, Statement.objects.get(state="draft")):
        with pytest.raises(NothingToCredit):
            credit_amount(each, amount_minor=1, reason="Goodwill", **BY)


def test_credit_is_shared_between_rates_as_the_lines_are_and_to_the_cent(community):
    TaxRate.objects.create(community=community, valid_from=date(2026, 11, 10), rate_bp=1900)
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver, amount_minor=200)
    BillLineFactory(driver=driver, amount_minor=100, started_at=datetime(2026, 11, 9, tzinfo=UTC))
    [statement] = issue(community)
    note = credit_amount(statement, amount_minor=100, reason="Goodwill", **BY)
    # Two thirds at 19 %: 66 and the cent that rounding left.
    assert sorted(note.items.values_list("tax_bp", "amount_minor")) == [(0, -33), (1900, -67)]
    assert note.document["taxes"] == [
        {"rate_bp": 1900, "net_minor": -56, "tax_minor": -11, "gross_minor": -67}
    ]
