"""A database that is read-only, or on a disk that is full, while the server and a charging car's socket run; and its repair."""

import base64
import json
import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chargers.enums import SessionState
from chargers.models import Session
from drivers.models import User
from tests.e2e import site
from tests.e2e.conftest import Server, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R12")]
WAIT_S = 60.0
PASSWORD = "a long enough secret"


class Charger:
    """Typed by hand: says one thing, and takes whatever it is asked meanwhile."""

    def __init__(self, server: Server, spec: Any, open_lines: ExitStack) -> None:
        self._open = open_lines
        login = base64.b64encode(f"{spec.id}:{spec.key}".encode()).decode()
        self._url, self._headers = f"{server.ocpp}/{spec.id}", {"Authorization": f"Basic {login}"}
        self._socket: ClientConnection | None = None
        self._number = 0

    def connect(self) -> None:
        line = connect(self._url, subprotocols=["ocpp1.6"], additional_headers=self._headers)
        self._socket = self._open.enter_context(line)

    def say(self, action: str, payload: dict[str, Any]) -> Any:
        assert self._socket is not None
        self._number += 1
        self._socket.send(json.dumps([2, str(self._number), action, payload]))
        while True:
            frame = json.loads(self._socket.recv(timeout=WAIT_S))
            if frame[0] == 2:
                self._socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
            elif frame[1] == str(self._number):
                assert frame[0] == 3, frame
                return frame[2]


@contextmanager
def read_only(server: Server) -> Iterator[None]:
    """As an operator or a failover does it: what is open is cut off, and whoever comes back may only read."""
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cut_off = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start >= %s"
        )
        # The server's own; those of other tests in this process are older.
        assert server.process is not None
        since = datetime.fromtimestamp(Path(f"/proc/{server.process.pid}").stat().st_ctime - 1, UTC)
        try:
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            cursor.execute(cut_off, [since])
            yield
        finally:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            cursor.execute(cut_off, [since])


@contextmanager
def full(server: Server) -> Iterator[None]:
    """No file of the server's takes another byte, as on a disk without room."""
    assert server.process is not None
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline_s, "it did not come to hold"
        time.sleep(0.1)


def sign_in(server: Server) -> httpx.Response:
    with httpx.Client(base_url=server.http, timeout=WAIT_S) as browser:
        form = browser.get("/admin/login/")
        assert form.status_code == 200
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token is not None
        answers = {"username": "operator", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        return browser.post("/admin/login/", data=answers, headers={"Referer": server.http})


def readiness(server: Server) -> tuple[int, str]:
    answer = httpx.get(f"{server.http}/readyz", timeout=WAIT_S)
    return answer.status_code, answer.json()["parts"]["database"]


@pytest.mark.parametrize(
    ("trouble", "vendor"), [(read_only, "postgresql"), (full, "sqlite")], ids=["read-only", "full"]
)
def test_nothing_is_lost_and_all_is_said_while_nothing_can_be_stored(
    trouble: Callable[[Server], Any], vendor: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("nomigrations"):
        pytest.skip("The server asks for its migrations before it looks whether it can store")
    if connection.vendor != vendor:
        pytest.skip(f"It is {vendor} that can be put into this trouble")
    built = site.build()
    operator = User.objects.create_superuser("operator")
    # As the server hashes it, which is slower than tests like it.
    operator.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")
    operator.save()
    (spec,) = [spec for spec in built.specs if spec.id == "A1"]
    with serving(tmp_path / "server.log") as server, ExitStack() as open_lines:
        charger = Charger(server, spec, open_lines)
        charger.connect()
        charger.say("BootNotification", {"chargePointVendor": "Typed", "chargePointModel": "Hand"})
        start = {"connectorId": 1, "idTag": "TAGA1", "meterStart": 1_000, "timestamp": "2026-03-01T10:00:00Z"}
        number = charger.say("StartTransaction", start)["transactionId"]
        stop = {"transactionId": number, "meterStop": 4_000, "timestamp": "2026-03-01T10:30:00Z"}
        with trouble(server):
            with pytest.raises(ConnectionClosed):
                charger.say("StopTransaction", stop)
            with pytest.raises(InvalidStatus) as refused:
                charger.connect()
            assert refused.value.response.status_code == 503
            answer = sign_in(server)
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
            assert "Nothing was changed" in answer.text
            until(lambda: readiness(server) == (503, "can't store"))
        until(lambda: readiness(server)[1] == "ok")
        charger.connect()
        assert "errorCode" not in charger.say("StopTransaction", stop)
        assert sign_in(server).status_code == 302
    session = Session.objects.get(transaction_id=number)
    assert (session.state, session.energy_wh, session.meter_stop_wh) == (SessionState.FINISHED, 3_000, 4_000)
