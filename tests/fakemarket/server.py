"""A provider of prices that answers as it is told, and remembers what it was asked and how."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

from tests.loopback_server import LoopbackServer


class FakeMarket(LoopbackServer):
    """`answer` is what it says to everybody: bytes as they are, anything else as JSON. `asked` has (path, headers, body)."""

    def __init__(self) -> None:
        self.answer: object = {}
        self.status = 200
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []
        super().__init__(_handler(self))


def _handler(market: FakeMarket) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            market.asked.append((self.path, dict(self.headers), body))
            answer = market.answer
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(market.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
