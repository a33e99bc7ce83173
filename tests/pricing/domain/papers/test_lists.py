"""Tables for people who keep books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from chargers.models import Connector, MeterValue
from grid.domain.audit import SYSTEM
from pricing.domain.papers.lists import landlord_sheets, proof_sheet, statement_sheet
from pricing.domain.statements.months import draft_month, issue_month, review_month
from tests.asserts.statements import a_document
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


def issue(community):
    row = draft_month(community, month=date(2026, 11, 1), actor=SYSTEM, now=NOW)
    review_month(row, actor=SYSTEM, now=NOW)
    return row, issue_month(row, actor=SYSTEM, now=NOW)


def test_statement_sheet_has_its_lines_on_the_communitys_clock():
    sheet = statement_sheet(a_document())
    assert sheet.rows == [
        [
            "2026-11-10T19:00+01:00", "2026-11-10T21:00+01:00", "A-01 1", "Blue one", "", "Energy", "",
            Decimal("100.000"), Decimal("110.000"), Decimal("10.000"), Decimal("10.000"), "kWh", Decimal("0.30"),
            Decimal(19), Decimal("3.00"),
        ]
    ]  # fmt: skip


def test_statement_sheet_has_a_row_for_each_charge_and_the_energy_once():
    document = a_document()
    document["lines"][0]["charges"] += [
        {"kind": "PARKING_TIME", "unit": "s", "quantity": 5_400, "price": "2", "tax_bp": 700, "amount_minor": 300},
        {"kind": "FLAT", "unit": "times", "quantity": 1, "price": "0.5", "tax_bp": 1900, "amount_minor": 50},
    ]  # fmt: skip
    rows = [(row[5], *row[9:]) for row in statement_sheet(document).rows]
    assert rows == [
        (
            "Energy",
            Decimal("10.000"),
            Decimal("10.000"),
            "kWh",
            Decimal("0.30"),
            Decimal(19),
            Decimal("3.00"),
        ),
        ("Parking", Decimal("0.000"), Decimal("1.5000"), "h", Decimal("2.00"), Decimal(7), Decimal("3.00")),
        ("Per session", Decimal("0.000"), 1, "", Decimal("0.50"), Decimal(19), Decimal("0.50")),
    ]


def test_landlords_sheet_sums_each_flat_and_all(community):
    flat = FlatFactory(community=community, name="Flat 3")
    for name, amount_minor, home in (("Ada", 300, flat), ("Bo", 200, flat), ("Cy", 50, None)):
        driver = DriverFactory(community=community, name=name, flat=home)
        BillLineFactory(driver=driver, amount_minor=amount_minor)
    month, _ = issue(community)
    sums, _ = landlord_sheets(month)
    told = [(row[0], row[1], row[2], row[3], row[4]) for row in sums.rows]
    assert told == [
        ("Flat 3", "2026-0001", "Ada", Decimal("10.000"), Decimal("3.00")),
        ("Flat 3", "2026-0002", "Bo", Decimal("10.000"), Decimal("2.00")),
        ("", "2026-0003", "Cy", Decimal("10.000"), Decimal("0.50")),
        ("Flat 3", "Sum", "", Decimal("20.000"), Decimal("5.00")),
        ("All", "Sum", "", Decimal("30.000"), Decimal("5.50")),
    ]


def test_meters_are_read_at_both_ends_of_the_local_month(community):
    BillLineFactory(driver=DriverFactory(community=community))
    connector = Connector.objects.get()
    # Before the month, in it, and one second after its end in Berlin.
    end = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    for at, energy_wh in ((end - timedelta(days=30, minutes=5), 90_000), (end, 110_000),
                          (end + timedelta(seconds=1), 999_000)):  # fmt: skip
        MeterValue.objects.create(
            community=community, connector=connector, received_at=at, measured_at=at, energy_wh=energy_wh
        )
    month, _ = issue(community)
    _, meters = landlord_sheets(month)
    assert meters.rows == [
        [str(connector), "2026-10-31T23:55+01:00", Decimal(90), "2026-12-01T00:00+01:00", Decimal(110)]
    ]


def test_proof_has_the_lines_of_one_car_alone(community):
    driver = DriverFactory(community=community)
    car = VehicleFactory(driver=driver, name="Company car")
    mine = BillLineFactory(driver=driver, amount_minor=310)
    mine.session.vehicle = car
    mine.session.save()
    BillLineFactory(driver=driver)
    _, statements = issue(community)
    sheet = proof_sheet(statements, car=car)
    [row] = sheet.rows
    assert row[:2] == ["2026-0001", "2026-11-10T19:00+01:00"]
    assert row[4:] == [
        Decimal("100.000"), Decimal("110.000"), Decimal("10.000"), Decimal("0.3100"), Decimal("3.10"), "EUR",
    ]  # fmt: skip
