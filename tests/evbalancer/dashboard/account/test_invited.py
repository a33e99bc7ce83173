"""Promise S9's first door: an invitation's code becomes an account on a page."""

import pytest
from django.test import Client
from django.utils import timezone

from drivers.domain.invitations import LASTS, Guest, invite_guests
from drivers.models import Driver, Invitation, User
from evbalancer.common.security import lockout
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


def follow(client, token):
    return client.get(f"/invitation/{token}", follow=True)


def test_link_shows_who_invites_and_asks_for_no_code(token):
    client = Client()
    page = follow(client, token)
    assert page.redirect_chain == [("/invitation", 302)]
    text = page.content.decode()
    assert "SECRETA House invites you. Your account gets the address ada@example.org." in text
    assert f'type="hidden" name="token" value="{token}"' in text
    body = {"token": token, "username": "ada", "password": PASSWORD, "again": PASSWORD}
    assert client.post("/invitation", body)["Location"] == "/my"


@pytest.mark.parametrize("path", ["/invitation", "/invitation/{token}"])
def test_double_submit_and_second_click_lead_on_whoever_is_in(token, path):
    client, _ = accept(token)
    body = {"token": token, "username": "ada", "password": PASSWORD, "again": PASSWORD}
    answer = client.post(path, body) if path == "/invitation" else client.get(path.format(token=token))
    assert (answer.status_code, answer["Location"]) == (302, "/my")


def test_second_click_elsewhere_says_what_to_do(token):
    accept(token)
    page = follow(Client(), token)
    assert page.status_code == 410
    assert "already used. Sign in, or request a new password" in page.content.decode()


def test_old_link_in_german(token):
    Invitation.objects.filter(email="ada@example.org").update(
        created_at=timezone.now() - 2 * LASTS, expires_at=timezone.now() - LASTS
    )
    page = Client(headers={"accept-language": "de"}).get(f"/invitation/{token}")
    assert (page.status_code, "älter als zwei Wochen" in page.content.decode()) == (410, True)


def test_two_tabs_one_link_make_one_account(token):
    one, other = Client(), Client()
    follow(one, token)
    follow(other, token)
    body = {"token": token, "username": "ada", "password": PASSWORD, "again": PASSWORD}
    assert one.post("/invitation", body).status_code == 302
    assert other.post("/invitation", body | {"username": "ada2"}).status_code == 410
    assert User.objects.filter(email="ada@example.org").count() == 1


def test_person_with_an_account_signs_in_and_joins(token):
    ada = User.objects.create_user("ada", "ADA@example.org", PASSWORD)
    client = Client()
    assert "has an account already: sign in" in follow(client, token).content.decode()
    signed_in = client.post(
        "/login?next=/invitation",
        {"username": "ada@Example.org", "password": PASSWORD, "next": "/invitation"},
    )
    assert signed_in["Location"] == "/invitation"
    assert "Join SECRETA House" in client.get("/invitation").content.decode()
    assert client.post("/invitation/join")["Location"] == "/my"
    assert Driver.objects.get(name="Ada").user == ada
    assert client.post("/invitation/join")["Location"] == "/invitation"


def test_links_can_not_be_guessed_without_end(token):
    for number in range(lockout.MOST_FOR_NAME_AT_ADDRESS):
        assert Client().get(f"/invitation/wrong{number}").status_code == 404
    assert Client().get(f"/invitation/{token}").status_code == 429
