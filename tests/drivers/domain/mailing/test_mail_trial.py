"""A test mail shows every answer of the server, says what helps, and never repeats the password."""

import base64
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.mail.backends.smtp import EmailBackend

from drivers.domain.mailing.mail_trial import try_mail_server
from evbalancer.common import mail
from evbalancer.common.loopback import free_port
from tests.fakesmtp import REFUSED, Rules, dripping_server, strict_server

PASSWORD = Rules.password


def certificate(folder, *, host="127.0.0.1"):
    """A server's own certificate, and the context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "strict")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    return cert, context


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return context


def attempt(port, *, to="ada@example.org", password=PASSWORD, username="evb", **options):
    options = {"use_tls": False, "use_ssl": False, "timeout": 2} | options
    backend = EmailBackend(host="127.0.0.1", port=port, username=username, password=password, **options)
    return try_mail_server(backend, sender="evb@example.org", to=to)


def said(trial):
    return " ".join(f"{step} {answer}" for step, answer in trial.steps)


@pytest.mark.parametrize("at_once", [False, True])
def test_mail_is_taken_over_tls_and_every_answer_is_shown(trusted, at_once):
    with strict_server(Rules(context=trusted, tls_at_once=at_once)) as port:
        trial = attempt(port, use_tls=not at_once, use_ssl=at_once)
    assert trial.is_taken
    assert trial.steps == [
        (f"Connection to 127.0.0.1:{port}", "220 strict ready"),
        ("Encryption", "TLSv1.3"),
        ("Sign-in", "235 welcome"),
        ("Sender evb@example.org", "250 ok"),
        ("Recipient ada@example.org", "250 ok"),
        ("Mail", "250 queued as 4711"),
    ]


def test_wrong_password_is_told_and_never_shown():
    wrong = "hunter2 is wrong"
    with strict_server(Rules()) as port:
        trial = attempt(port, password=wrong)
    assert trial.advice.startswith("Check user name and password.")
    assert "535 5.7.8 … is not the password" in said(trial)
    assert wrong not in said(trial)
    assert base64.b64encode(b"\0evb\0" + wrong.encode()).decode() not in said(trial)


def test_refused_recipient_is_told_in_the_servers_words():
    with strict_server(Rules()) as port:
        trial = attempt(port, to=REFUSED)
    assert trial.steps[-1] == ("Failed", "550 No such mailbox here")
    assert trial.advice.startswith("The server refused the mail")


def test_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    _, context = certificate(tmp_path)
    with strict_server(Rules(context=context)) as port:
        trial = attempt(port, use_tls=True)
    assert trial.advice.startswith("The server's certificate is not valid for this host")


def test_encryption_that_the_server_does_not_speak_is_told():
    with strict_server(Rules()) as port:
        assert attempt(port, use_tls=True).advice.startswith("The server does not offer what is set")
        assert attempt(port, use_ssl=True).advice.startswith("The encryption does not fit the port")


def test_silent_server_is_told_after_the_patience():
    with strict_server(Rules(silent=True)) as port:
        assert attempt(port, timeout=0.3).advice.startswith("The server does not answer in time")


def test_server_that_drips_keeps_nobody_waiting(settings, monkeypatch):
    monkeypatch.setattr(mail, "LONGEST_S", 0.3)
    with dripping_server(settings):
        assert attempt(settings.EMAIL_PORT).advice.startswith("The server does not answer in time")


def test_nothing_at_the_port_and_no_such_host():
    assert attempt(free_port()).advice.startswith("Nothing answers at this port")
    backend = EmailBackend(host="mail.invalid", port=25, username="", password="", timeout=2)
    trial = try_mail_server(backend, sender="evb@example.org", to="ada@example.org")
    assert trial.advice.startswith("There is no host of this name")
