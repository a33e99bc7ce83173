import hashlib
import socket

import pytest
from django.test import Client

from drivers.models import PushSubscription
from evbalancer.common.security import push
from evbalancer.common.security.digests import digest
from scheduling.models import AlarmChannel
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.fakepush import PUBLIC, Browser

pytestmark = pytest.mark.django_db
PATH = "/drivers/push"


@pytest.fixture(autouse=True)
def _set_up(settings, monkeypatch):
    settings.WEB_PUSH_KEY = push.make_key()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (PUBLIC, 443))])


@pytest.fixture
def driver():
    return DriverFactory()


@pytest.fixture
def phone():
    return Browser("https://push.example.org/phone")


def test_browser_is_added_found_by_its_digest_and_removed(driver, phone):
    client = Client(headers={"user-agent": "Mozilla/5.0 (Android 15; Mobile) Firefox/140.0"})
    client.force_login(driver.user)
    made = client.post(PATH, phone.subscription, content_type="application/json")
    assert (made.status_code, made.json()["device"]) == (201, "Firefox, Android")
    [row] = client.get(PATH).json()["results"]
    assert row["digest"] == hashlib.sha256(phone.endpoint.encode()).hexdigest()
    assert "address_encrypted" not in row
    assert PushSubscription.objects.get().key_digest == digest(client.session.session_key)
    assert client.delete(f"{PATH}/{row['id']}").status_code == 204
    assert client.get(PATH).json()["results"] == []


@pytest.mark.promise("S7")
def test_browser_of_somebody_else_does_not_exist(driver, phone):
    pk = client_of(driver.user).post(PATH, phone.subscription, format="json").json()["id"]
    other = client_of(DriverFactory(community=driver.community).user)
    for method, path in (("get", ""), ("delete", ""), ("post", "/test")):
        assert_problem(getattr(other, method)(f"{PATH}/{pk}{path}"), 404, "not_found")


def test_what_is_no_browser_is_refused(driver, phone):
    client = client_of(driver.user)
    whole = phone.subscription
    assert_problem(
        client.post(PATH, whole | {"endpoint": "http://push.example.org/"}, format="json"),
        400,
        "unsafe_address",
    )
    assert_problem(client.post(PATH, {"endpoint": whole["endpoint"]}, format="json"), 400, "invalid")
    assert_problem(client.post(PATH, whole | {"expirationTime": None}, format="json"), 400, "invalid")
    keys = {"p256dh": "AAAA", "auth": "AAAA"}
    assert_problem(client.post(PATH, whole | {"keys": keys}, format="json"), 400, "invalid")
    assert not PushSubscription.objects.exists()


def test_who_drives_nowhere_has_no_news_but_a_manager_has_alarms_there(driver, phone):
    manager = client_of(manager_of(driver.community))
    assert_problem(manager.post(PATH, phone.subscription, format="json"), 403, "not_a_driver")
    wish = {"kind": "push", "subscription": phone.subscription}
    made = manager.post("/alarms/channels", wish, format="json").json()
    assert (made["kind"], made["is_active"]) == ("push", True)
    assert not AlarmChannel.objects.get().push.is_for_news
    assert_problem(manager.post("/alarms/channels", wish, format="json"), 400, "invalid")
    assert_problem(manager.post("/alarms/channels", {"kind": "push"}, format="json"), 400, "invalid")


def test_one_browser_serves_news_and_alarms_until_both_are_ended(driver, phone):
    manager = manager_of(driver.community)
    client = client_of(DriverFactory(community=driver.community, user=manager).user)
    channel = client.post(
        "/alarms/channels", {"kind": "push", "subscription": phone.subscription}, format="json"
    ).json()
    pk = client.post(PATH, phone.subscription, format="json").json()["id"]
    assert client.delete(f"{PATH}/{pk}").status_code == 204
    assert [row.is_for_news for row in PushSubscription.objects.all()] == [False]
    assert client.delete(f"/alarms/channels/{channel['id']}").status_code == 204
    assert not PushSubscription.objects.exists()
