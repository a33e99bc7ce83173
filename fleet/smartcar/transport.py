"""The HTTP below the SDK, which waits 310 s for an answer and keeps one header of an error.

The SDK calls `requests.request`; `helpers.requests` is this object instead. It ends in time, follows no redirect (a token goes
to the host that it is meant for), and remembers the last answer of the thread for whoever translates the error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import local
from typing import Any

import requests

CONNECT_S = 5.0
READ_S = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What of an answer decides how to go on. Nothing was heard of a call that never came through."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport:
    def __init__(self) -> None:
        self._thread = local()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        self._thread.heard = Heard()
        options |= {"timeout": (CONNECT_S, READ_S), "allow_redirects": False}
        response = requests.request(method, url, **options)  # noqa: S113 (it is in the options)
        self._thread.heard = Heard(response.status_code, response.headers, response.content)
        return response

    def heard(self) -> Heard:
        """The last answer in this thread."""
        found: Heard = getattr(self._thread, "heard", Heard())
        return found

    def forget(self) -> None:
        self._thread.heard = Heard()


transport = Transport()
