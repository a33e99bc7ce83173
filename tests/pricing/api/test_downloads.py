"""Statements as files, for those whom they are about, and for nobody else."""

import io
from datetime import UTC, datetime

import openpyxl
import pytest
import time_machine

from pricing.models import BillingMonth, Statement
from tests.asserts.http import client_of
from tests.factories.drivers import DriverFactory, FlatFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
FORMS = ("pdf", "xlsx", "csv")


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def draft(manager):
    body = {"month": "2026-11-05"}
    return f"/pricing/months/{manager.post('/pricing/months', body, format='json').json()['id']}"


def issue(manager):
    page = draft(manager)
    manager.post(f"{page}/review")
    manager.post(f"{page}/issue")
    return page


def test_driver_downloads_own_statement_in_each_form(manager, community):
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver)
    issue(manager)
    statement = Statement.objects.get()
    own = client_of(driver.user)
    answers = {form: own.get(f"/pricing/statements/{statement.pk}/{form}") for form in FORMS}
    assert {form: answer.status_code for form, answer in answers.items()} == dict.fromkeys(FORMS, 200)
    assert answers["pdf"].content[:5] == b"%PDF-"
    page = openpyxl.load_workbook(io.BytesIO(answers["xlsx"].content)).active
    assert [cell.value for cell in page[2]][-6:] == [10, 10, "kWh", 0.3, 0, 3]
    assert answers["csv"].content.decode().splitlines()[1].startswith("2026-11-10T19:00+01:00")
    assert answers["pdf"]["Content-Disposition"] == 'attachment; filename="2026-0001.pdf"'


@pytest.mark.parametrize("form", FORMS)
def test_statement_of_somebody_else_and_a_draft_do_not_exist(manager, community, form):
    driver, neighbour = (DriverFactory(community=community) for _ in range(2))
    BillLineFactory(driver=driver)
    draft(manager)
    page = f"/pricing/statements/{Statement.objects.get().pk}/{form}"
    assert client_of(driver.user).get(page).status_code == 404
    assert manager.get(page).status_code == 200
    issue(manager)
    page = f"/pricing/statements/{Statement.objects.get().pk}/{form}"
    others = [neighbour.user, manager_of(CommunityFactory()), None]
    assert [client_of(user).get(page).status_code for user in others] == [404, 404, 401]


def test_landlord_downloads_the_sums_of_flats_and_drivers_do_not(manager, community):
    flat = FlatFactory(community=community, name="Flat 3")
    driver = DriverFactory(community=community, flat=flat)
    BillLineFactory(driver=driver)
    page = issue(manager)
    book = openpyxl.load_workbook(io.BytesIO(manager.get(f"{page}/flats").content))
    assert book.sheetnames == ["Flats", "Meters"]
    assert book["Flats"]["A2"].value == "Flat 3"
    assert client_of(driver.user).get(f"{page}/flats").status_code == 403
    assert client_of(manager_of(CommunityFactory())).get(f"{page}/flats").status_code == 404
    assert BillingMonth.objects.count() == 1


def test_proof_is_of_own_cars_alone(manager, community):
    driver, neighbour = (DriverFactory(community=community) for _ in range(2))
    car = VehicleFactory(driver=driver, name="=Company car")
    line = BillLineFactory(driver=driver)
    line.session.vehicle = car
    line.session.save()
    issue(manager)
    book = openpyxl.load_workbook(io.BytesIO(client_of(driver.user).get(f"/pricing/proofs/{car.pk}").content))
    assert [row[6].value for row in book.active.iter_rows(min_row=2)] == [10]
    assert client_of(neighbour.user).get(f"/pricing/proofs/{car.pk}").status_code == 404
