import pytest
from django.test import Client
from rest_framework.test import APIClient

from drivers.domain.sign_in import sign_ins
from drivers.models import SignIn
from grid.models import AuditEntry
from tests.factories.drivers import PASSWORD, DriverFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16")]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def user():
    return DriverFactory().user


def browser(user, agent=FIREFOX):
    client = Client(headers={"user-agent": agent})
    client.post("/login", {"username": user.username, "password": PASSWORD})
    assert client.get("/my").status_code == 200
    return client


def app(user):
    body = {"username": user.username, "password": PASSWORD}
    return APIClient().post("/auth/token", body, format="json", headers={"user-agent": "Garage/1.2"}).json()


@pytest.mark.parametrize(
    ("agent", "name"),
    [(FIREFOX, "Firefox, Linux"), (IPHONE, "Safari, iPhone"), ("Garage/1.2 x", "Garage"), ("", "")],
)
def test_device_is_named_as_its_person_would(agent, name):
    assert sign_ins.name_device(agent) == name


def test_browsers_and_apps_are_listed_once_each(user):
    one = browser(user)
    browser(user, IPHONE)
    tokens = app(user)
    one.get("/my")
    for _ in range(2):
        tokens = APIClient().post("/auth/token/refresh", {"refresh": tokens["refresh"]}, format="json").json()
    found = sorted((row.kind, row.device) for row in sign_ins.open_sign_ins(user))
    assert found == [("app", "Garage"), ("browser", "Firefox, Linux"), ("browser", "Safari, iPhone")]


def test_device_that_is_ended_is_out_and_the_others_stay(user):
    one, other = browser(user), browser(user, IPHONE)
    row = SignIn.objects.get(device="Safari, iPhone")
    assert one.post(f"/account/devices/{row.pk}/end", follow=True).status_code == 200
    assert other.get("/my").status_code == 302
    assert one.get("/my").status_code == 200
    assert AuditEntry.objects.get(action="user.sign_in_ended").after == {"device": "Safari, iPhone"}
    # A second click, or another tab.
    assert "signed out" in one.post(f"/account/devices/{row.pk}/end", follow=True).content.decode()


def test_all_others_are_ended_apps_too(user):
    one, other, tokens = browser(user), browser(user, IPHONE), app(user)
    one.post("/account/devices/end")
    assert other.get("/my").status_code == 302
    assert one.get("/my").status_code == 200
    refreshed = APIClient().post("/auth/token/refresh", {"refresh": tokens["refresh"]}, format="json")
    assert refreshed.status_code == 401
    assert [row.device for row in sign_ins.open_sign_ins(user)] == ["Firefox, Linux"]


def test_nobody_ends_the_devices_of_others(user):
    stranger = DriverFactory().user
    other = browser(stranger)
    row = SignIn.objects.get(user=stranger)
    browser(user).post(f"/account/devices/{row.pk}/end")
    assert other.get("/my").status_code == 200


def test_changed_password_keeps_this_device_and_ends_the_others(user):
    one, other = browser(user), browser(user, IPHONE)
    new = "an altogether other phrase"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    answer = one.post("/account/password", data, follow=True)
    assert "All other devices were signed out" in answer.content.decode()
    assert other.get("/my").status_code == 302
    assert [row.device for row in sign_ins.open_sign_ins(user)] == ["Firefox, Linux"]
