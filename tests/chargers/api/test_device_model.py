import pytest
from django.utils import timezone

from chargers.models import DeviceVariable
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge_point():
    found = ConnectorFactory().charge_point
    DeviceVariable.objects.bulk_create(
        DeviceVariable(
            community_id=found.community_id,
            charge_point=found,
            component="EVSE",
            evse_number=number,
            variable="Power",
            value=str(number),
            told_at=timezone.now(),
        )
        for number in (2, 1)
    )
    return found


def ask(user, charge_point, **query):
    return client_of(user).get(f"/chargers/charge-points/{charge_point.pk}/variables", query)


def test_manager_reads_the_device_model_page_by_page(charge_point, django_assert_max_num_queries):
    manager = manager_of(charge_point.community)
    with django_assert_max_num_queries(8):
        page = ask(manager, charge_point, limit=1).json()
    assert (page["count"], len(page["results"])) == (2, 1)
    first = page["results"][0]
    assert (first["component"], first["evse_number"], first["variable"], first["value"]) == (
        "EVSE",
        1,
        "Power",
        "1",
    )


def test_device_model_is_for_managers_of_the_community(charge_point):
    assert_problem(
        ask(DriverFactory(community=charge_point.community).user, charge_point), 403, "permission_denied"
    )
    other = manager_of(ConnectorFactory().community)
    assert_problem(ask(other, charge_point), 404, "not_found")
