from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import get_connection

from drivers.domain.mailing import mail_server
from drivers.domain.mailing.mail_server import deliver_mails, mail_trouble, note_mail_outcome
from drivers.models import MailServer
from evbalancer.common.loopback import free_port
from evbalancer.common.mail import SENT, Mail, Reason, sends_mail
from evbalancer.common.security.encryption import encrypt
from tests.fakesmtp import REFUSED
from tests.fakesmtp import mail_server as fake_server

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
ADA = Mail("ada@example.org", "Hello", "Hello")
AWAY = Reason("Connection refused", of_server=True)


@pytest.fixture
def stored(settings):
    """A server that is set in the back office, and none in the environment."""
    with fake_server(settings) as kept:
        port = settings.EMAIL_PORT
        settings.EMAIL_HOST = ""
        settings.EMAIL_BACKEND = "drivers.domain.mailing.mail_server.StoredServerBackend"
        MailServer.objects.create(host="127.0.0.1", port=port, encryption="none", sender="garage@example.org")
        yield kept


def test_mail_goes_to_the_stored_server_from_its_sender(stored):
    assert sends_mail()
    assert deliver_mails([ADA]) == [""]
    assert (stored[0]["From"], stored[0]["To"]) == ("garage@example.org", "ada@example.org")
    assert MailServer.objects.get().last_sent_at is not None


def test_without_a_host_nothing_is_sent(settings):
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "", "drivers.domain.mailing.mail_server.StoredServerBackend"
    assert not sends_mail()
    MailServer.objects.create()
    assert not sends_mail()


def test_settings_of_the_row_are_those_of_the_connection(settings):
    settings.EMAIL_BACKEND = "drivers.domain.mailing.mail_server.StoredServerBackend"
    row = MailServer.objects.create(
        host="smtp.example.org", port=465, encryption="tls", username="evb", sender="evb@example.org",
        password_encrypted=encrypt("secret"),
    )  # fmt: skip
    made = get_connection()
    assert (made.host, made.port, made.username, made.password) == ("smtp.example.org", 465, "evb", "secret")
    assert (made.use_ssl, made.use_tls) == (True, False)
    MailServer.objects.filter(pk=row.pk).update(encryption="starttls")
    made = get_connection()
    assert (made.use_ssl, made.use_tls) == (False, True)


def test_key_that_does_not_fit_is_a_reason_and_no_crash(stored, settings):
    MailServer.objects.update(password_encrypted="gAAAAA-of-another-key")
    [reason] = deliver_mails([ADA])
    assert "None of FIELD_ENCRYPTION_KEYS fits" in reason
    assert mail_trouble().problem == reason


def test_failing_is_kept_from_its_first_mail_until_one_is_taken():
    note_mail_outcome(AWAY, now=NOW)
    note_mail_outcome(Reason("timed out", of_server=True), now=NOW + timedelta(hours=1))
    trouble = mail_trouble()
    assert (trouble.failing_since, trouble.problem) == (NOW, "timed out")
    note_mail_outcome(SENT, now=NOW + timedelta(hours=2))
    assert mail_trouble() is None
    assert MailServer.objects.get().last_sent_at == NOW + timedelta(hours=2)


def test_refused_recipient_is_no_trouble_of_the_server(stored):
    deliver_mails([Mail(REFUSED, "Hello", "Hello")])
    assert mail_trouble() is None


def test_server_that_is_away_is_trouble(stored):
    MailServer.objects.update(port=free_port())
    assert deliver_mails([ADA]) == ["Connection refused"]
    assert mail_trouble().problem == "Connection refused"
    assert mail_server.read_mail_server().failing_since is not None
