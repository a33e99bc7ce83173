"""A cluster's month, for its managers alone."""

from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from drivers.enums import Role
from tests.asserts.http import client_of
from tests.factories.drivers import MembershipFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster():
    return CircuitFactory().cluster


def test_manager_reads_the_month_and_its_workbook(cluster):
    client = client_of(MembershipFactory(community=cluster.community, role=Role.MANAGER).user)
    body = client.get(f"/pricing/accounts/{cluster.pk}").json()
    assert (body["sessions"], body["revenue_minor"], body["margin_minor"]) == (0, 0, 0)
    assert (
        body["month"]
        == timezone.localdate(timezone=ZoneInfo(cluster.community.time_zone)).replace(day=1).isoformat()
    )
    told = client.get(f"/pricing/accounts/{cluster.pk}/xlsx").content
    assert load_workbook(BytesIO(told)).worksheets[0]["A1"].value == "What"


def test_month_ahead_is_refused_in_a_sentence(cluster):
    client = client_of(MembershipFactory(community=cluster.community, role=Role.MANAGER).user)
    refused = client.get(f"/pricing/accounts/{cluster.pk}?month=2099-01-01")
    assert (refused.status_code, "has begun" in refused.content.decode()) == (400, True)


@pytest.mark.parametrize("path", ["", "/xlsx"])
def test_month_of_others_does_not_exist(cluster, path):
    stranger = client_of(MembershipFactory(role=Role.MANAGER).user)
    assert stranger.get(f"/pricing/accounts/{cluster.pk}{path}").status_code == 404
    driver = client_of(MembershipFactory(community=cluster.community, role=Role.DRIVER).user)
    assert driver.get(f"/pricing/accounts/{cluster.pk}{path}").status_code in {403, 404}
