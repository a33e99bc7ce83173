"""A push service on loopback with one browser behind it: it takes messages over TLS, and only the browser can read them."""

import base64
import json
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evbalancer.common.security import outbound, push
from tests.factories.certificates import Authority
from tests.loopback_server import LoopbackServer

HOST = "push.example.org"
PUBLIC = "93.184.215.14"
LOOPBACK = "127.0.0.1"


class Browser:
    """Its keys, and the messages that its push service was given, as it reads them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def target(self) -> push.Target:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return push.Target(self.endpoint, _encode(point), _encode(self._auth))

    @property
    def subscription(self) -> dict[str, Any]:
        """As PushSubscription.toJSON() has it."""
        return {
            "endpoint": self.endpoint,
            "keys": {"p256dh": self.target.p256dh, "auth": self.target.auth},
        }

    def read(self, body: bytes) -> dict[str, Any]:
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        told: dict[str, Any] = json.loads(plain)
        return told


class Net:
    """Stands for the way to push services: keeps what was sent, decrypted by its browser, or answers what it is told to."""

    def __init__(self, *browsers: Browser) -> None:
        self.browsers = {browser.endpoint: browser for browser in browsers}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.status = 201

    def __call__(self, url: str, body: bytes, headers: Any) -> int:
        if self.status != 201:
            raise outbound.DeliveryError(f"Answered {self.status}", self.status)
        self.sent.append((url, self.browsers[url].read(body)))
        return 201


class FakePush(LoopbackServer):
    """`send` calls it as `outbound.post` calls a service of the wide world: by TLS to an address that was checked."""

    def __init__(self, folder: Path) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 201
        authority = Authority("Push CA")
        root, _ = authority.write(folder, "root")
        chain, key = authority.issue(HOST, now=datetime.now(UTC), address=LOOPBACK).write(folder, "push")
        super().__init__(_handler(self))
        self.port = self._server.server_port
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(chain, key)
        self._server.socket = theirs.wrap_socket(self._server.socket, server_side=True)
        ours = ssl.create_default_context(cafile=str(root))
        # It is issued to the loopback address; names are checked elsewhere.
        ours.check_hostname = False
        self.send: outbound.Send = partial(outbound.post, resolve=lambda *_: [PUBLIC], context=ours)

    @property
    def endpoint(self) -> str:
        return f"https://{HOST}:{self.port}/send/abc"

    def claims(self) -> dict[str, Any]:
        """Of the newest call, judged as a push service does: signed by the key that it names, and for this service."""
        scheme, _, parts = self.calls[-1][0]["Authorization"].partition(" ")
        assert scheme == "vapid"
        named = dict(part.strip().split("=", 1) for part in parts.split(","))
        point = base64.urlsafe_b64decode(named["k"] + "=")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        found: dict[str, Any] = jwt.decode(
            named["t"], key, algorithms=["ES256"], audience=f"https://{HOST}:{self.port}"
        )
        return found


def _handler(service: FakePush) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.calls.append((dict(self.headers), body))
            self.send_response(service.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


def to_loopback(connect: Callable[..., Any]) -> Callable[..., Any]:
    """In place of socket.create_connection: the checked address of the wide world leads here."""

    def create_connection(address: tuple[str, int], *rest: Any) -> Any:
        assert address[0] == PUBLIC
        return connect((LOOPBACK, address[1]), *rest)

    return create_connection


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
