"""Days that records stay, by the API: the manager's own communities, within the bounds of the columns, and in the trail."""

import pytest

from grid.models import AuditEntry, Community
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    return CommunityFactory()


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


def test_managers_see_the_days_of_their_communities(manager, community):
    CommunityFactory()
    assert manager.get("/grid/retention").json()["results"] == [
        {
            "id": str(community.pk), "name": community.name,
            "meter_values_days": 30, "means_days": 730, "runs_days": 7, "log_days": 30,
        }
    ]  # fmt: skip


def test_days_are_changed_and_audited(manager, community):
    answer = manager.patch(
        f"/grid/retention/{community.pk}", {"log_days": 60, "reason": "A dispute"}, format="json"
    )
    assert (answer.status_code, answer.json()["log_days"], answer.json()["runs_days"]) == (200, 60, 7)
    community.refresh_from_db()
    assert community.log_days == 60
    entry = AuditEntry.objects.get(action="community.changed")
    assert (entry.before, entry.after, entry.reason) == ({"log_days": 30}, {"log_days": 60}, "A dispute")


@pytest.mark.parametrize(
    "days", [{"log_days": 1}, {"log_days": 366}, {"means_days": 59}, {"runs_days": "x"}, {"audit_days": 3}]
)
def test_days_out_of_bounds_are_refused(manager, community, days):
    assert_problem(manager.patch(f"/grid/retention/{community.pk}", days, format="json"), 400, "invalid")
    assert not AuditEntry.objects.exists()


def test_days_of_others_are_not_there_and_drivers_have_none(manager, community):
    other = CommunityFactory()
    assert manager.patch(f"/grid/retention/{other.pk}", {"log_days": 60}, format="json").status_code == 404
    driver = client_of(DriverFactory(community=community).user)
    address = f"/grid/retention/{community.pk}"
    assert driver.patch(address, {"log_days": 60}, format="json").status_code == 403
    assert set(Community.objects.values_list("log_days", flat=True)) == {30}
