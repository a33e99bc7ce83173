"""Operators set the mail server, and a button shows what it answers."""

import pytest

from drivers.models import MailServer, User
from evbalancer.common.loopback import free_port
from evbalancer.common.security.encryption import decrypt
from grid.models import AuditEntry
from tests.factories.grid import CircuitFactory
from tests.fakesmtp import REFUSED, mail_server

PAGE = "/admin/drivers/mailserver/1/change/"
FORM = {
    "host": "smtp.example.org", "port": "587", "encryption": "starttls", "username": "evb",
    "password": "a secret phrase", "sender": "evb@example.org",
}  # fmt: skip


@pytest.fixture
def operator(client, db, settings):
    settings.EMAIL_HOST = ""
    settings.EMAIL_BACKEND = "drivers.domain.mailing.mail_server.StoredServerBackend"
    client.force_login(User.objects.create_superuser("operator-x", "op@example.org", "correct horse battery"))
    return client


def point(port):
    MailServer.objects.create(host="127.0.0.1", port=port, encryption="none", sender="evb@example.org")


def test_settings_are_kept_the_password_encrypted_and_never_shown(operator):
    assert PAGE in operator.get("/admin/drivers/mailserver/").content.decode()
    assert operator.post(PAGE, FORM).status_code == 302
    row = MailServer.objects.get()
    assert (row.host, row.username, decrypt(row.password_encrypted)) == (
        "smtp.example.org",
        "evb",
        "a secret phrase",
    )
    assert "a secret phrase" not in operator.get(PAGE).content.decode()
    assert operator.post(PAGE, FORM | {"password": "", "port": "2525"}).status_code == 302
    row.refresh_from_db()
    assert (row.port, decrypt(row.password_encrypted)) == (2525, "a secret phrase")
    assert "a secret phrase" not in str(list(AuditEntry.objects.values("before", "after")))


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"sender": ""}, "Enter the address that mails come from."), ({"port": "99999"}, "A port is a number")],
)
def test_what_is_wrong_is_said(operator, changes, why):
    operator.get("/admin/drivers/mailserver/")
    assert why in operator.post(PAGE, FORM | changes).content.decode()
    assert MailServer.objects.get().host == ""


def test_test_mail_shows_the_answers(operator, settings):
    with mail_server(settings) as kept:
        point(settings.EMAIL_PORT)
        settings.EMAIL_HOST, settings.EMAIL_BACKEND = (
            "",
            "drivers.domain.mailing.mail_server.StoredServerBackend",
        )
        page = operator.post("/admin/drivers/mailserver/1/test/", {"to": "op@example.org"}).content.decode()
        refused = operator.post("/admin/drivers/mailserver/1/test/", {"to": REFUSED}).content.decode()
    assert "The mail server took the mail" in page
    assert "220 ready" in page
    assert kept[0]["Subject"] == "Test mail of EV Balancer"
    assert "The mail was not sent" in refused
    assert "550 No such mailbox here" in refused


@pytest.mark.promise("R6")
def test_failing_is_seen_on_every_front(operator, client):
    CircuitFactory()  # without any grid connection the back office leads to the setup first
    point(free_port())
    page = operator.post("/admin/drivers/mailserver/1/test/", {"to": "op@example.org"}).content.decode()
    assert "Nothing answers at this port" in page
    assert "Mails have not been sent since" in operator.get("/admin/").content.decode()
    assert "Fails, first just now: Connection refused" in operator.get(PAGE).content.decode()
    parts = client.get("/readyz").json()["parts"]
    assert parts["mail"].startswith("fails since 20")
    assert "refused" not in parts["mail"]


def test_environment_takes_precedence_and_is_said_so(operator, settings):
    MailServer.objects.create()
    settings.EMAIL_HOST = "smtp.of-the-environment.example"
    page = operator.get(PAGE).content.decode()
    assert "EMAIL_HOST of the environment is used" in page
    assert operator.post(PAGE, FORM).status_code == 403


def test_managers_see_nothing_of_it(client, world, settings):
    client.force_login(world.manager)
    assert client.get(PAGE).status_code in (302, 403)
    assert client.post("/admin/drivers/mailserver/1/test/", {"to": "op@example.org"}).status_code in (
        302,
        403,
        404,
    )
