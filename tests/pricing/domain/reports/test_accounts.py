"""A cluster's month, by hand."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from pricing.domain.billing import bill_session
from pricing.domain.papers.accounts import figures_in, notes_on
from pricing.domain.reports.accounts import Day, read_account
from pricing.domain.reports.profiles import measure_profiles
from pricing.models import BillLine, DemandCharge, LoadProfile, TaxRate
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import EnergySignalFactory, TariffFactory
from tests.pricing.domain.reports.test_profiles import EVENING, MIDNIGHT, WAITED, a_night
from tests.pricing.domain.test_curves import say

pytestmark = pytest.mark.django_db
MORNING = EVENING + timedelta(hours=9)


@pytest.fixture
def cluster():
    return CircuitFactory(
        cluster__community__time_zone="Europe/Berlin",
        limit_l1_ma=50_000, limit_l2_ma=50_000, limit_l3_ma=50_000,
    ).cluster  # fmt: skip


@pytest.fixture
def night(cluster):
    """8 kWh at 30 cents, charged from midnight on at 2 kW, and by 19 % tax of which 38 cents are tax."""
    TariffFactory(community=cluster.community)
    TaxRate.objects.create(community=cluster.community, valid_from=date(2026, 1, 1), rate_bp=1_900)
    session = a_night(cluster, samples=WAITED)
    bill_session(session, now=MORNING)
    measure_profiles(now=MORNING)
    return session


def market(cluster, *per_mwh, begin):
    signal = EnergySignalFactory(community=cluster.community)
    say(SimpleNamespace(market=signal), *per_mwh, begin=begin, now=begin)


def test_margin_is_revenue_without_tax_less_what_its_energy_cost(cluster, night):
    market(cluster, *[50] * 20, begin=MIDNIGHT)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert (account.sessions, account.energy_wh, account.revenue_minor, account.tax_minor) == (
        1,
        8_000,
        240,
        38,
    )
    # 8 kWh at 5 cents, after midnight.
    assert (account.priced_wh, account.purchase_minor, account.margin_minor) == (8_000, 40, 240 - 38 - 40)
    assert account.days == (Day(date(2026, 3, 3), 8_000, 240, 40),)
    assert ("Margin", "1.62 €") in figures_in(account)


def test_margin_is_not_known_where_a_price_is_missing(cluster, night):
    market(cluster, *[50] * 8, begin=MIDNIGHT)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert (account.priced_wh, account.purchase_minor, account.margin_minor) == (4_000, 20, None)
    assert "No market price is stored for 4 kWh of 8 kWh, so the margin is not known." in notes_on(account)


def test_peak_at_once_is_that_of_the_evening(cluster, night):
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    # No building here: 2 kW at night as it was, 3.68 kW in the evening at once.
    assert (max(account.loads.actual_w), max(account.loads.at_once_w), account.loads.avoided_w) == (
        2_000,
        3_680,
        1_680,
    )


def charge_per_kw(cluster, per_kw_minor, first_day=date(2026, 3, 1)):
    return DemandCharge.objects.create(
        community=cluster.community, cluster=cluster, first_day=first_day, per_kw_minor=per_kw_minor
    )


def test_avoided_peak_is_worth_what_a_kilowatt_costs(cluster, night):
    charge_per_kw(cluster, 1_250)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    # 2 kW at 12.50 are 25.00; 3.68 kW would have been 46.00.
    assert (account.demand.charge_minor, account.demand.avoided_minor) == (2_500, 2_100)
    assert ("Demand charge avoided", "21.00 €") in figures_in(account)


def test_peak_has_no_worth_before_the_charge_begins(cluster, night):
    charge_per_kw(cluster, 1_250, first_day=date(2026, 4, 1))
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert account.demand is None


def beside(community, kind, amount_minor, **changes):
    return BillLine.objects.create(
        community=community, about_id=uuid4(), kind=kind, amount_minor=amount_minor, currency="EUR",
        started_at=MIDNIGHT, ended_at=MIDNIGHT, **changes,
    )  # fmt: skip


def test_shares_and_fees_without_a_session_are_revenue(cluster, night):
    beside(cluster.community, "monthly", 500)
    beside(cluster.community, "allowance", -100)
    beside(cluster.community, "no_show", 300, cluster=cluster)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert (account.sessions, account.revenue_minor, account.beside_minor) == (1, 240 + 700, 700)
    assert account.unmeasured == 0
    assert ("Of it shares and fees", "7.00 €") in figures_in(account)


def test_shares_of_a_community_with_two_clusters_are_in_neithers_revenue(cluster, night):
    other = CircuitFactory(cluster__community=cluster.community).cluster
    beside(cluster.community, "monthly", 500)
    beside(cluster.community, "no_show", 300, cluster=other)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert (account.revenue_minor, account.beside_minor, account.elsewhere_minor) == (240, 0, 500)
    assert any(note.startswith("5.00 € of shares and free energy") for note in notes_on(account))
    assert read_account(other, month=date(2026, 3, 1), now=MORNING).revenue_minor == 300


def test_margin_is_without_what_drivers_paid_of_the_demand_charge(cluster, night):
    market(cluster, *[50] * 20, begin=MIDNIGHT)
    beside(cluster.community, "demand", 1_190, cluster=cluster)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    # 2.40 and 11.90 have 2.28 of tax at 19 %; 10.00 of the charge are net.
    assert (account.passed_on_minor, account.tax_minor, account.margin_minor) == (
        1_000,
        228,
        1_430 - 228 - 1_000 - 40,
    )


def test_peak_at_once_is_not_above_the_connection(cluster, night):
    cluster.circuits.update(limit_l1_ma=4_000, limit_l2_ma=4_000, limit_l3_ma=4_000)
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert max(account.loads.at_once_w) == 2_760
    assert any("more than the connection's" in note for note in notes_on(account))


def test_session_counts_in_the_month_in_which_it_ended(cluster, night):
    assert read_account(cluster, month=date(2026, 2, 1), now=MORNING).sessions == 0
    february = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert read_account(cluster, month=date(2026, 2, 1), now=MORNING).until == february


def test_session_without_a_profile_is_said(cluster, night):
    LoadProfile.objects.all().delete()
    account = read_account(cluster, month=date(2026, 3, 1), now=MORNING)
    assert (account.unmeasured, account.margin_minor) == (1, None)
    assert "1 sessions have no load profile, and count in revenue alone." in notes_on(account)
