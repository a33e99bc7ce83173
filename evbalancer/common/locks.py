"""One writer per cluster: the lock under which reservations are judged and commands are queued."""

import hashlib
from uuid import UUID

from django.db import connection, transaction


def _advisory_key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def lock_cluster(cluster_id: UUID) -> None:
    """Wait for the cluster's lock and hold it until the surrounding transaction ends.

    PostgreSQL: a transaction-level advisory lock. SQLite: the IMMEDIATE transaction already is the only writer.
    """
    _require_transaction()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_advisory_key(f"cluster:{cluster_id}")])


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A lock is held by a transaction; open one first")
