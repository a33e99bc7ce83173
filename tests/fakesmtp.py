"""A mail server on loopback that keeps what it is given, as far as SMTP (RFC 5321) is needed for it."""

import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

# Nobody lives here.
REFUSED = "nobody@example.org"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        kept = self.server.kept  # type: ignore[attr-defined]
        self._say("220 ready")
        while line := self.rfile.readline():
            verb = line.decode().strip().upper()
            if verb.startswith("QUIT"):
                self._say("221 bye")
                return
            if verb.startswith("DATA"):
                self._say("354 go on")
                kept.append(message_from_bytes(b"".join(self._lines()), policy=policy.default))
            if verb.startswith("RCPT") and REFUSED.upper() in verb:
                self._say("550 No such mailbox here")
            else:
                self._say("250 ok")

    def _lines(self) -> Iterator[bytes]:
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            yield line

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextmanager
def mail_server(settings: Any) -> Iterator[list[EmailMessage]]:
    """Django sends its mail there; what arrived is in the list."""
    kept: list[EmailMessage] = []
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.kept = kept  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        point_at(settings, server.server_address[1])
        yield kept
        server.shutdown()


class _Dripping(socketserver.StreamRequestHandler):
    """Speaks a sign at a time, and never ends the line: no time-out of a socket ever comes."""

    def handle(self) -> None:
        ended = self.server.ended  # type: ignore[attr-defined]
        while not ended.wait(0.1):
            self.wfile.write(b"2")


@contextmanager
def dripping_server(settings: Any) -> Iterator[None]:
    with _Server(("127.0.0.1", 0), _Dripping) as server:
        server.ended = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        point_at(settings, server.server_address[1])
        yield
        server.ended.set()  # type: ignore[attr-defined]
        server.shutdown()


def point_at(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5


class _Strict(socketserver.StreamRequestHandler):
    """Speaks TLS and asks for a password, as the mail servers of providers do. It repeats what it was told, as some do."""

    def handle(self) -> None:
        rules = self.server.rules  # type: ignore[attr-defined]
        if rules.silent:
            rules.ended.wait(10)
            return
        if rules.tls_at_once:
            self._encrypt(rules.context)
        self._say("220 strict ready")
        while line := self.rfile.readline():
            self._answer(line.decode().strip(), rules)

    def _answer(self, line: str, rules: Any) -> None:
        verb, _, rest = line.partition(" ")
        if verb.upper() == "EHLO":
            offers = ["strict", *(["STARTTLS"] if rules.context else []), "AUTH PLAIN"]
            for number, offer in enumerate(offers, start=1):
                self._say(f"250{' ' if number == len(offers) else '-'}{offer}")
        elif verb.upper() == "STARTTLS":
            self._say("220 go on")
            self._encrypt(rules.context)
        elif verb.upper() == "AUTH":
            told = b64decode(rest.split()[1]).decode().split("\0")[-1]
            good = told == rules.password
            self._say("235 welcome" if good else f"535 5.7.8 {told} is not the password ({rest.split()[1]})")
        elif verb.upper() == "DATA":
            self._say("354 go on")
            while self.rfile.readline() not in (b".\r\n", b""):
                pass
            self._say("250 queued as 4711")
        else:
            self._say("550 No such mailbox here" if REFUSED in line else "250 ok")

    def _encrypt(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@dataclass
class Rules:
    password: str = "correct horse"
    context: ssl.SSLContext | None = None
    tls_at_once: bool = False
    silent: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class _Quiet(_Server):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that distrusts the certificate hangs up."""


@contextmanager
def strict_server(rules: Rules) -> Iterator[int]:
    """The port of a server that keeps these rules."""
    with _Quiet(("127.0.0.1", 0), _Strict) as server:
        server.rules = rules  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        rules.ended.set()
        server.shutdown()
