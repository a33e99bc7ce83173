from datetime import UTC, date, datetime

import pytest

from grid.domain.audit import SYSTEM
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.models import BillingDetails
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def community(db):
    community = CommunityFactory(time_zone="Europe/Berlin", name="Maple Court")
    BillingDetails.objects.create(
        community=community,
        name="Maple & Söhne",
        iban="DE02120300000000202051",
        creditor_id="DE98ZZZ09999999999",
    )
    return community


@pytest.fixture
def driver(community):
    return DriverFactory(community=community, name="Ada Example", email="ada@example.org")


@pytest.fixture
def issue(community):
    def issue(*amounts_minor, driver):
        for amount_minor in amounts_minor:
            BillLineFactory(driver=driver, amount_minor=amount_minor)
        row = draft_month(community, month=date(2026, 11, 1), actor=SYSTEM, now=NOW)
        review_month(row, actor=SYSTEM, now=NOW)
        return issue_month(row, actor=SYSTEM, now=NOW)[0]

    return issue
