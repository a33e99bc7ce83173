import pytest

from drivers.enums import Role
from grid.models import AuditEntry
from scheduling.models import AimSeason
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, MembershipFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster():
    return CircuitFactory().cluster


@pytest.fixture
def manager(cluster):
    return client_of(MembershipFactory(community=cluster.community, role=Role.MANAGER).user)


def url(cluster):
    return f"/grid/cluster/{cluster.pk}/aims"


def test_manager_chooses_an_aim_for_always(cluster, manager):
    answer = manager.put(url(cluster), {"seasons": [{"aim": "price"}], "reason": "Cheaper"}, format="json")
    assert answer.status_code == 200
    assert answer.json() == manager.get(url(cluster)).json() == {
        "aim_now": "price",
        "seasons": [{"aim": "price", "first_month": 1, "last_month": 12}],
        "measured_at": None,
        "days": 0,
        "cars": 0,
        "currency": "EUR",
        "outcomes": [],
    }  # fmt: skip
    assert AuditEntry.objects.get(action="aims.chosen").reason == "Cheaper"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"seasons": [{"aim": "profit"}], "reason": "x"}, "seasons"),
        ({"seasons": [{"aim": "price"}, {"aim": "peak"}], "reason": "x"}, "seasons"),
        ({"seasons": [{"aim": "price", "first_month": 13}], "reason": "x"}, "seasons"),
        ({"seasons": []}, "reason"),
    ],
)
def test_choice_that_can_not_be_is_refused_and_changes_nothing(cluster, manager, body, field):
    assert field in assert_problem(manager.put(url(cluster), body, format="json"), 400, "invalid")["errors"]
    assert not AimSeason.objects.exists()


def test_aims_are_for_managers_of_the_community(cluster):
    driver = client_of(DriverFactory(community=cluster.community).user)
    assert driver.get(url(cluster)).status_code == 403
    stranger = client_of(MembershipFactory(role=Role.MANAGER).user)
    assert_problem(stranger.get(url(cluster)), 404, "not_found")
