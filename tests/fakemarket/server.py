"""A provider of prices that answers as it is told, and remembers what it was asked and how."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class FakeMarket:
    """`answer` is what it says to everybody: bytes as they are, anything else as JSON. `asked` has (path, headers, body)."""

    def __init__(self) -> None:
        self.answer: object = {}
        self.status = 200
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


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
