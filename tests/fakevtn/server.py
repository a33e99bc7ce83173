"""A virtual top node that behaves as OpenADR 3 has it: tokens by client credentials, events of a program, page by page."""

import json
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback_server import LoopbackServer

SECRET, TOKEN = "vtn-secret", "token-1"


class FakeVtn(LoopbackServer):
    """`events` is what it serves; `status` is what it answers instead when it is not 200. Programs without one here are withheld."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.programs: dict[str, object] = {}
        self.status = 200
        self.knows_pages = True
        # Says this instead of its events, a part at a time, for as long as somebody listens.
        self.drips: tuple[bytes, float] | None = None
        self.asked: list[str] = []
        super().__init__(_handler(self))


def _handler(node: FakeVtn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            right = form.get("grant_type") == ["client_credentials"] and form.get("client_secret") == [SECRET]
            self._say(200 if right else 401, {"access_token": TOKEN, "token_type": "Bearer"} if right else {})

        def do_GET(self) -> None:
            node.asked.append(self.path)
            url = urlsplit(self.path)
            _, is_program, program_id = url.path.partition("/openadr3/3.0.1/programs/")
            if is_program and program_id in node.programs:
                self._say(node.status, node.programs[program_id])
                return
            if url.path != "/openadr3/3.0.1/events" or self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._say(403, {})
                return
            if node.drips is not None:
                self._drip(*node.drips)
                return
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            mine = [
                each
                for each in node.events
                if not isinstance(each, dict) or each.get("programID") == query["programID"]
            ]
            skip, end = int(query["skip"]), int(query["skip"]) + int(query["limit"])
            self._say(node.status, mine[skip:end] if node.knows_pages else mine)

        def _drip(self, part: bytes, every_s: float) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(every_s)

        def _say(self, status: int, body: object) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
