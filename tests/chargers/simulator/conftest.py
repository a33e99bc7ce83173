"""A central system that is nobody's product: plain websockets, JSON by hand, every frame checked by its schema."""

import asyncio
import base64
import itertools
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import ocpp
import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

SCHEMAS = Path(ocpp.__file__).parent
FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}


def _iso(offset_s=0):
    return datetime.fromtimestamp(time.time() + offset_s, UTC).isoformat().replace("+00:00", "Z")


class Csms:
    """Records what charge points say; answers from `answers[action]` (a dict, a callable, None for silence)."""

    def __init__(self, port):
        self.url = f"ws://127.0.0.1:{port}/ocpp"
        self.frames = []  # (charge point, action, payload, time)
        self.logins = []  # (charge point, password)
        self.sockets = {}
        self.invalid = []
        self.passwords = {}
        self.subprotocols = list(FOLDERS)
        self.transaction_ids = itertools.count(1001)
        self.answers = {
            "BootNotification": lambda: {"currentTime": _iso(), "interval": 300, "status": "Accepted"},
            "Heartbeat": lambda: {"currentTime": _iso()},
            "Authorize": lambda: {"idTagInfo": {"status": "Accepted"}},
            "StartTransaction": lambda: {
                "transactionId": next(self.transaction_ids),
                "idTagInfo": {"status": "Accepted"},
            },
        }
        self._pending = {}
        self._ids = itertools.count()

    async def serve(self, socket):
        identity = socket.request.path.rsplit("/", 1)[1]
        self.sockets[identity] = socket
        async for raw in socket:
            frame = json.loads(raw)
            if frame[0] == 2:
                await self._answer(identity, socket, frame)
            elif frame[1] in self._pending:
                asked = self._pending.pop(frame[1])
                if not asked.done():  # nobody waits for a late answer
                    asked.set_result(frame)

    async def _answer(self, identity, socket, frame):
        _, message_id, action, payload = frame
        self._validate(socket.subprotocol, action, payload)
        self.frames.append((identity, action, payload, time.time()))
        answer = self.answers.get(action, {})
        if callable(answer):
            answer = answer()
        if answer is None:
            return
        frame = [4, message_id, answer, "", {}] if isinstance(answer, str) else [3, message_id, answer]
        with suppress(ConnectionClosed):  # what it said before it hung up is still to be read
            await socket.send(json.dumps(frame))

    def _validate(self, subprotocol, name, payload):
        folder = FOLDERS[subprotocol]
        suffix = "" if folder == "v16" or name.endswith("Response") else "Request"
        schema = json.loads((SCHEMAS / folder / "schemas" / f"{name}{suffix}.json").read_text("utf-8-sig"))
        validator = jsonschema_rs.Draft4Validator(schema, validate_formats=False)
        self.invalid.extend(f"{name}: {error.message}" for error in validator.iter_errors(payload))

    async def call(self, identity, action, payload, *, timeout_s=5):
        """The payload of the answer; a CALLERROR is returned as ("error", code)."""
        frame = await self.call_frame(identity, action, payload, timeout_s=timeout_s)
        if frame[0] == 4:
            return ("error", frame[2])
        self._validate(self.sockets[identity].subprotocol, f"{action}Response", frame[2])
        return frame[2]

    async def call_frame(self, identity, action, payload, *, timeout_s=5):
        message_id = f"csms-{next(self._ids)}"
        self._pending[message_id] = asyncio.get_running_loop().create_future()
        await self.sockets[identity].send(json.dumps([2, message_id, action, payload]))
        return await asyncio.wait_for(self._pending[message_id], timeout_s)

    def said(self, action, identity=None):
        return [f[2] for f in self.frames if f[1] == action and identity in (None, f[0])]

    def actions(self, identity=None):
        return [f[1] for f in self.frames if identity in (None, f[0])]

    async def until(self, condition, *, timeout_s=5):
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline_s, f"not within {timeout_s} s; heard {self.actions()}"
            await asyncio.sleep(0.01)

    def check(self, connection, request):
        """Basic authentication before the upgrade."""
        identity = request.path.rsplit("/", 1)[1]
        header = request.headers.get("Authorization", "")
        password = base64.b64decode(header.removeprefix("Basic ")).partition(b":")[2] if header else None
        self.logins.append((identity, password))
        if identity in self.passwords and self.passwords[identity] != password:
            return connection.respond(401, "")
        return None


@pytest.fixture
async def csms():
    """Runs on a free loopback port; the test fails when a charge point sent a frame its schema forbids."""
    holder = {}

    async def handler(socket):
        await holder["csms"].serve(socket)

    def check(connection, request):
        return holder["csms"].check(connection, request)

    def choose(connection, offered):
        return None if connection.request.path.startswith("/none/") else next(iter(offered), None)

    async with serve(
        handler,
        "127.0.0.1",
        0,
        select_subprotocol=choose,
        process_request=check,
        compression=None,
        ping_interval=None,
        close_timeout=0.2,
    ) as server:
        holder["csms"] = Csms(server.sockets[0].getsockname()[1])
        yield holder["csms"]
        assert holder["csms"].invalid == []
