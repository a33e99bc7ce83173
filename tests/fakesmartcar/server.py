"""A Smartcar of our own: a real HTTP server that the SDK talks to through its origin settings.

It keeps consents, rotates refresh tokens with the provider's minute of grace, serves both versions of the API and the pages of
Connect, delivers webhooks, and answers whatever a test tells it to: any status, header and body, late, malformed or cut off.
"""

import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from tests.fakesmartcar import pages, v2, v3
from tests.fakesmartcar.world import LIMITS, V3_APPLICATION, Call, Canned, Car, World, refused, signature

__all__ = ["LIMITS", "Call", "Canned", "Car", "FakeSmartcar", "refused"]


class FakeSmartcar(World):
    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the SDK, and this project, talk to this server. The SDK reads it when it is imported."""
        return {
            "SMARTCAR_API_ORIGIN": self.origin,
            "SMARTCAR_AUTH_ORIGIN": f"{self.origin}/oauth/token",
            "SMARTCAR_CONNECT_ORIGIN": self.origin,
            "SMARTCAR_VEHICLE_API_V3_ORIGIN": self.origin,
            "SMARTCAR_TOKEN_URL": f"{self.origin}/oauth2/token",
            "SMARTCAR_CLIENT_ID": "local",
            "SMARTCAR_APPLICATION_ID": f"{V3_APPLICATION}local",
            "SMARTCAR_CLIENT_SECRET": "local",
            "SMARTCAR_WEBHOOK_KEY": "local",
        }

    def start(self) -> None:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def deliver(self, address: str, key: str, event: Mapping[str, Any]) -> int:
        """POST a webhook, signed. Returns the status of the answer."""
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "SC-Signature": signature(key, body)}
        with urlopen(Request(address, body, headers), timeout=15) as response:
            return int(response.status)


def _answer(fake: FakeSmartcar, method, path, token, user, form, query, body) -> Canned:
    if path in ("/oauth/token", "/oauth2/token"):
        if not token.startswith("Basic "):
            return Canned(401, {"error": "invalid_client"})
        return fake.token(form)
    if path == "/oauth/authorize":
        return pages.connect(fake, query)
    if path.startswith("/v3/"):
        return v3.answer(fake, method, path, token, user, body)
    if path.startswith("/v2.0/"):
        return v2.answer(fake, method, path, token, body)
    return refused(404, "RESOURCE_NOT_FOUND", "PATH")


def _handler(fake: FakeSmartcar) -> type[BaseHTTPRequestHandler]:  # noqa: C901 (a class in a closure)
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def do_DELETE(self) -> None:
            self._serve("DELETE")

        def _serve(self, method: str) -> None:
            address = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_form = "form" in self.headers.get("Content-Type", "")
            form = {key: values[0] for key, values in parse_qs(raw.decode()).items()} if is_form else {}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            user = self.headers.get("sc-user-id", "")
            fake.calls.append(Call(method, address.path, token, form, time.monotonic(), user))
            if fake.canned[address.path]:
                self._send(fake.canned[address.path].popleft())
                return
            body = json.loads(raw) if raw and not is_form else None
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            self._send(_answer(fake, method, address.path, token, user, form, query, body))

        def _send(self, answer: Canned) -> None:
            if answer.delay_s:
                time.sleep(answer.delay_s)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) + (100 if answer.cut else 0)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = answer.cut
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    return Handler
