"""Fees that a manager does not ask for."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from pricing.domain.extras import Booking, bill_booking
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.domain.waivers import waive_fee
from pricing.enums import LineKind
from pricing.models import BillingMonth, Statement
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import BillLineFactory, TariffFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
BEGIN, LAPSED = datetime(2026, 11, 10, 18, 0, tzinfo=UTC), datetime(2026, 11, 10, 18, 31, tzinfo=UTC)
MONTH = date(2026, 11, 1)


@pytest.fixture
def driver():
    driver = DriverFactory()
    TariffFactory(community=driver.community, no_show_fee_minor=500)
    return driver


@pytest.fixture
def fee(driver):
    place = ConnectorFactory(circuit__cluster__community=driver.community, charge_point__name="A-01")
    booking = Booking(uuid4(), driver, place.charge_point.cluster, place, BEGIN, BEGIN, LAPSED)
    return bill_booking(booking, kind=LineKind.NO_SHOW)


def draft(driver):
    return draft_month(driver.community, month=MONTH, actor=SYSTEM, now=NOW)


def waive(fee):
    return waive_fee(fee, reason="Was in hospital", actor=SYSTEM, now=NOW)


def totals():
    return list(Statement.objects.order_by("created_at").values_list("kind", "state", "total_minor"))


def test_fee_is_a_line_of_its_own_with_place_quantity_and_price(driver, fee):
    row = draft(driver)
    review_month(row, actor=SYSTEM, now=NOW)
    [statement] = issue_month(row, actor=SYSTEM, now=NOW)
    [line] = statement.document["lines"]
    assert (line["place"], line["session_id"], line["car"]) == ("A-01/1", "", "")
    assert line["charges"] == [
        {"kind": "NO_SHOW", "unit": "times", "quantity": 1, "price": "5", "tax_bp": 0, "amount_minor": 500}
    ]


def test_waived_fee_is_on_no_statement(driver, fee):
    waiver = waive(fee)
    assert (waiver.credit_note, waiver.reason) == (None, "Was in hospital")
    BillLineFactory(driver=driver)
    draft(driver)
    assert totals() == [("statement", "draft", 300)]
    entry = AuditEntry.objects.get(action="bill.waived")
    assert (entry.before, entry.reason) == ({"amount_minor": 500}, "Was in hospital")


def test_waiver_takes_the_fee_off_a_draft_which_has_to_be_reviewed_again(driver, fee):
    BillLineFactory(driver=driver)
    row = draft(driver)
    review_month(row, actor=SYSTEM, now=NOW)
    waive(fee)
    assert totals() == [("statement", "draft", 300)]
    assert BillingMonth.objects.get().reviewed_at is None


def test_draft_of_nothing_but_the_fee_goes(driver, fee):
    draft(driver)
    waive(fee)
    assert totals() == []


def test_fee_on_an_issued_statement_is_given_back_by_a_credit_note(driver, fee):
    BillLineFactory(driver=driver)
    row = draft(driver)
    review_month(row, actor=SYSTEM, now=NOW)
    [statement] = issue_month(row, actor=SYSTEM, now=NOW)
    waiver = waive(fee)
    assert waiver.credit_note.corrects == statement
    assert totals() == [("statement", "issued", 800), ("credit", "issued", -500)]
    draft(driver)
    assert len(totals()) == 2


def test_fee_is_waived_once_and_energy_never(driver, fee):
    waive(fee)
    with pytest.raises(InvalidInput, match="waived already"):
        waive(fee)
    with pytest.raises(InvalidInput, match="Only fees"):
        waive(BillLineFactory(driver=driver))
    with pytest.raises(InvalidInput, match="reason"):
        waive_fee(fee, reason=" ", actor=SYSTEM, now=NOW)
