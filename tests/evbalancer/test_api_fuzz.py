"""Schemathesis over the whole schema: whatever it sends, the API refuses or answers, and never breaks."""

import re
from itertools import count

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck
from rest_framework.test import APIClient

from drivers.enums import Role
from tests.api_schema import describe_api
from tests.evbalancer.api_world import a_world
from tests.examples import examples
from tests.factories.drivers import MembershipFactory

schemathesis = pytest.importorskip("schemathesis", reason="Needs schemathesis from the test extra")

pytestmark = [pytest.mark.django_db, pytest.mark.sweep, pytest.mark.promise("S7")]


@pytest.fixture
def schema(request):
    # Schemathesis 4.32 reads and sets what pytest before 9.2 kept a node's name in.
    request.node._nodeid = request.node.nodeid
    return schemathesis.openapi.from_dict(describe_api())


@pytest.fixture
def schema_by_chance(schema):
    """Without the edges of every field of every command: tests/chargers/api/test_schema.py tries each command's own."""
    schema.config.phases.coverage.enabled = False
    return schema


@pytest.fixture
def world():
    ids, driver = a_world("OWN")
    MembershipFactory(user=driver.user, community=driver.community, role=Role.MANAGER)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(driver.user)
    return client, ids


turns = count()


def fuzz(paths, schema="schema", count=10):
    """A test of a part of the API: what is sent is made as it runs, and not in every worker as it collects."""

    @schemathesis.pytest.from_fixture(schema).include(path_regex=paths).parametrize()
    @examples(count, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
    def send_and_roll_back(case, world):
        cache.clear()
        # Each finds the whole world.
        with transaction.atomic():
            send(case, *world)
            transaction.set_rollback(True)

    return send_and_roll_back


PARTS = (
    drivers_first := "^/drivers(/[^j-z].*)?$",
    drivers_last := "^/drivers/[j-z]",
    grid_and_money := "^/(grid|pricing|analytics)",
    cars_accounts_and_alarms := "^/(alarms|fleet|auth)",
    commands := "^/chargers/{id}/command",
    chargers := "^/chargers(?!/{id}/command)",
)
test_drivers_to_invitations_never_break = fuzz(drivers_first)
test_drivers_from_notifications_never_break = fuzz(drivers_last)
test_grid_and_money_never_break = fuzz(grid_and_money)
test_cars_accounts_and_alarms_never_break = fuzz(cars_accounts_and_alarms)
test_commands_never_break = fuzz(commands, "schema_by_chance", 60)
test_chargers_never_break = fuzz(chargers)


def test_every_operation_is_in_one_part():
    for path in describe_api()["paths"]:
        assert sum(bool(re.search(part, path)) for part in PARTS) == 1, path


def send(case, client, ids):
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
