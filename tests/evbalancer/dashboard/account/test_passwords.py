"""A forgotten password is replaced by a link that was mailed, and no answer says whether an address is known."""

import re
import time

import pytest
from django.test import Client
from rest_framework.test import APIClient

from drivers.models import User
from evbalancer.common.loopback import free_port
from evbalancer.common.security import lockout
from grid.models import AuditEntry
from tests.asserts.http import assert_problem
from tests.factories.drivers import PASSWORD
from tests.fakesmtp import mail_server, point_at

pytestmark = pytest.mark.django_db
NEW = "an altogether other phrase"


@pytest.fixture
def ada():
    return User.objects.create_user("ada", "ada@example.org", PASSWORD)


@pytest.fixture
def post(settings):
    with mail_server(settings) as kept:
        yield kept


def ask(email="ada@example.org", **headers):
    return Client(**headers).post("/password", {"email": email})


def arrived(post):
    deadline = time.monotonic() + 5
    while not post and time.monotonic() < deadline:
        time.sleep(0.01)
    [mail] = post
    return mail


def link_in(mail) -> str:
    return re.search(r"https?://testserver(/\S+)", mail.get_content())[1]


def change(client, link):
    page = client.get(link, follow=True)
    path = page.redirect_chain[-1][0]
    return client.post(path, {"new_password1": NEW, "new_password2": NEW}, follow=True)


@pytest.mark.promise("S9")
def test_link_by_mail_changes_the_password_once_and_ends_what_was_open(ada, post):
    elsewhere = Client()
    elsewhere.force_login(ada)
    answer = APIClient().post("/auth/token", {"username": "ada", "password": PASSWORD}, format="json").json()
    assert ask("ADA@example.org").status_code == 302
    mail = arrived(post)
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", "A new password for EV Balancer")
    assert b"Your password was changed" in change(Client(), link_in(mail)).content
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert elsewhere.get("/my").status_code == 302
    refreshed = APIClient().post("/auth/token/refresh", {"refresh": answer["refresh"]}, format="json")
    assert refreshed.status_code == 401
    assert AuditEntry.objects.filter(action="user.password_reset", actor_label="ada").count() == 1
    assert "no longer works" in Client().get(link_in(mail), follow=True).content.decode().replace(
        "&#x27;", "'"
    )


@pytest.mark.promise("S14")
def test_stranger_gets_the_same_answer_as_the_owner(ada, post):
    known, unknown = ask(), ask("nobody-here@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert arrived(post)["To"] == "ada@example.org"


def test_deactivated_account_gets_no_link(ada, post):
    User.objects.update(is_active=False)
    assert ask().status_code == 302
    User.objects.create_user("bo", "bo@example.org", PASSWORD)
    ask("bo@example.org")
    assert arrived(post)["To"] == "bo@example.org"


@pytest.mark.promise("S14")
@pytest.mark.parametrize("email", ["ada@example.org", "nobody-here@example.org"])
def test_only_so_many_mails_are_asked_for(ada, post, email):
    for number in range(lockout.MOST_MAILS_TO_NAME):
        assert ask(email, REMOTE_ADDR=f"10.0.0.{number}").status_code == 302
    refused = ask(email.upper(), REMOTE_ADDR="10.0.1.1")
    assert refused.status_code == 400
    assert b"Too many mails" in refused.content


@pytest.mark.promise("S14")
def test_one_address_asks_for_so_many_mails_only(post):
    for number in range(lockout.MOST_MAILS_FROM_ADDRESS):
        assert ask(f"guess-{number}@example.org").status_code == 302
    assert b"Too many mails" in ask("another@example.org").content


@pytest.mark.parametrize("email", ["ada@example.org", "nobody-here@example.org"])
def test_mail_server_that_is_away_is_told_to_everybody_alike(ada, settings, email):
    point_at(settings, free_port())
    answer = ask(email)
    assert answer.status_code == 400
    assert "no mail was sent" in answer.content.decode()


def test_server_without_mail_promises_none(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = Client().get("/password").content.decode()
    assert "sends no mail" in page
    assert "<input" not in page.split("</section>")[0]
    assert ask().status_code == 400


def test_weak_password_is_refused_in_words(ada, post):
    ask()
    client = Client()
    path = client.get(link_in(arrived(post)), follow=True).redirect_chain[-1][0]
    answer = client.post(path, {"new_password1": "short", "new_password2": "short"})
    assert b"too short" in answer.content


def test_new_password_opens_a_door_that_errors_had_locked(ada, post):
    body = {"username": "ada", "password": "wrong"}
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS + 1):
        locked = APIClient().post("/auth/token", body, format="json")
    assert_problem(locked, 429, "locked_out")
    ask()
    change(Client(), link_in(arrived(post)))
    assert APIClient().post("/auth/token", body | {"password": NEW}, format="json").status_code == 200


@pytest.mark.parametrize(("path", "words"), [("/login", "Passwort vergessen?"), ("/password", "Zurück")])
def test_pages_lead_there_in_german(ada, path, words):
    assert words in Client().get(path, headers={"accept-language": "de"}).content.decode()


def test_admins_sign_in_leads_there(ada):
    page = Client().get("/admin/login/")
    assert b'href="/admin/password"' in page.content
    assert Client().get("/admin/password")["Location"] == "/password"


def test_mail_is_written_in_the_language_of_the_page(ada, post):
    Client().post("/password", {"email": "ada@example.org"}, headers={"accept-language": "de"})
    assert arrived(post)["Subject"] == "Ein neues Passwort für EV Balancer"
