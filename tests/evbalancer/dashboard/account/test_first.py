"""A new server: the sign-in leads to the first account, whose code stands in the log."""

import pytest
from django.test import Client

from drivers.domain.sign_in.first import first_account_code
from drivers.models import User
from evbalancer.common.security import lockout

pytestmark = pytest.mark.django_db
PASSWORD = "an altogether long phrase"
BODY = {"username": "mo", "email": "mo@example.org", "password": PASSWORD, "again": PASSWORD}


def send(client=None, **changes):
    return (client or Client()).post("/first", BODY | {"code": first_account_code()} | changes)


@pytest.mark.parametrize("path", ["/login", "/admin/login/"])
def test_sign_in_of_a_new_server_leads_to_its_first_account(path):
    assert Client().get(path)["Location"] == "/first"


def test_operator_is_signed_in_and_a_double_submit_changes_nothing():
    client = Client()
    assert send(client)["Location"] == "/admin/"
    assert client.get("/admin/")["Location"] == "/admin/setup/"
    assert client.get("/admin/setup/").status_code == 200
    assert send(client, username="mo2")["Location"] == "/admin/"
    assert send(username="eve", email="eve@example.org")["Location"] == "/login"
    assert User.objects.get().username == "mo"


def test_wrong_codes_are_counted_and_weak_passwords_are_not():
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS + 1):
        assert "too short" in send(password="short", again="short").content.decode()
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS):
        assert "This is not the code." in send(code="wrong").content.decode()
    assert "Try again in 15 minutes" in send().content.decode()
    assert not User.objects.exists()


def test_page_is_german():
    assert "Das erste Konto" in Client(headers={"accept-language": "de"}).get("/first").content.decode()
