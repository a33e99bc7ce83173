import socket

import pytest

from scheduling.models import AlarmChannel
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
HOOK = {"kind": "webhook", "address": "https://example.org/hook", "kinds": ["offline"]}


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))])


@pytest.fixture
def community():
    return ClusterFactory().community


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


def test_channel_is_made_changed_and_removed_by_its_owner(manager):
    made = manager.post("/alarms/channels", HOOK, format="json")
    assert (made.status_code, made.json()["host"], made.json()["secret"][:6]) == (
        201,
        "example.org",
        "whsec_",
    )
    address = f"/alarms/channels/{made.json()['id']}"
    assert "secret" not in manager.get(address).json()
    changed = manager.put(address, {"quiet_from_min": 1320, "quiet_until_min": 420}, format="json").json()
    assert (changed["kinds"], changed["quiet_from_min"]) == ([], 1320)
    assert manager.delete(address).status_code == 204
    assert not AlarmChannel.objects.exists()


@pytest.mark.promise("S7")
def test_channel_of_another_manager_does_not_exist(manager, community):
    pk = manager.post("/alarms/channels", HOOK, format="json").json()["id"]
    other = client_of(manager_of(community))
    for method, path in (("get", ""), ("put", ""), ("delete", ""), ("post", "/test")):
        assert_problem(
            getattr(other, method)(f"/alarms/channels/{pk}{path}", {}, format="json"), 404, "not_found"
        )
    assert other.get("/alarms/channels").json()["results"] == []


def test_drivers_have_no_channels_for_alarms(community):
    driver = client_of(DriverFactory(community=community).user)
    assert driver.post("/alarms/channels", HOOK, format="json").status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"address": "http://example.org"}, {"kinds": ["nonsense"]}, {"quiet_from_min": 1440}, {"colour": "red"}],
)
def test_bad_channel_is_refused_in_words(manager, wrong):
    answer = manager.post("/alarms/channels", HOOK | wrong, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(wrong)
    assert not AlarmChannel.objects.exists()
