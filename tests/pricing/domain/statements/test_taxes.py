"""The tax that is contained in amounts: net and tax are the amount, to the cent."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.domain.statements.taxes import TaxLine, TaxRates, read_tax_rates, shares_of, tax_lines
from pricing.models import BillLine, TaxRate
from tests.examples import examples
from tests.factories.grid import CommunityFactory

AMOUNTS = st.lists(st.tuples(st.sampled_from([0, 700, 1900, 810]), st.integers(-10_000_000, 10_000_000)))


@pytest.mark.parametrize(
    ("gross_minor", "net_minor", "tax_minor"),
    # 11.90 contains 1.90. 1.00 contains 0.159663, 0.03 contains 0.00479: rounded down. 0.25 contains 0.0399.
    [(1190, 1000, 190), (100, 84, 16), (3, 3, 0), (25, 21, 4), (-1190, -1000, -190), (0, 0, 0)],
)
def test_tax_is_contained_in_the_amount(gross_minor, net_minor, tax_minor):
    assert tax_lines([(1900, gross_minor)]) == [TaxLine(1900, net_minor, tax_minor, gross_minor)]


def test_tax_is_rounded_once_a_rate_and_not_once_a_line():
    # A hundred times 0.03: 3.00 contains 0.478992. Line by line it would be nothing.
    assert tax_lines([(1900, 3)] * 100) == [TaxLine(1900, 252, 48, 300)]


@pytest.mark.property
@examples(100)
@given(AMOUNTS)
def test_net_and_tax_are_the_gross_amount(amounts):
    lines = tax_lines(amounts)
    assert all(line.net_minor + line.tax_minor == line.gross_minor for line in lines)
    untaxed = sum(amount for rate, amount in amounts if rate == 0)
    assert sum(line.gross_minor for line in lines) + untaxed == sum(amount for _, amount in amounts)


@pytest.mark.django_db
def test_rate_holds_from_midnight_on_the_communitys_clock():
    community = CommunityFactory(time_zone="Europe/Berlin")
    for day, rate_bp in ((date(2026, 7, 1), 1600), (date(2027, 1, 1), 1900)):
        TaxRate.objects.create(community=community, valid_from=day, rate_bp=rate_bp)
    rates = read_tax_rates(community)
    moments = [(2026, 6, 30, 21, 59), (2026, 6, 30, 22, 0), (2026, 12, 31, 22, 59), (2026, 12, 31, 23, 0)]
    assert [rates.at(datetime(*moment, tzinfo=UTC)) for moment in moments] == [0, 1600, 1600, 1900]


@pytest.mark.django_db
def test_community_without_a_rate_has_no_tax():
    rates = read_tax_rates(CommunityFactory())
    assert rates.at(datetime(2026, 1, 1, tzinfo=UTC)) == 0


RATES = TaxRates(ZoneInfo("Europe/Berlin"), (date(2020, 1, 1),), (1900,))


def line_of(amount_minor, *parts):
    return BillLine(amount_minor=amount_minor, parts=list(parts), started_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "shares"),
    [
        (line_of(300), [(1900, 300)]),
        (line_of(300, {"energy_wh": 10}), [(1900, 300)]),
        (line_of(300, {"vat": None, "amount_minor": 300}), [(1900, 300)]),
        (line_of(300, {"vat": "7.0", "amount_minor": 300}), [(700, 300)]),
        (line_of(300, {"vat": "7", "amount_minor": 100}, {"vat": "19", "amount_minor": 200}), [(700, 100), (1900, 200)]),
        # A correction of -1.00: its parts are those of the whole session.
        (line_of(-100, {"vat": "7", "amount_minor": 100}, {"vat": "19", "amount_minor": 200}), [(700, -33), (1900, -67)]),
        (line_of(0, {"vat": "7", "amount_minor": 0}), [(1900, 0)]),
    ],
)  # fmt: skip
def test_rate_is_that_of_the_tariffs_price_or_else_the_communitys(line, shares):
    assert shares_of(line, RATES) == shares
    assert sum(minor for _, minor in shares) == line.amount_minor
