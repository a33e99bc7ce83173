"""Other processes on this database, where no Redis tells of them: what they queue for charge points is heard at once (ADR 139).

A hint, as every topic is: each socket looks at its queue every two seconds, whatever is heard.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from chargers.domain.orders import commands
from evbalancer.common import topics
from evbalancer.common.db.news import Ear


class Neighbours:
    """Made on the server's running loop, on which `topics` sends."""

    def __init__(self) -> None:
        self._known: Collection[UUID] = ()
        self._ear = Ear(hear=topics.pass_on, look=self.look)

    def start(self) -> None:
        self._ear.start()

    def stop(self) -> None:
        self._ear.stop()

    def look(self) -> None:
        """Nudge the sockets of whom something was queued since the last look."""
        waiting = commands.read_queue(now=datetime.now(UTC))
        found = {charge_point_id for pk, charge_point_id in waiting.items() if pk not in self._known}
        self._known = waiting.keys()
        if found:
            commands.nudge_sockets_here(found)


def listens_to_neighbours() -> bool:
    """Whether another process could use this database, and Redis does not tell of it."""
    database: Any = connection
    return not (settings.REDIS_URL or (connection.vendor == "sqlite" and database.is_in_memory_db()))
