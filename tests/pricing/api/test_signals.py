"""Managers send tables, machines push with a key, and everybody of the community sees how fresh a signal is."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from drivers.enums import Role
from grid.domain import grid_keys
from grid.domain.audit import SYSTEM
from grid.enums import GridKeyPurpose
from pricing.domain.signals import values_between
from pricing.models import SignalPublication
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, MembershipFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import EnergySignalFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PUSHED = {"begins_at": "2026-03-02T12:00:00Z", "unit": "per_kwh", "values": [0.08231, -0.005]}
TABLE = "start,price_per_mwh\n2026-03-02 13:00,80\n2026-03-02 14:00,90\n"


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def signal():
    return EnergySignalFactory(community=CircuitFactory().community, name="Day ahead")


def manager_of(signal):
    return client_of(MembershipFactory(community=signal.community, role=Role.MANAGER).user)


def key_of(circuit, purpose=GridKeyPurpose.SIGNALS):
    return grid_keys.issue_grid_key(circuit, purpose=purpose, label="Aggregator", actor=SYSTEM, now=NOW)[1]


def push(signal, key, **body):
    return Client().post(
        f"/pricing/signals/{signal.pk}/push",
        data={**PUSHED, **body},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def circuit_of(signal):
    return CircuitFactory(cluster__community=signal.community)


def test_member_sees_where_prices_come_from_and_how_fresh_they_are(signal):
    driver = DriverFactory(community=signal.community)
    push(signal, key_of(circuit_of(signal)), published_at="2026-03-02T11:00:00Z")
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        [row] = client_of(driver.user).get("/pricing/signals").json()["results"]
    assert row == {
        "id": str(signal.pk),
        "community_id": str(signal.community_id),
        "name": "Day ahead",
        "quantity": "price",
        "kind": "by_hand",
        "area": "",
        "unit": "minor_per_mwh",
        "active": True,
        "heard_at": "2026-03-02T12:07:00Z",
        "age_s": 120,
        "known_until": "2026-03-02T12:30:00Z",
        "is_silent": False,
        "error": "",
    }


def test_values_begin_with_the_quarter_that_runs_and_end_in_the_unknown(signal):
    push(signal, key_of(circuit_of(signal)))
    body = manager_of(signal).get(f"/pricing/signals/{signal.pk}/values", {"hours": 1}).json()
    assert body == {
        "start": "2026-03-02T12:00:00Z",
        "step_s": 900,
        "unit": "minor_per_mwh",
        "values": [8_231, -500, None, None],
    }


def test_push_is_taken_once(signal):
    key = key_of(circuit_of(signal))
    first, again = push(signal, key), push(signal, key)
    assert (first.status_code, first.json()["origin"]) == (201, "push by Aggregator")
    assert (again.status_code, again.json()) == (200, {})
    assert SignalPublication.objects.count() == 1


@pytest.mark.promise("S13")
@pytest.mark.parametrize("purpose", [GridKeyPurpose.METER, GridKeyPurpose.LIMITS])
def test_push_with_a_key_for_something_else_or_none_is_refused(signal, purpose):
    assert push(signal, key_of(circuit_of(signal), purpose)).status_code == 401
    assert push(signal, "").status_code == 401
    assert not SignalPublication.objects.exists()


def test_signal_of_another_community_does_not_exist_for_a_key(signal):
    assert push(signal, key_of(CircuitFactory())).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"begins_at": "2026-03-02T12:00:00"}, "begins_at"),
        ({"begins_at": "2025-03-02T12:00:00Z"}, "values"),
        ({"begins_at": "2026-03-02T12:01:00Z"}, "values"),
        ({"step_s": 600}, "step_s"),
        ({"unit": "per_barrel"}, "unit"),
        ({"currency": "USD"}, "values"),
        ({"values": []}, "values"),
        ({"values": [82.31]}, "values"),
        ({"values": ["nan"]}, "values"),
        ({"values": [0.1] * 6_000}, "values"),
        ({"published_at": "2026-03-02T13:00:00Z"}, "values"),
        ({"zone": "DE-LU"}, "zone"),
    ],
)
def test_push_that_can_not_be_right_is_refused_and_nothing_is_taken(signal, body, field):
    problem = assert_problem(push(signal, key_of(circuit_of(signal)), **body), 400, "invalid")
    assert list(problem["errors"]) == [field]
    assert not SignalPublication.objects.exists()


def test_manager_sends_a_table_as_text_or_file(signal):
    client, url = manager_of(signal), f"/pricing/signals/{signal.pk}/table"
    assert client.post(url, {"csv": TABLE}, format="json").status_code == 201
    assert values_between(signal, start=NOON, count=8) == [8_000] * 4 + [9_000] * 4
    file = SimpleUploadedFile("march.csv", TABLE.replace("80", "70").encode())
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        answer = client.post(url, {"file": file}, format="multipart")
    assert (answer.status_code, answer.json()["origin"]) == (201, "file march.csv")
    assert values_between(signal, start=NOON, count=1) == [7_000]


def test_table_with_a_wrong_row_is_refused_with_it(signal):
    url = f"/pricing/signals/{signal.pk}/table"
    problem = assert_problem(
        manager_of(signal).post(url, {"csv": TABLE + "soon,1\n"}, format="json"), 400, "invalid"
    )
    assert problem["errors"]["csv"][0].startswith("Row 4, column 'start': 'soon' is no moment")
    assert not SignalPublication.objects.exists()


def test_table_is_for_managers_of_the_signals_community(signal):
    url = f"/pricing/signals/{signal.pk}/table"
    driver = DriverFactory(community=signal.community)
    stranger = MembershipFactory(role=Role.MANAGER).user
    for user in (driver.user, stranger):
        assert_problem(client_of(user).post(url, {"csv": TABLE}, format="json"), 404, "not_found")
    assert not SignalPublication.objects.exists()
