"""News between processes through the database, where no Redis carries them (ADR 139).

PostgreSQL delivers a notification with the commit of the transaction that sent it. SQLite sends nothing, but says cheaply
whether another connection has committed since it was last asked.
"""

import logging
import select
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from django.db import connection

logger = logging.getLogger(__name__)

CHANNEL: Final = "evbalancer_news"
# PostgreSQL refuses 8,000 bytes.
MOST_BYTES: Final = 7_999
LOOK_EVERY_S: Final = 0.05
AGAIN_AFTER_S: Final = 1.0


def can_send() -> bool:
    return connection.vendor == "postgresql"


def send_news(text: str) -> None:
    """A part of the running transaction: heard when it commits, and never when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, text])


class Ear:
    """A thread with a connection of its own, which is opened again whenever it is lost.

    `hear` is called with each news, `look` whenever something may have been committed of which nothing was heard. Both in that thread.
    """

    def __init__(self, *, hear: Callable[[str], None], look: Callable[[], None]) -> None:
        self._hear = hear
        self._look = look
        self._ended = threading.Event()
        self._end_heard, self._end_told = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="news", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._end_told.close()
        self._thread.join()
        self._end_heard.close()

    def _run(self) -> None:
        listen = self._listen if can_send() else self._watch
        while not self._ended.is_set():
            try:
                listen()
            except Exception:
                logger.warning("News of other processes are late until the database is back", exc_info=True)
                self._ended.wait(AGAIN_AFTER_S)
            finally:
                connection.close()

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            # It is idle for days: whoever looks at the database's connections reads what for.
            cursor.execute("SET application_name = 'evbalancer news'")
            cursor.execute(f"LISTEN {CHANNEL}")
        raw: Any = connection.connection
        self._look()
        while not self._ended.is_set():
            select.select([raw, self._end_heard], [], [])
            raw.poll()
            while raw.notifies:
                self._hear(raw.notifies.pop(0).payload)

    def _watch(self) -> None:
        connection.ensure_connection()
        raw: Any = connection.connection
        seen = None
        while not self._ended.is_set():
            # A look at shared memory, of which writers feel nothing.
            version = raw.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                self._look()
            self._ended.wait(LOOK_EVERY_S)
