"""Fixed shares and free energy of a month."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.models import Driver
from grid.domain.audit import SYSTEM
from pricing.domain.statements.credits import cancel_statement
from pricing.domain.statements.monthly import _cheapest, _Piece, free_left_wh, write_monthly
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.enums import LineKind
from pricing.models import BillLine, Statement
from tests.examples import examples
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory
from tests.factories.grid import ClusterFactory, CommunityFactory
from tests.factories.pricing import BillLineFactory, TariffAssignmentFactory, TariffFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


def driver_since(community, since=datetime(2026, 1, 1, tzinfo=UTC), **changes):
    driver = DriverFactory(community=community, **changes)
    Driver.objects.filter(pk=driver.pk).update(created_at=since)
    return driver


def draft(community, month=NOVEMBER):
    return draft_month(community, month=month, actor=SYSTEM, now=NOW)


def issue(community):
    row = draft(community)
    review_month(row, actor=SYSTEM, now=NOW)
    return issue_month(row, actor=SYSTEM, now=NOW)


def amounts(kind):
    return sorted(BillLine.objects.filter(kind=kind).values_list("amount_minor", flat=True))


def test_who_belongs_all_month_pays_the_share_whether_charging_or_not(community):
    TariffFactory(community=community, monthly_share_minor=500)
    driver = driver_since(community)
    [statement] = issue(community)
    assert (statement.driver, statement.total_minor) == (driver, 500)
    [line] = statement.document["lines"]
    assert line["charges"] == [
        {
            "kind": "MONTHLY",
            "unit": "days",
            "quantity": 30,
            "price": "0.166667",
            "tax_bp": 0,
            "amount_minor": 500,
        }
    ]


def test_share_is_of_the_local_days_on_which_somebody_belonged(community):
    TariffFactory(community=community, monthly_share_minor=500)
    # The 10th in Berlin, so 21 of 30 days: 3.50; and until the 3rd: 0.50.
    driver_since(community, datetime(2026, 11, 9, 23, 30, tzinfo=UTC))
    driver_since(community, retired_at=datetime(2026, 11, 3, 12, tzinfo=UTC))
    driver_since(community, datetime(2026, 12, 1, 8, tzinfo=UTC))
    driver_since(community, retired_at=datetime(2026, 10, 31, 12, tzinfo=UTC))
    draft(community)
    assert amounts("monthly") == [50, 350]


def test_share_that_changes_within_the_month_counts_day_by_day(community):
    TariffFactory(community=community, monthly_share_minor=300)
    TariffFactory(
        community=community,
        name="Later",
        valid_from=datetime(2026, 11, 20, 23, 0, tzinfo=UTC),
        monthly_share_minor=600,
    )
    driver_since(community)
    draft(community)
    # 20 days of 0.10 and 10 days of 0.20.
    [line] = BillLine.objects.all()
    assert (line.amount_minor, [(part["days"], part["amount_minor"]) for part in line.parts]) == (
        400,
        [(20, 200), (10, 200)],
    )


def test_share_and_free_energy_are_those_of_the_group_while_its_tariff_is_assigned(community):
    """From the 11th on Ann's group has another tariff; Bo's flat is in it too, Cy is in none."""
    TariffFactory(community=community, monthly_share_minor=300, free_wh_per_month=30_000)
    staff = TariffFactory(community=community, name="Staff", is_standing=False, monthly_share_minor=1_200)
    flat = FlatFactory(community=community)
    ann, bo, cy = driver_since(community), driver_since(community, flat=flat), driver_since(community)
    group = DriverGroupFactory(community=community)
    group.drivers.add(ann)
    group.flats.add(flat)
    begins_at = datetime(2026, 11, 10, 23, 0, tzinfo=UTC)
    TariffAssignmentFactory(tariff=staff, driver_group=group, begins_at=begins_at)
    draft(community)
    shares = dict(BillLine.objects.filter(kind="monthly").values_list("driver", "amount_minor"))
    # 10 days of 0.10 and 20 of 0.40.
    assert shares == {ann.pk: 900, bo.pk: 900, cy.pk: 300}
    ann.refresh_from_db()
    cy.refresh_from_db()
    assert free_left_wh(ann, now=datetime(2026, 11, 20, tzinfo=UTC)) is None
    assert free_left_wh(cy, now=datetime(2026, 11, 20, tzinfo=UTC)) == 30_000


def test_share_of_a_place_is_nobodys_own(community):
    TariffFactory(community=community, monthly_share_minor=300)
    dear = TariffFactory(community=community, name="Garage", is_standing=False, monthly_share_minor=9_900)
    cluster = ClusterFactory(community=community)
    TariffAssignmentFactory(tariff=dear, cluster=cluster, begins_at=datetime(2026, 10, 1, tzinfo=UTC))
    driver_since(community)
    draft(community)
    assert amounts("monthly") == [300]


def test_month_of_many_drivers_asks_for_tariffs_once(community, django_assert_max_num_queries):
    TariffFactory(community=community, monthly_share_minor=300, free_wh_per_month=1_000)
    for _ in range(20):
        driver_since(community)
    with django_assert_max_num_queries(20):
        write_monthly(community, month=NOVEMBER)


def test_share_is_written_once_and_billed_again_after_a_cancellation(community):
    TariffFactory(community=community, monthly_share_minor=500)
    driver_since(community)
    draft(community)
    [first] = issue(community)
    draft(community)
    assert list(Statement.objects.values_list("state", flat=True)) == ["issued"]
    cancel_statement(first, reason="Wrong address", actor=SYSTEM, now=NOW)
    draft(community)
    assert Statement.objects.get(state="draft").total_minor == 500
    assert amounts("monthly") == [500]


def test_cheapest_energy_is_free_first(community):
    TariffFactory(community=community, free_wh_per_month=9_000)
    driver = driver_since(community)
    parts = [
        {"start": "a", "energy_wh": 4_000, "price_per_mwh_minor": 40_000},
        {"start": "b", "energy_wh": 6_000, "price_per_mwh_minor": 20_000},
    ]
    BillLineFactory(driver=driver, amount_minor=280, parts=parts)
    # 6 kWh at 0.20 and 3 kWh at 0.40.
    [statement] = issue(community)
    assert (amounts("allowance"), statement.total_minor, statement.energy_wh) == ([-240], 40, 10_000)
    [charges] = [each["charges"] for each in statement.document["lines"] if each["kind"] == "allowance"]
    assert [(each["quantity"], each["price"], each["amount_minor"]) for each in charges] == [
        (-6_000, "0.2", -120),
        (-3_000, "0.4", -120),
    ]


def test_more_free_energy_than_was_charged_leaves_nothing_to_pay_and_no_credit(community):
    TariffFactory(community=community, free_wh_per_month=1_000_000)
    driver = driver_since(community)
    for amount_minor in (299, 301):
        BillLineFactory(driver=driver, amount_minor=amount_minor)
    [statement] = issue(community)
    assert statement.total_minor == 0


def test_free_energy_does_not_pay_for_fees_or_for_months_before(community):
    TariffFactory(community=community, free_wh_per_month=1_000_000)
    driver = driver_since(community)
    parts = [
        {
            "kind": "ENERGY",
            "energy_wh": 10_000,
            "price_per_mwh_minor": 30_000,
            "amount_minor": 300,
            "vat": "19",
        },
        {"kind": "FLAT", "price": "0.5", "amount_minor": 50, "vat": "19"},
    ]
    BillLineFactory(driver=driver, amount_minor=350, parts=parts)
    BillLineFactory(driver=driver, started_at=datetime(2026, 10, 10, 18, tzinfo=UTC))
    [statement] = issue(community)
    assert statement.total_minor == 50 + 300
    line = BillLine.objects.get(kind="allowance")
    assert (line.amount_minor, line.parts[0]["vat"]) == (-300, "19")


def test_free_energy_is_of_the_days_on_which_somebody_belonged(community):
    TariffFactory(community=community, free_wh_per_month=10_000)
    driver = driver_since(community, datetime(2026, 11, 16, 9, tzinfo=UTC))
    BillLineFactory(driver=driver, started_at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    draft(community)
    # 15 of 30 days: 5 kWh at 0.30.
    assert amounts("allowance") == [-150]


def test_draft_again_values_the_energy_as_it_is_known_then(community):
    TariffFactory(community=community, free_wh_per_month=20_000)
    driver = driver_since(community)
    line = BillLineFactory(driver=driver)
    draft(community)
    assert amounts("allowance") == [-300]
    parts = [{"start": "a", "energy_wh": 12_000, "price_per_mwh_minor": 30_000}]
    correction = {
        "session": line.session,
        "kind": LineKind.ADJUSTMENT,
        "energy_wh": 2_000,
        "amount_minor": 60,
    }
    BillLineFactory(driver=driver, parts=parts, **correction)
    draft(community)
    assert amounts("allowance") == [-360]
    assert Statement.objects.get().total_minor == 0


def test_what_is_left_of_free_energy_counts_bills_and_what_runs(community):
    TariffFactory(community=community, free_wh_per_month=30_000)
    driver = driver_since(community)
    driver.refresh_from_db()
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert free_left_wh(driver, now=now) == 30_000
    line = BillLineFactory(driver=driver)
    assert free_left_wh(driver, now=now) == 20_000
    SessionFactory(
        connector=line.session.connector, driver=driver, plugged_at=now, started_at=now, energy_wh=4_000
    )
    assert free_left_wh(driver, now=now) == 16_000
    BillLineFactory(driver=driver, energy_wh=90_000)
    assert free_left_wh(driver, now=now) == 0
    # The next month begins with all of it, but for what still runs.
    assert free_left_wh(driver, now=datetime(2026, 12, 2, 12, tzinfo=UTC)) == 26_000


def test_nothing_is_left_to_tell_where_nothing_is_free(community):
    TariffFactory(community=community)
    assert free_left_wh(driver_since(community), now=NOW) is None


def test_months_without_shares_ask_once(community, django_assert_num_queries):
    TariffFactory(community=community)
    with django_assert_num_queries(1):
        write_monthly(community, month=NOVEMBER)


pieces = st.builds(
    _Piece,
    st.fractions(min_value=0, max_value=1, max_denominator=1_000),
    st.sampled_from("abc"),
    st.integers(1, 50_000),
    st.none(),
)


@pytest.mark.property
@examples(100)
@given(st.lists(pieces, max_size=6), st.integers(0, 200_000))
def test_what_is_free_is_no_more_than_was_charged_and_nothing_cheaper_is_left(found, free_wh):
    taken = _cheapest(found, free_wh)
    assert sum(each.energy_wh for each in taken) == min(free_wh, sum(each.energy_wh for each in found))
    dearest = max((each.each for each in taken), default=0)
    left_wh = sum(each.energy_wh for each in found if each.each < dearest)
    assert sum(each.energy_wh for each in taken if each.each < dearest) == left_wh
