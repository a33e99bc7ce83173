"""What a meter signed, for the driver who was charged by it."""

from xml.etree.ElementTree import fromstring

import pytest
from django.utils import timezone

from chargers.models import SignedMeterValue
from tests.asserts.http import assert_problem, client_of
from tests.chargers.domain.metering.test_ocmf import KEBA, KEBA_KEY
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    connector = ConnectorFactory()
    driver = DriverFactory(community=connector.community)
    now = timezone.now()
    session = SessionFactory(connector=connector, driver=driver, plugged_at=now)
    SignedMeterValue.objects.create(
        community=session.community, session=session, received_at=now, data=KEBA, digest="x"
    )
    return session


def test_driver_downloads_what_the_meter_signed_and_reads_whether_it_is_genuine(session):
    own, manager = client_of(session.driver.user), client_of(manager_of(session.community))
    assert own.get(f"/drivers/sessions/{session.pk}").json()["has_signed_values"] is True
    [value] = own.get(f"/drivers/sessions/{session.pk}/signed-values").json()["results"]
    assert value["proof"] == "unknown_key"
    page = f"/chargers/connectors/{session.connector_id}/meter-key"
    body = {"registered_meter_key": KEBA_KEY}
    assert own.post(page, body, format="json").status_code == 404
    assert manager.post(page, body, format="json").json() == body
    [value] = own.get(f"/drivers/sessions/{session.pk}/signed-values").json()["results"]
    assert value["proof"] == "verified"
    answer = own.get(f"/drivers/sessions/{session.pk}/transparency")
    assert answer["Content-Type"] == "application/xml"
    assert fromstring(answer.content)[0][0].text == KEBA


def test_key_that_is_none_is_refused(session):
    page = f"/chargers/connectors/{session.connector_id}/meter-key"
    body = {"registered_meter_key": "zz"}
    manager = client_of(manager_of(session.community))
    problem = assert_problem(manager.post(page, body, format="json"), 400, "invalid")
    assert "no public key" in problem["errors"]["registered_meter_key"][0]


def test_signed_values_of_others_and_of_a_stay_without_any_do_not_exist(session):
    page = f"/drivers/sessions/{session.pk}/transparency"
    neighbour = DriverFactory(community=session.community).user
    for user in (neighbour, manager_of(CommunityFactory())):
        assert client_of(user).get(page).status_code == 404
    SignedMeterValue.objects.all().delete()
    assert client_of(session.driver.user).get(page).status_code == 404
