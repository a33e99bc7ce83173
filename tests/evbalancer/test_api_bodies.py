"""A field that a route doesn't know is refused with its name, on every route that takes a body."""

import pytest

from drivers.enums import Role
from grid.models import TemporaryLimit
from tests.api_schema import describe_api
from tests.asserts.http import assert_problem, client_of
from tests.evbalancer.api_world import a_world
from tests.factories.drivers import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S7")]
SCHEMA = describe_api()
# A program's own key, and no account, opens these; and these ask for none at all.
BY_KEY = {"/grid/meter", "/grid/signal", "/pricing/signals/{id}/push"}


def _with_body():
    return [
        (method, path)
        for path, methods in SCHEMA["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    ]


def _names(node):
    if isinstance(node, list):
        return {name for each in node for name in _names(each)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rsplit("/", 1)[-1]} if "$ref" in node else set()
    return own | {name for each in node.values() for name in _names(each)}


@pytest.fixture
def world():
    ids, driver = a_world("OWN")
    MembershipFactory(user=driver.user, community=driver.community, role=Role.MANAGER)
    return ids, client_of(driver.user)


@pytest.mark.parametrize(("method", "path"), [each for each in _with_body() if each[1] not in BY_KEY])
def test_unknown_field_is_refused_by_name_on_every_route(method, path, world):
    ids, client = world
    prefix = path.split("/{id}")[0]
    # The routes of one row say "vehicle" where the list says "vehicles"; connectors hang below charge points.
    row = (
        ids.get(prefix) or ids[{"/fleet/vehicles": "/fleet/vehicle"}.get(prefix, prefix)]
        if "{" in path
        else ""
    )
    response = getattr(client, method)(path.replace("{id}", str(row)), {"no_such_field": 1}, format="json")
    assert "no_such_field" in assert_problem(response, 400, "invalid")["errors"], (method, path)


def test_limit_with_a_word_of_another_system_starts_nothing(world):
    ids, client = world
    TemporaryLimit.objects.all().delete()
    body = {
        "circuit_id": str(ids["/grid/circuits"]),
        "pct": 50,
        "reason": "Works",
        "begins_at": "2031-01-01T00:00:00Z",
    }
    problem = assert_problem(client.post("/grid/limits", body, format="json"), 400, "invalid")
    assert problem["errors"] == {"begins_at": ["This field is unknown."]}
    assert not TemporaryLimit.objects.exists()


def test_unknown_field_deep_in_a_body_is_refused_too(world):
    ids, client = world
    body = {
        "circuit_id": str(ids["/grid/circuits"]),
        "reason": "x",
        "limit_ma": {"l1": 1, "l2": 1, "l3": 1, "n": 1},
    }
    problem = assert_problem(client.post("/grid/limits", body, format="json"), 400, "invalid")
    assert problem["errors"] == {"limit_ma": {"n": ["This field is unknown."]}}


def test_schema_says_so_of_every_body():
    schemas = SCHEMA["components"]["schemas"]
    left, seen = set(), set()
    for method, path in _with_body():
        left |= _names(SCHEMA["paths"][path][method]["requestBody"])
    while left:
        name = left.pop()
        seen.add(name)
        if schemas[name].get("type") == "object":
            assert schemas[name]["additionalProperties"] is False, name
        left |= _names(schemas[name]) - seen
    assert "ImposeRequest" in seen
