"""Promise S9's first door: an invitation's code becomes an account on a page."""

import pytest
from django.test import Client
from django.utils import timezone

from drivers.domain.invitations import Guest, invite_guests
from drivers.models import Driver, User
from tests.factories.world import populate

pytestmark = pytest.mark.django_db
PASSWORD = "an altogether long phrase"


@pytest.fixture
def token():
    world = populate("SECRETA")
    [invited] = invite_guests(
        world.community, [Guest("Ada", "ada@example.org")], by=world.manager, now=timezone.now()
    )
    return invited.token


def accept(token, **changes):
    body = {"token": token, "username": "ada", "password": PASSWORD, "again": PASSWORD}
    client = Client()
    return client, client.post("/invitation", body | changes)


def test_code_opens_an_account_and_the_person_is_signed_in(token):
    client, response = accept(token)
    assert (response.status_code, response["Location"]) == (302, "/my")
    assert Driver.objects.get(name="Ada").user == User.objects.get(username="ada")
    assert client.get("/my").status_code == 200


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"again": "another"}, "The passwords do not match."),
        ({"password": "short", "again": "short"}, "too short"),
        ({"token": "wrong"}, "no longer valid"),
        ({"username": "SECRETA-driver"}, "choose another"),
        ({"username": "a b"}, "valid username"),
    ],
)
def test_what_is_wrong_is_said_and_opens_nothing(token, changes, why):
    _, response = accept(**{"token": token} | changes)
    assert response.status_code == 400
    assert why in response.content.decode()
    assert not User.objects.filter(username="ada").exists()
    assert accept(token)[1].status_code == 302


def test_codes_can_not_be_guessed_without_end(token):
    for _ in range(5):
        assert accept("wrong")[1].status_code == 400
    assert "Try again in" in accept(token)[1].content.decode()


def test_weak_passwords_are_no_guesses_of_a_code(token):
    for _ in range(8):
        assert accept(token, password="short", again="short")[1].status_code == 400
    assert accept(token)[1].status_code == 302


@pytest.mark.parametrize(("backend", "sends"), [("locmem", True), ("dummy", False)])
def test_texts_say_what_becomes_of_codes(settings, backend, sends):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    client = Client()
    client.force_login(populate("SECRETA").manager)
    page = client.get("/admin/drivers/invitation/add/").content.decode()
    assert ("sends no mail" in page) is not sends
