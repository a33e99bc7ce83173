"""A Smartcar of our own: a real HTTP server that the SDK talks to through its origin settings.

It keeps consents, rotates refresh tokens with the provider's minute of grace, serves vehicles, batch and disconnect, and
answers whatever a test tells it to: any status, header and body, late or malformed.
"""

import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

GRACE_S = 60


@dataclass
class Canned:
    """An answer told beforehand; `body` goes out as it is when it is bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass
class Car:
    id: str
    owner: str
    make: str = "TESLA"
    model: str = "Model 3"
    year: int = 2021
    percent: float = 0.5
    range_km: float = 210.0
    capacity_kwh: float = 60.0
    plugged: bool = True
    state: str = "CHARGING"
    odometer_km: float = 12_345.6
    data_age: str = ""


@dataclass
class Call:
    method: str
    path: str
    token: str
    form: dict[str, str]
    at: float


class FakeSmartcar:
    """State behind the server. `canned[path]` answers are used up one by one, before the usual behaviour."""

    def __init__(self) -> None:
        self.cars: dict[str, Car] = {}
        self.calls: list[Call] = []
        self.canned: dict[str, deque[Canned]] = defaultdict(deque)
        self.codes: dict[str, str] = {}
        self.access: dict[str, str] = {}
        self.refreshes: dict[str, str] = {}
        self.spent: dict[str, float] = {}
        self.disconnected: list[str] = []
        self.access_lasts_s = 7200
        self._count = 0
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_car(self, owner: str, **changes: Any) -> Car:
        car = Car(id=f"car-{owner}-{len(self.cars)}", owner=owner, **changes)
        self.cars[car.id] = car
        return car

    def consent(self, owner: str) -> str:
        """A code as Connect would bring back."""
        code = f"code-{owner}-{len(self.codes)}"
        self.codes[code] = owner
        return code

    def posts_to(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path and call.method == "POST"]

    def token(self, form: dict[str, str]) -> Canned:
        with self._lock:
            owner = self._owner(form)
            if owner is None:
                return Canned(400, {"error": "invalid_grant"})
            self._count += 1
            access, refresh = f"access-{owner}-{self._count}", f"refresh-{owner}-{self._count}"
            self.access[access], self.refreshes[refresh] = owner, owner
            pair = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
            return Canned(200, pair | {"expires_in": self.access_lasts_s})

    def _owner(self, form: dict[str, str]) -> str | None:
        if form.get("grant_type") == "authorization_code":
            return self.codes.pop(form.get("code", ""), None)
        refresh = form.get("refresh_token", "")
        spent_at = self.spent.get(refresh)
        if spent_at is not None and time.monotonic() - spent_at > GRACE_S:
            return None
        if refresh in self.refreshes:
            self.spent.setdefault(refresh, time.monotonic())
        return self.refreshes.get(refresh)

    def api(self, method: str, path: str, token: str, body: Any) -> Canned:  # noqa: PLR0911 (one return a path)
        owner = self.access.get(token)
        if owner is None:
            return _error(401, "AUTHENTICATION")
        own = [car.id for car in self.cars.values() if car.owner == owner]
        if path == "/v2.0/user":
            return Canned(200, {"id": owner})
        if path == "/v2.0/vehicles":
            return Canned(200, {"vehicles": own, "paging": {"count": len(own), "offset": 0}})
        _, _, _, car_id, *rest = path.split("/")
        if car_id not in own:
            return _error(403, "PERMISSION")
        car, what = self.cars[car_id], "/".join(rest)
        if what == "batch":
            answers = [self._part(car, request["path"]) for request in body["requests"]]
            return Canned(200, {"responses": answers})
        if what == "application" and method == "DELETE":
            self.disconnected.append(car_id)
            return Canned(200, {"status": "success"})
        answer = self._part(car, "/" + what)
        return Canned(answer["code"], answer["body"], answer["headers"])

    def _part(self, car: Car, path: str) -> dict[str, Any]:
        bodies = {
            "/": {"id": car.id, "make": car.make, "model": car.model, "year": car.year},
            "/battery": {"percentRemaining": car.percent, "range": car.range_km},
            "/battery/capacity": {"capacity": car.capacity_kwh},
            "/charge": {"isPluggedIn": car.plugged, "state": car.state},
            "/odometer": {"distance": car.odometer_km},
            "/permissions": {
                "permissions": ["read_battery", "read_charge"],
                "paging": {"count": 2, "offset": 0},
            },
        }
        if path not in bodies:
            return {"path": path, "code": 501, "body": {"type": "COMPATIBILITY"}, "headers": {}}
        headers = {"sc-data-age": car.data_age} if car.data_age else {}
        return {"path": path, "code": 200, "body": bodies[path], "headers": headers}


def _error(status: int, kind: str) -> Canned:
    body = {
        "statusCode": status,
        "type": kind,
        "code": None,
        "description": kind,
        "docURL": None,
        "requestId": "r",
    }
    return Canned(status, body | {"resolution": None, "detail": None})


def _handler(fake: FakeSmartcar) -> type[BaseHTTPRequestHandler]:  # noqa: C901 (it is a class)
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
            fake.calls.append(Call(method, address.path, token, form, time.monotonic()))
            if fake.canned[address.path]:
                answer = fake.canned[address.path].popleft()
            elif address.path == "/oauth/token":
                answer = fake.token(form)
            elif address.path == "/oauth/authorize":
                answer = self._consent_page(parse_qs(address.query))
            else:
                answer = fake.api(
                    method, address.path, token, json.loads(raw) if raw and not is_form else None
                )
            self._send(answer)

        def _consent_page(self, query: dict[str, list[str]]) -> Canned:
            back, state = query["redirect_uri"][0], query["state"][0]
            allow = urlencode({"code": fake.consent(query.get("user", ["driver"])[0]), "state": state})
            deny = urlencode({"error": "access_denied", "state": state})
            page = f'<h1>Smartcar</h1><a id="allow" href="{back}?{allow}">Allow</a> <a id="deny" href="{back}?{deny}">No</a>'
            return Canned(200, page.encode(), {"Content-Type": "text/html"})

        def _send(self, answer: Canned) -> None:
            if answer.delay_s:
                time.sleep(answer.delay_s)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    return Handler
