"""One writer per cluster: the lock under which reservations are judged, commands are queued and their answers are stored.

The order for everybody (ADR 78): the locks of clusters, several by their ids; then rows, many of them by their keys, and
never in a way that bars those who only refer to them. A caller that serves many clusters waits for none of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import OperationalError, connection, transaction

from evbalancer.common.db.database import lost_to_another
from evbalancer.common.errors import DomainError
from evbalancer.common.loops import for_each

# SQLite's transactions are IMMEDIATE: a caller inside one is the only writer.
_ADVISORY: Final = "postgresql"
# Rows are locked for moments. A process that keeps one for longer is in trouble, and the others are served without it.
LONGEST_ROW_WAIT: Final = timedelta(seconds=1)
# Between two statements of whoever holds a cluster. A process that says nothing for longer hangs: PostgreSQL ends its session,
# so that others may serve the cluster.
LONGEST_SILENCE: Final = timedelta(seconds=20)
BUSY: Final = "Another operation is running in this cluster. Nothing was changed. Try again in a moment."


# How long who asks waits for a cluster's lock, and for rows thereafter. None: as long as it takes.
_patience: ContextVar[timedelta | None] = ContextVar("patience", default=None)


class ClusterBusy(DomainError):  # noqa: N818 (named for what happened)
    """Somebody else has the cluster's lock, and waiting for it would keep others waiting."""

    code = "cluster_busy"
    title = "The cluster is busy"
    status = 503

    def __init__(self, cluster_id: UUID) -> None:
        super().__init__(BUSY)
        self.cluster_id = cluster_id


@contextmanager
def waiting_at_most(longest: timedelta) -> Iterator[None]:
    """For what a person waits for: inside, `lock_cluster` raises ClusterBusy instead of waiting longer than that."""
    token = _patience.set(longest)
    try:
        yield
    finally:
        _patience.reset(token)


def lock_cluster(cluster_id: UUID) -> None:
    """Wait for the cluster's lock and hold it until the surrounding transaction ends.

    PostgreSQL: a transaction-level advisory lock. SQLite: the IMMEDIATE transaction already is the only writer.
    """
    _require_transaction()
    longest = _patience.get()
    if connection.vendor != _ADVISORY:
        return
    if longest is None:
        _wait(cluster_id)
    elif not _wait_for(cluster_id, longest):
        raise ClusterBusy(cluster_id)


def lock_cluster_in_time(cluster_id: UUID, patience: timedelta) -> None:
    """Lock it as `lock_cluster` does. Raises ClusterBusy when that takes longer."""
    if not lock_free_clusters([cluster_id], patient=cluster_id, patience=patience, longest=timedelta(0)):
        raise ClusterBusy(cluster_id)


def bound_waits(longest: timedelta) -> None:
    """From here to the end of the transaction, waiting longer than that for anybody's lock is an error."""
    _require_transaction()
    if connection.vendor == _ADVISORY:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_ms(longest)])


def lock_free_clusters(
    cluster_ids: Iterable[UUID], *, patient: UUID | None = None, patience: timedelta, longest: timedelta
) -> set[UUID]:
    """Lock those clusters that nobody else has, and return them; no later wait of the transaction is longer than `longest`.

    `longest` 0 is no bound. For `patient` one waits for `patience`, before anything is held: in the queue of its lock, so that it comes to its turn
    however many want it.
    """
    _require_transaction()
    wanted = sorted(set(cluster_ids))
    if connection.vendor != _ADVISORY:
        return set(wanted)
    got = {patient} if patient in wanted and _wait_for(patient, patience) else set()
    others = [cluster_id for cluster_id in wanted if cluster_id != patient]
    tries = "".join(", pg_try_advisory_xact_lock(%s)" for _ in others)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT set_config('lock_timeout', %s, true){tries}",
            [_ms(longest), *map(_advisory_key, others)],
        )
        _, *taken = cursor.fetchone()
    return {*got, *(cluster_id for cluster_id, is_ours in zip(others, taken, strict=True) if is_ours)}


def for_each_free_cluster(cluster_ids: Iterable[UUID], act: Callable[[UUID], int]) -> int:
    """Run `act` for each cluster under its lock, in a transaction of its own; returns the sum of what it returned.

    One that somebody else has locked is left for the next time. So is one that fails: it must not cost the others theirs.
    """

    @transaction.atomic
    def act_if_free(cluster_id: UUID) -> int:
        is_free = lock_free_clusters([cluster_id], patience=timedelta(0), longest=LONGEST_ROW_WAIT)
        return act(cluster_id) if is_free else 0

    return for_each(sorted(set(cluster_ids)), act_if_free, what="Cluster")


def _wait(cluster_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true), pg_advisory_xact_lock(%s)",
            [_ms(LONGEST_SILENCE), _advisory_key(cluster_id)],
        )


def _wait_for(cluster_id: UUID, patience: timedelta) -> bool:
    try:
        with transaction.atomic():
            bound_waits(patience)
            _wait(cluster_id)
    except OperationalError as error:
        if not lost_to_another(error):
            raise
        return False
    return True


def _advisory_key(cluster_id: UUID) -> int:
    name = f"cluster:{cluster_id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)


def _ms(span: timedelta) -> str:
    return f"{span // timedelta(milliseconds=1)}ms"


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A lock is held by a transaction; open one first")
