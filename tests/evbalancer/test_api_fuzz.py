"""Schemathesis over the whole schema: whatever it sends, the API refuses or answers, and never breaks."""

from itertools import count

import pytest
from hypothesis import HealthCheck
from rest_framework.test import APIClient

from drivers.enums import Role
from tests.evbalancer.api_world import a_world
from tests.examples import examples
from tests.factories.drivers import MembershipFactory

schemathesis = pytest.importorskip("schemathesis", reason="Needs schemathesis from the test extra")

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S7")]


def _schema():
    from drf_spectacular.generators import SchemaGenerator

    return schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))


SCHEMA = _schema()


@pytest.fixture
def world():
    ids, driver = a_world("OWN")
    MembershipFactory(user=driver.user, community=driver.community, role=Role.MANAGER)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(driver.user)
    return client, ids


turns = count()


@SCHEMA.parametrize()
@examples(10, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
def test_api_never_breaks(case, world):
    client, ids = world
    prefix = case.path.split("/{id}")[0]
    if "id" in (case.path_parameters or {}) and next(turns) % 4:
        case.path_parameters["id"] = str(ids.get(prefix, case.path_parameters["id"]))
    sent = case.as_transport_kwargs(base_url="http://testserver")
    address = sent["url"].removeprefix("http://testserver")
    query = sent.get("params") or {}
    body = {"data": sent["json"], "format": "json"} if "json" in sent else {}
    if "data" in sent and sent["data"] is not None:
        body = {"data": sent["data"], "content_type": "application/json"}
    headers = {
        name: value for name, value in dict(sent.get("headers") or {}).items() if name == "Idempotency-Key"
    }
    if case.method == "GET":
        response = client.get(address, query, headers=headers)
    else:
        response = client.generic(case.method, address, **_raw(client, body), headers=headers)
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"


def _raw(client, body):
    if "format" in body:
        data, content_type = client._encode_data(body["data"], format="json")
        return {"data": data, "content_type": content_type}
    return {"data": body.get("data", b""), "content_type": body.get("content_type", "application/json")}
