import pytest
from django.db import OperationalError, connection
from django.urls import resolve

from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import UserFactory

SEEDS = {
    "/auth/smartcar/connect": "get",
    "/auth/smartcar/callback": "get",
    "/drivers/slot/request": "post",
    "/drivers/emergency/request": "post",
    "/drivers/charging/status": "get",
    "/fleet/vehicles": "get",
    "/fleet/vehicle/{id}": "get",
    "/grid/cluster": "get",
    "/analytics/fairness": "get",
    "/auth/token": "post",
    "/auth/token/refresh": "post",
}


def schema(client):
    return client.get("/api/schema", headers={"Accept": "application/json"}).json()


def test_schema_names_every_address_that_is_served(client):
    paths = schema(client)["paths"]
    assert len(paths) >= 58
    assert {path: method in paths[path] for path, method in SEEDS.items()} == dict.fromkeys(SEEDS, True)


def test_schema_has_no_trailing_slash(client):
    assert [path for path in schema(client)["paths"] if path.endswith("/")] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"), [("/grid/cluster", "application/problem+json"), ("/", "text/plain")]
)
@pytest.mark.parametrize(("answers", "status"), [(False, 503), (True, 500)])
def test_who_asks_while_the_database_is_away_is_told_so(monkeypatch, client, path, kind, answers, status):
    def away(*_):
        raise OperationalError("secret host refused")

    client.force_login(UserFactory())
    client.raise_request_exception = False
    monkeypatch.setattr("evbalancer.common.db.database.database_answers", lambda: answers)
    with connection.execute_wrapper(away):
        response = client.get(path)
    assert response.status_code == status
    assert b"secret" not in response.content
    assert ("Retry-After" in response.headers) is not answers
    if not answers:
        assert response.headers["Content-Type"] == kind


def test_docs_load_nothing_from_another_host(client):
    page = client.get("/api/docs").content.decode()
    assert "https://" not in page
    assert "http://" not in page
    assert "//cdn" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/drivers/nothing",
        "/fleet/vehicle/7",
        "/fleet/vehicle/not-a-uuid",
        "/grid/cluster/",
        "/analytics/",
        "/api/x",
    ],
)
def test_unknown_api_address_is_a_problem(path):
    assert_problem(client_of(UserFactory()).get(path), 404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/grid/cluster", "/drivers/charging/status", "/analytics/fairness", "/auth/token"]
)
def test_wrong_method_is_a_problem(path):
    assert_problem(client_of(UserFactory()).delete(path), 405, "method_not_allowed")


@pytest.mark.django_db
def test_every_api_address_refuses_strangers(client):
    """Generated from the schema: nothing but what has a secret of its own answers a stranger."""
    paths = schema(client)["paths"]
    open_to_all = {
        "/auth/token",
        "/auth/token/refresh",
        "/auth/smartcar/callback",
        "/auth/invitation",
        "/grid/signal",
    }
    answers = {}
    for path, methods in paths.items():
        for method in methods:
            if method in ("get", "post", "patch", "delete") and path not in open_to_all:
                address = path.replace("{id}", "00000000-0000-4000-8000-000000000000")
                answers[method, path] = getattr(client_of(None), method)(address).status_code
    assert len(answers) >= 60
    assert {key: status for key, status in answers.items() if status != 401} == {}


def test_slot_request_address_is_not_taken_for_an_id():
    assert resolve("/drivers/slot/request").func.cls.__name__ == "SlotViewSet"
