"""The demand charge of a connection on statements."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chargers.models import MeterValue
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Circuit, DemandInterval
from pricing.domain.statements.demand import charge_of_month, share_charge
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.domain.waivers import waive_fee
from pricing.enums import DemandSharing
from pricing.models import BillLine, DemandCharge, LoadProfile, Statement
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)
# 18:30 in New York.
PEAK = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def cluster():
    connector = ConnectorFactory(
        circuit__cluster__name="Garage",
        circuit__cluster__community__time_zone="America/New_York",
        circuit__cluster__community__currency="USD",
    )
    return connector.charge_point.cluster


def charge_of(cluster, sharing=DemandSharing.PEAK, **changes):
    values = {"first_day": NOVEMBER, "per_kw_minor": 1_850} | changes
    return DemandCharge.objects.create(
        community=cluster.community, cluster=cluster, sharing=sharing, **values
    )


def count_peak(cluster, watts, begin=PEAK):
    root = Circuit.objects.get(cluster=cluster, parent=None)
    DemandInterval.objects.create(
        community=cluster.community, circuit=root, begin=begin, length_s=900, target_w=0, used_ws=watts * 900,
        load_w=watts, counted_until=begin + QUARTER, finished=True,
    )  # fmt: skip


def charged(cluster, name, quarters_w, *, begin=PEAK, is_metered=True, **changes):
    """A session of somebody with this mean power in each quarter from `begin` on."""
    driver = DriverFactory(community=cluster.community, name=name)
    energies_wh = [watts // 4 for watts in quarters_w]
    times = {"started_at": begin, "ended_at": begin + len(quarters_w) * QUARTER} | changes
    line = BillLineFactory(driver=driver, currency="USD", energy_wh=sum(energies_wh), amount_minor=0, **times)
    LoadProfile.objects.create(
        community=cluster.community, session=line.session, cluster=cluster, begins_at=begin,
        ended_at=times["ended_at"], energies_wh=energies_wh, at_once_from=begin, at_once_w=11_000,
    )  # fmt: skip
    if is_metered:
        at = begin + timedelta(minutes=5)
        row = MeterValue(
            session=line.session, connector=line.session.connector, measured_at=at, energy_wh=100_100
        )
        row.received_at, row.community_id = at, line.community_id
        row.save()
    return driver


@pytest.fixture
def evening(cluster):
    """62.4 kW at the peak: Ann 11, Bo 7.2, Cy 3.68. The month has 4.55 + 1.8 + 0.92 + 7.2 kWh."""
    count_peak(cluster, 62_400)
    ann = charged(cluster, "Ann", [11_000, 7_200])
    bo = charged(cluster, "Bo", [7_200])
    cy = charged(cluster, "Cy", [3_680])
    dee = charged(cluster, "Dee", [7_200] * 4, begin=PEAK - timedelta(days=3))
    return {"Ann": ann, "Bo": bo, "Cy": cy, "Dee": dee}


def draft(cluster):
    return draft_month(cluster.community, month=NOVEMBER, actor=SYSTEM, now=NOW)


def issue(cluster):
    row = draft(cluster)
    review_month(row, actor=SYSTEM, now=NOW)
    return issue_month(row, actor=SYSTEM, now=NOW)


def amounts():
    rows = BillLine.objects.filter(kind="demand").order_by("driver__name")
    return list(rows.values_list("driver__name", "amount_minor"))


def test_golden_month_by_part_in_the_highest_quarter(cluster, evening):
    charge_of(cluster)
    statements = {each.driver.name: each for each in issue(cluster)}
    # 62.4 kW at 18.50 are 1,154.40: see tests/pricing/rating/test_demand.py.
    assert amounts() == [("Ann", 20_350), ("Bo", 13_320), ("Cy", 6_808)]
    assert statements["Dee"].total_minor == 0
    [line] = [each for each in statements["Ann"].document["lines"] if each["kind"] == "demand"]
    assert (line["started_at"], line["place"]) == ("2026-11-10T18:30-05:00", "Garage")
    assert line["charges"] == [
        {"kind": "DEMAND", "unit": "W", "quantity": 11_000, "price": "18.5", "tax_bp": 0, "amount_minor": 20_350}
    ]  # fmt: skip
    assert {name: line["demand"][name] for name in ("peak_w", "cars_w", "charge_minor", "is_counted")} == {
        "peak_w": 62_400,
        "cars_w": 21_880,
        "charge_minor": 115_440,
        "is_counted": True,
    }


def test_golden_month_by_energy(cluster, evening):
    charge_of(cluster, DemandSharing.ENERGY)
    draft(cluster)
    # The cars' 404.78, by 4.55, 1.8, 0.92 and 7.2 of 14.47 kWh.
    assert amounts() == [("Ann", 12_728), ("Bo", 5_035), ("Cy", 2_574), ("Dee", 20_141)]
    part = BillLine.objects.get(driver__name="Dee", kind="demand").parts[0]
    assert (part["shared_wh"], part["all_wh"], part["cars_minor"]) == (7_200, 14_470, 40_478)


def test_nobody_pays_where_the_community_keeps_it(cluster, evening):
    charge_of(cluster, DemandSharing.NOBODY)
    draft(cluster)
    assert amounts() == []


def test_kept_part_and_shares_are_the_charge_and_the_trail_has_them(cluster, evening):
    charge_of(cluster)
    draft(cluster)
    trail = AuditEntry.objects.get(action="demand_charge.shared").after
    assert (trail["charge_minor"], trail["kept_minor"], trail["drivers"]) == (115_440, 74_962, 3)
    assert sum(minor for _, minor in amounts()) + trail["kept_minor"] == trail["charge_minor"]


def test_cars_of_nobody_known_are_the_communitys(cluster, evening):
    line = BillLine.objects.get(driver__name="Bo")
    line.session.driver = None
    line.session.save()
    sharing = share_charge(charge_of(cluster), month=NOVEMBER, now=NOW)
    assert sharing.kept_minor == 74_962 + 13_320
    draft(cluster)
    assert amounts() == [("Ann", 20_350), ("Cy", 6_808)]


def test_month_without_a_peak_shares_nothing(cluster):
    charge = charge_of(cluster)
    assert share_charge(charge, month=NOVEMBER, now=NOW) is None
    draft(cluster)
    assert amounts() == []


def test_car_that_came_within_the_quarter_pays_for_its_mean_and_is_marked(cluster):
    count_peak(cluster, 40_000)
    # 11 kW from the middle on are a mean of 5.5.
    charged(cluster, "Eve", [5_500, 11_000], started_at=PEAK + timedelta(minutes=7, seconds=30))
    charge_of(cluster)
    draft(cluster)
    [line] = BillLine.objects.filter(kind="demand")
    assert (line.amount_minor, line.parts[0]["is_partial"], line.parts[0]["is_estimated"]) == (
        10_175,
        True,
        False,
    )


def test_what_was_not_measured_is_marked(cluster):
    charged(cluster, "Eve", [6_000] * 2, is_metered=False)
    sharing = share_charge(charge_of(cluster), month=NOVEMBER, now=NOW)
    [part] = sharing.parts.values()
    assert (part.is_estimated, part.is_partial, sharing.is_counted) == (True, False, False)


def test_session_that_still_runs_is_named(cluster, evening):
    line = BillLine.objects.get(driver__name="Bo")
    LoadProfile.objects.filter(session=line.session).delete()
    sharing = share_charge(charge_of(cluster), month=NOVEMBER, now=NOW)
    assert (sharing.unmeasured, len(sharing.parts)) == (1, 3)


def test_draft_again_shares_again_and_what_was_issued_stands(cluster, evening):
    charge_of(cluster)
    draft(cluster)
    LoadProfile.objects.filter(session__driver__name="Cy").delete()
    draft(cluster)
    assert amounts() == [("Ann", 20_350), ("Bo", 13_320)]
    issue(cluster)
    LoadProfile.objects.filter(session__driver__name="Bo").delete()
    draft(cluster)
    assert amounts() == [("Ann", 20_350), ("Bo", 13_320)]
    assert not Statement.objects.exclude(state="issued").exists()


def test_waived_part_stays_waived(cluster, evening):
    charge_of(cluster)
    draft(cluster)
    waive_fee(BillLine.objects.get(driver__name="Ann", kind="demand"), reason="Fair", actor=SYSTEM, now=NOW)
    draft(cluster)
    assert amounts() == [("Ann", 20_350), ("Bo", 13_320), ("Cy", 6_808)]
    totals = dict(Statement.objects.values_list("driver__name", "total_minor"))
    assert (totals["Ann"], totals["Bo"]) == (0, 13_320)


def test_later_charge_replaces_the_one_before_from_its_month_on(cluster):
    charge_of(cluster, first_day=date(2026, 9, 1), per_kw_minor=1_000)
    charge_of(cluster, first_day=date(2026, 11, 1), per_kw_minor=2_000)
    charge_of(cluster, first_day=date(2027, 1, 1), per_kw_minor=3_000)
    assert charge_of_month(cluster, month=date(2026, 10, 31)).per_kw_minor == 1_000
    assert charge_of_month(cluster, month=date(2026, 12, 31)).per_kw_minor == 2_000
    assert charge_of_month(cluster, month=date(2026, 8, 31)) is None
