"""All that the paper says, as facts."""

from datetime import UTC, date, datetime

import pytest

from grid.domain.audit import SYSTEM
from pricing.domain.statements.credits import cancel_statement
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.enums import LineKind
from pricing.models import BillingDetails, LoadProfile
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin", name="Maple Court")


def issue(community):
    row = draft_month(community, month=date(2026, 11, 1), actor=SYSTEM, now=NOW)
    review_month(row, actor=SYSTEM, now=NOW)
    return issue_month(row, actor=SYSTEM, now=NOW)


def test_line_says_where_when_which_car_and_at_which_prices(community):
    driver = DriverFactory(community=community)
    line = BillLineFactory(
        driver=driver,
        parts=[
            {"energy_wh": 3_000, "price_per_mwh_minor": 40_000},
            {"energy_wh": 4_000, "price_per_mwh_minor": 20_000},
            {"energy_wh": 3_000, "price_per_mwh_minor": 40_000},
        ],
    )
    line.session.vehicle = VehicleFactory(driver=driver, name="Blue one")
    line.session.save()
    [statement] = issue(community)
    [said] = statement.document["lines"]
    assert (said["started_at"], said["ended_at"]) == ("2026-11-10T19:00+01:00", "2026-11-10T21:00+01:00")
    assert (said["car"], said["place"]) == ("Blue one", str(line.session.connector))
    assert (said["register_from_wh"], said["register_to_wh"]) == (100_000, 110_000)
    # 0.80 and 2.40 would be 3.20; the line says 3.00, shared as the prices are.
    assert [
        (each["kind"], each["quantity"], each["price"], each["amount_minor"]) for each in said["charges"]
    ] == [("ENERGY", 4_000, "0.2", 75), ("ENERGY", 6_000, "0.4", 225)]


def test_overstay_is_charged_by_the_time_that_others_waited(community):
    line = BillLineFactory(driver=DriverFactory(community=community))
    parts = [{"others_waited_s": 1_800, "price_per_hour_minor": 300}]
    BillLineFactory(
        driver=line.driver,
        session=line.session,
        kind=LineKind.OVERSTAY,
        energy_wh=0,
        amount_minor=150,
        parts=parts,
    )
    [statement] = issue(community)
    [charges] = [each["charges"] for each in statement.document["lines"] if each["kind"] == "overstay"]
    assert charges == [
        {"kind": "OVERSTAY", "unit": "s", "quantity": 1_800, "price": "3", "tax_bp": 0, "amount_minor": 150}
    ]


def test_correction_is_charged_by_what_it_changed(community):
    line = BillLineFactory(driver=DriverFactory(community=community))
    parts = [{"energy_wh": 12_000, "price_per_mwh_minor": 30_000}]
    BillLineFactory(
        driver=line.driver,
        session=line.session,
        kind=LineKind.ADJUSTMENT,
        energy_wh=2_000,
        amount_minor=60,
        parts=parts,
    )
    [statement] = issue(community)
    [charges] = [each["charges"] for each in statement.document["lines"] if each["kind"] == "adjustment"]
    assert charges == [
        {"kind": "ENERGY", "unit": "Wh", "quantity": 2_000, "price": "0.3", "tax_bp": 0, "amount_minor": 60}
    ]


def test_credit_note_takes_each_charge_back(community):
    BillLineFactory(driver=DriverFactory(community=community))
    [statement] = issue(community)
    note = cancel_statement(statement, reason="Wrong car", actor=SYSTEM, now=NOW)
    [line] = note.document["lines"]
    assert [(each["quantity"], each["amount_minor"]) for each in line["charges"]] == [(-10_000, -300)]


def test_statement_of_a_flat_names_its_holder_and_who_charged(community):
    flat = FlatFactory(community=community, billed_together=True, name="Flat 3", holder="Example GmbH")
    for name in ("Ada", "Bo"):
        BillLineFactory(driver=DriverFactory(community=community, flat=flat, name=name))
    [statement] = issue(community)
    document = statement.document
    assert document["recipient"] == {"name": "Example GmbH", "unit": "Flat 3", "address": ""}
    assert sorted(line["driver"] for line in document["lines"]) == ["Ada", "Bo"]


def test_issuer_is_the_community_until_it_says_who(community):
    BillLineFactory(driver=DriverFactory(community=community))
    [first] = issue(community)
    assert first.document["issuer"]["name"] == "Maple Court"
    BillingDetails.objects.filter(community=community).update(name="Maple e.V.", due_days=30)
    BillLineFactory(driver=DriverFactory(community=community))
    [second] = issue(community)
    assert (second.document["issuer"]["name"], second.document["due_on"]) == ("Maple e.V.", "2026-12-31")


def test_control_characters_of_a_name_do_not_reach_the_paper(community):
    driver = DriverFactory(community=community, name="Ada\u202e\u2028\u001bEvil")
    BillLineFactory(driver=driver)
    [statement] = issue(community)
    assert statement.document["recipient"]["name"] == "Ada\nEvil"


def compare(line, *, cost_minor, at_once_minor):
    LoadProfile.objects.create(
        community=line.community, session=line.session, cluster=line.session.connector.charge_point.cluster,
        begins_at=line.started_at, ended_at=line.ended_at, energies_wh=[line.energy_wh],
        at_once_from=line.started_at, at_once_w=3_680, cost_minor=cost_minor, at_once_minor=at_once_minor,
    )  # fmt: skip


def test_saving_is_summed_over_the_sessions_that_can_be_compared(community):
    driver = DriverFactory(community=community)
    compare(BillLineFactory(driver=driver), cost_minor=300, at_once_minor=420)
    compare(BillLineFactory(driver=driver), cost_minor=300, at_once_minor=280)
    compare(BillLineFactory(driver=driver), cost_minor=300, at_once_minor=None)
    BillLineFactory(driver=driver)
    [statement] = issue(community)
    assert statement.document["saving"] == {"saved_minor": 100, "compared": 2, "unknown": 2}


def test_saving_is_left_out_where_nothing_can_be_compared(community):
    BillLineFactory(driver=DriverFactory(community=community))
    [statement] = issue(community)
    assert statement.document["saving"] is None
