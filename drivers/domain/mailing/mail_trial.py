"""A test mail whose every step is shown: what the mail server answered, and what helps. Never the password."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final

from django.utils.translation import gettext

from evbalancer.common.mail import run_aside, why

ACCEPTED: Final = range(200, 300)


@dataclass(slots=True)
class Trial:
    """`steps` are pairs of what was done and the server's answer; `advice` says what helps if it was not taken."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    advice: str = ""

    @property
    def is_taken(self) -> bool:
        return not self.advice


def try_mail_server(backend: Any, *, sender: str, to: str) -> Trial:
    """Send one mail over Django's SMTP `backend`, step by step. Never raises for the server's faults, and takes LONGEST_S at most."""
    trial = Trial()
    try:
        run_aside(lambda: _talk(backend, trial, sender=sender, to=to))
    except Exception as error:  # noqa: BLE001 (whatever it is, the operator reads it)
        trial.steps.append((gettext("Failed"), why(error)))
        trial.advice = _advice(error)
    hidden = _forms_of(backend.username or "", backend.password or "")
    trial.steps = [(step, _without(answer, hidden)) for step, answer in trial.steps]
    return trial


def _talk(backend: Any, trial: Trial, *, sender: str, to: str) -> None:
    place = f"{backend.host}:{backend.port}"
    if backend.use_ssl:
        server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=backend.timeout, context=backend.ssl_context)
    else:
        server = smtplib.SMTP(timeout=backend.timeout)
    # smtplib asks for the name that certificates are compared with.
    server._host = backend.host  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        _note(
            trial,
            gettext("Connection to %(place)s") % {"place": place},
            server.connect(backend.host, backend.port),
        )
        server.ehlo()
        if backend.use_tls:
            server.starttls(context=backend.ssl_context)
            server.ehlo()
        if isinstance(server.sock, ssl.SSLSocket):
            trial.steps.append((gettext("Encryption"), str(server.sock.version())))
        if backend.username:
            _note(trial, gettext("Sign-in"), server.login(backend.username, backend.password))
        _note(trial, gettext("Sender %(address)s") % {"address": sender}, server.mail(sender))
        _note(trial, gettext("Recipient %(address)s") % {"address": to}, server.rcpt(to))
        message = EmailMessage()
        message["From"], message["To"] = sender, to
        message["Subject"] = gettext("Test mail of EV Balancer")
        message.set_content(gettext("This server can send mail."))
        _note(trial, gettext("Mail"), server.data(message.as_bytes()))
        server.quit()
    finally:
        server.close()


def _note(trial: Trial, step: str, answer: tuple[int, bytes]) -> None:
    code, said = answer
    trial.steps.append((step, f"{code} {said.decode(errors='replace')}"))
    if code not in ACCEPTED:
        raise smtplib.SMTPResponseException(code, said)


def _advice(error: Exception) -> str:
    advice: tuple[tuple[type[Exception], Callable[[], str]], ...] = (
        (
            smtplib.SMTPAuthenticationError,
            lambda: gettext("Check user name and password. Some providers need a password made for apps."),
        ),
        (
            smtplib.SMTPNotSupportedError,
            lambda: gettext(
                "The server does not offer what is set: try the other encryption, or leave the user name empty."
            ),
        ),
        (
            ssl.SSLCertVerificationError,
            lambda: gettext("The server's certificate is not valid for this host: check the host's name."),
        ),
        (ssl.SSLError, lambda: gettext("The encryption does not fit the port: try the other one.")),
        (socket.gaierror, lambda: gettext("There is no host of this name: check its spelling.")),
        (
            TimeoutError,
            lambda: gettext(
                "The server does not answer in time: check host, port and firewall, and try the other encryption."
            ),
        ),
        (ConnectionRefusedError, lambda: gettext("Nothing answers at this port: check host and port.")),
        (smtplib.SMTPServerDisconnected, lambda: gettext("The server hung up: try the other encryption.")),
    )
    if isinstance(error.__context__, TimeoutError):
        error = error.__context__  # smtplib calls it a lost connection
    for kind, said in advice:
        if isinstance(error, kind):
            return said()
    return gettext(
        "The server refused the mail: its answer says why. Often the sender's address is not allowed."
    )


def _forms_of(username: str, password: str) -> list[str]:
    """The password as a chatty server might repeat it: plain, or as AUTH LOGIN and AUTH PLAIN write it."""
    if not password:
        return []
    written = (password, f"\0{username}\0{password}")
    return [password, *(base64.b64encode(each.encode()).decode() for each in written)]


def _without(answer: str, hidden: list[str]) -> str:
    for form in hidden:
        answer = answer.replace(form, "…")
    return answer
