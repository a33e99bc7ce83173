"""Statements by API: a manager bills a month, and each driver sees their own."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pricing.models import DebitRun, Statement
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, FlatFactory, manager_of
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def issue(manager):
    drafted = manager.post("/pricing/months", {"month": "2026-11-05"}, format="json")
    assert drafted.status_code == 201, drafted.content
    page = f"/pricing/months/{drafted.json()['id']}"
    assert manager.post(f"{page}/review").status_code == 200
    return manager.post(f"{page}/issue")


def test_manager_drafts_reviews_and_issues_a_month(manager, community):
    BillLineFactory(driver=DriverFactory(community=community))
    assert issue(manager).json()["totals"] == [
        {"state": "issued", "currency": "EUR", "count": 1, "energy_wh": 10_000, "total_minor": 300}
    ]


def test_driver_sees_own_issued_statements_and_no_draft(manager, community):
    driver, other = (DriverFactory(community=community) for _ in range(2))
    for each in (driver, other):
        BillLineFactory(driver=each)
    manager.post("/pricing/months", {"month": "2026-11-05"}, format="json")
    client = client_of(driver.user)
    assert client.get("/pricing/statements").json()["results"] == []
    issue(manager)
    [statement] = client.get("/pricing/statements").json()["results"]
    assert (statement["driver_id"], statement["total_minor"]) == (str(driver.pk), 300)
    whole = client.get(f"/pricing/statements/{statement['id']}").json()
    assert whole["document"]["lines"][0]["energy_wh"] == 10_000
    foreign = Statement.objects.get(driver=other)
    assert_problem(client.get(f"/pricing/statements/{foreign.pk}"), 404, "not_found")
    assert client.get("/pricing/months").status_code == 403


def test_statement_of_a_flat_is_seen_by_those_who_charged_on_it_and_not_by_the_next_tenant(
    manager, community
):
    flat = FlatFactory(community=community, billed_together=True)
    charged = DriverFactory(community=community, flat=flat)
    BillLineFactory(driver=charged)
    issue(manager)
    newcomer = DriverFactory(community=community, flat=flat)
    counts = [client_of(each.user).get("/pricing/statements").json()["count"] for each in (charged, newcomer)]
    assert counts == [1, 0]


def test_running_month_and_an_unreviewed_one_are_refused(manager, community):
    body = assert_problem(
        manager.post("/pricing/months", {"month": "2026-12-01"}, format="json"), 409, "month_not_over"
    )
    assert "has not ended yet" in body["detail"]
    BillLineFactory(driver=DriverFactory(community=community))
    month = manager.post("/pricing/months", {"month": "2026-11-05"}, format="json").json()["id"]
    assert_problem(manager.post(f"/pricing/months/{month}/issue"), 409, "not_reviewed")


def test_credit_note_by_amount_and_for_all_of_it(manager, community):
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver)
    issue(manager)
    page = f"/pricing/statements/{Statement.objects.get().pk}/credit"
    part = manager.post(page, {"reason": "Goodwill", "amount_minor": 100}, format="json")
    assert (part.status_code, part.json()["total_minor"]) == (201, -100)
    assert_problem(manager.post(page, {"reason": "All"}, format="json"), 409, "nothing_to_credit")
    assert_problem(manager.post(page, {"reason": "x", "amount_minor": 201}, format="json"), 400, "invalid")
    own = client_of(driver.user)
    assert own.post(page, {"reason": "x"}, format="json").status_code == 403
    assert own.get("/pricing/statements").json()["count"] == 2


def test_month_of_another_community_does_not_exist(manager):
    stranger = client_of(manager_of(CommunityFactory()))
    month = manager.post("/pricing/months", {"month": "2026-11-05"}, format="json").json()["id"]
    assert_problem(stranger.post(f"/pricing/months/{month}/issue"), 404, "not_found")


def test_manager_marks_as_paid_and_the_driver_sees_what_is_open(manager, community):
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver)
    issue(manager)
    page = f"/pricing/statements/{Statement.objects.get().pk}"
    body = {"amount_minor": 120, "paid_on": "2026-12-01", "note": "cash"}
    assert manager.post(f"{page}/payments", body, format="json").status_code == 201
    own = client_of(driver.user)
    assert own.get(page).json()["open_minor"] == 180
    assert own.post(f"{page}/payments", body, format="json").status_code == 403
    problem = assert_problem(
        manager.post(f"{page}/payments", body | {"amount_minor": 181}, format="json"), 400, "invalid"
    )
    assert "1.80 is open" in problem["errors"]["amount_minor"][0]


def test_list_with_what_is_open_asks_as_often_for_many_as_for_one(
    manager, community, django_assert_num_queries
):
    drivers = [DriverFactory(community=community) for _ in range(4)]
    for driver in drivers:
        BillLineFactory(driver=driver)
    issue(manager)
    first = Statement.objects.order_by("number").first()
    page = f"/pricing/statements/{first.pk}"
    paid = {"amount_minor": 120, "paid_on": "2026-12-01", "note": ""}
    assert manager.post(f"{page}/payments", paid, format="json").status_code == 201
    credit = manager.post(f"{page}/credit", {"reason": "Too much", "amount_minor": 50}, format="json")
    assert (credit.status_code, credit.json()["open_minor"]) == (201, 0)
    with CaptureQueriesContext(connection) as alone:
        assert len(manager.get("/pricing/statements?limit=1").json()["results"]) == 1
    with django_assert_num_queries(len(alone)):
        rows = manager.get("/pricing/statements?ordering=number").json()["results"]
    assert {row["label"]: row["open_minor"] for row in rows} == {
        "2026-0001": 130, "2026-0002": 300, "2026-0003": 300, "2026-0004": 300, "2026-0005": 0,
    }  # fmt: skip


def test_file_of_direct_debits_is_for_the_manager_alone(manager, community):
    driver = DriverFactory(community=community)
    run = DebitRun.objects.create(community=community, message="EVB-1", collect_on=NOW.date(), created_at=NOW)
    others = [driver.user, manager_of(CommunityFactory())]
    answers = [client_of(user).get(f"/pricing/debits/{run.pk}/file").status_code for user in others]
    assert answers == [403, 404]
