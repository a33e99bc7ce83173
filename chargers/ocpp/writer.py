"""A thread that writes for all sockets of this process: group commit.

While one transaction commits, the next reports gather; a busy process stores thousands a second that way, an idle one
commits at once. Nobody is answered before the commit, so a kill loses nothing that was acknowledged.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import compress
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from chargers.domain.intake import BaseDesk, Desk
from chargers.domain.makes.corrections import Noted, count_corrections
from chargers.models import OcppMessage
from chargers.ocpp.aside import LONGEST_S, Aside, Entry, Receiver
from chargers.reports.base import Incoming, Report, Source
from chargers.reports.log import Correction, LogEntry
from chargers.reports.outcomes import SET_ASIDE, Outcome
from evbalancer.common.db.database import cannot_store, lost_to_another, waited_in_vain

logger = logging.getLogger(__name__)

T = TypeVar("T")
MOST_TOGETHER = 500
# Of costly reports: five hundred cars that are plugged in within a second would keep everybody waiting until the last one is stored,
# longer than charge points wait for an answer.
MOST_COSTLY = 50
# From so many reports in the last transaction on, more are gathered for a while, unless there are enough already.
BUSY_FROM = 24
ENOUGH = 150
WINDOW_S = 0.02
ATTEMPTS = 3
# Between two looks at reports that wait for a cluster, where nothing else is to be done.
ASIDE_PAUSE_S = 0.01
# A server that goes down waits so long for clusters that others have locked.
LAST_WAIT_S = 5.0
TIDY_EVERY_S = 1.0
LOG_AT_ONCE = 500
LOG_MOST = 5_000


class WriterStopped(RuntimeError):  # noqa: N818 (named for what happened)
    """The server is going down: nothing is taken any more."""


class DatabaseAway(RuntimeError):  # noqa: N818 (named for what happened)
    """The database does not answer, or can't store: nothing was kept, and nothing is wrong with the report."""


class Writer:
    """Takes reports from the event loop, hands them to the domain in batches, and resolves their futures."""

    def __init__(self, desk: BaseDesk | None = None, *, name: str = "ocpp-writer") -> None:
        self._desk = desk or Desk()
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._reports: deque[Entry] = deque()
        self._urgent: deque[Entry] = deque()
        self._aside = Aside()
        self._jobs: deque[tuple[Callable[[], Any], Receiver]] = deque()
        self._log: deque[LogEntry] = deque(maxlen=LOG_MOST)
        self._noted: deque[Noted] = deque(maxlen=LOG_MOST)
        self._work = threading.Event()
        self._hurry = threading.Event()
        self._stopping = False

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what was handed in, then close the database connection."""
        self._stopping = True
        self._work.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def submit(self, report: Incoming) -> "asyncio.Future[Any]":
        """Hand in a report; the future holds its outcome once it is committed."""
        future = self._new_future()
        self.hand_in(report, partial(_resolve, future))
        return future

    def hand_in(self, report: Incoming, receiver: Receiver) -> None:
        """Hand in a report; `receiver` is called with its outcome, or with an exception, once it is committed."""
        if self._stopping:
            raise WriterStopped
        if report.hurries:
            self._urgent.append((report, receiver))
            self._hurry.set()
        else:
            self._reports.append((report, receiver))
        if not self._work.is_set():
            self._work.set()

    def call(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        """Run something else that writes, on the same thread and connection."""
        future = self._new_future()
        self._jobs.append((job, partial(_resolve, future)))
        self._work.set()
        return future

    def log(self, entry: LogEntry) -> None:
        """Keep a frame for the OCPP log, which may lag behind and may lose its last second."""
        self._log.append(entry)

    def note_corrections(self, source: Source, action: str, corrections: tuple[Correction, ...]) -> None:
        """Count what had to be put right in a message; like the log, it may lag behind and lose its last second."""
        self._noted.append(Noted(source.charge_point_id, action, corrections))

    def _new_future(self) -> "asyncio.Future[Any]":
        if self._loop is None or self._stopping:
            raise WriterStopped
        return self._loop.create_future()

    # On the writer's own thread

    def _run(self) -> None:
        last_tidied_s = time.monotonic()
        last_count = 0
        try:
            while True:
                if not self._reports and not self._jobs and not self._urgent:
                    if self._stopping and not self._aside:
                        break
                    self._work.wait(ASIDE_PAUSE_S if self._aside else TIDY_EVERY_S)
                self._work.clear()
                if last_count >= BUSY_FROM and len(self._reports) < ENOUGH:
                    self._hurry.wait(WINDOW_S)
                self._hurry.clear()
                self._write(self._urgent)
                last_count = self._write(self._reports)
                self._write_aside()
                while self._jobs:
                    self._do_job(*self._jobs.popleft())
                if len(self._log) >= LOG_AT_ONCE or time.monotonic() - last_tidied_s >= TIDY_EVERY_S:
                    last_tidied_s = time.monotonic()
                    self._tidy()
            self._tidy()
        except BaseException:
            logger.critical("The OCPP writer died", exc_info=True)
            raise
        finally:
            connection.close()

    def _write(self, queue: deque[Entry]) -> int:
        batch = self._aside.sort_out(_next_batch(queue), now_s=time.monotonic())
        if not batch:
            return 0
        results = self._results([report for report, _ in batch])
        for (report, receiver), result in zip(batch, results, strict=True):
            if result is SET_ASIDE:
                self._aside.put(report, receiver, now_s=time.monotonic())
        self._deliver_stored(batch, results)
        return len(batch)

    def _write_aside(self) -> None:
        """Those of clusters that were locked: together, and with patience for one of them at a time."""
        if not self._aside:
            return
        batch, patient = self._aside.first_of_each(MOST_COSTLY)
        results = self._results([report for report, _ in batch], patient=patient)
        self._aside.settle(batch, is_through=[result is not SET_ASIDE for result in results])
        self._deliver_stored(batch, results)
        longest_s = LAST_WAIT_S if self._stopping else LONGEST_S
        if given_up := self._aside.give_up(before_s=time.monotonic() - longest_s):
            logger.warning("%d reports waited too long for clusters that are locked", len(given_up))
            self._deliver(given_up, [DatabaseAway()] * len(given_up))

    def _deliver_stored(self, batch: Sequence[Entry], results: Sequence[Any]) -> None:
        is_through = [result is not SET_ASIDE for result in results]
        receivers = [receiver for _, receiver in batch]
        self._deliver(list(compress(receivers, is_through)), list(compress(results, is_through)))

    def _results(self, reports: Sequence[Incoming], *, patient: UUID | None = None) -> list[Any]:
        """The outcome of each, or the exception that is raised in its place."""
        try:
            return list(self._take_patiently(reports, patient=patient))
        except (DatabaseError, InterfaceError) as error:
            if cannot_store(error):
                logger.warning("%d reports were not stored, the database can't: %s", len(reports), error)
                return [DatabaseAway()] * len(reports)
            if waited_in_vain(error) and connection.vendor == "sqlite":
                return [_for_later(report) for report in reports]
            return self._take_singly(reports)
        except Exception:
            # One report that can't be taken must not cost the others of its transaction theirs.
            logger.exception("A batch of %d reports failed and is taken one by one", len(reports))
            return self._take_singly(reports)

    def _take_patiently(self, reports: Sequence[Incoming], *, patient: UUID | None = None) -> list[Outcome]:
        """Deadlocks and serialization failures pass; try again."""
        options = {} if patient is None else {"patient": patient}
        for attempt in range(ATTEMPTS - 1):
            try:
                return self._desk.take(reports, **options)
            except (OperationalError, InterfaceError) as error:
                if waited_in_vain(error):
                    raise
                logger.warning("Attempt %d to store %d reports failed: %s", attempt + 1, len(reports), error)
                connection.close_if_unusable_or_obsolete()
                time.sleep(0.01 * (attempt + 1))
        return self._desk.take(reports, **options)

    def _take_singly(self, reports: Sequence[Incoming]) -> list[Any]:
        results: list[Any] = []
        blocked: set[UUID] = set()
        for report in reports:
            if isinstance(report, Report) and report.source.cluster_id in blocked:
                results.append(SET_ASIDE)
                continue
            try:
                results.extend(self._take_patiently([report]))
            except Exception as error:
                if lost_to_another(error):
                    blocked |= {report.source.cluster_id} if isinstance(report, Report) else set()
                    results.append(_for_later(report))
                    continue
                logger.exception("A %s could not be stored", type(report).__name__)
                results.append(DatabaseAway() if cannot_store(error) else error)
        return results

    def _do_job(self, job: Callable[[], Any], receiver: Receiver) -> None:
        try:
            result = job()
        except Exception as error:  # noqa: BLE001 (raised where the job is awaited)
            connection.close_if_unusable_or_obsolete()
            result = error
        self._deliver([receiver], [result])

    def _tidy(self) -> None:
        """What may lag behind by a second: the rows of sessions, and the log."""
        try:
            self._desk.write_owed(now=datetime.now(UTC))
        except DatabaseError:
            connection.close_if_unusable_or_obsolete()
            logger.exception("Sessions will follow their meters later")
        self._write_log()
        self._write_corrections()

    def _write_log(self) -> None:
        entries = [self._log.popleft() for _ in range(len(self._log))]
        if not entries:
            return
        try:
            OcppMessage.objects.bulk_create([_message(entry) for entry in entries], batch_size=500)
        except Exception:
            connection.close_if_unusable_or_obsolete()
            logger.exception("%d frames are missing in the OCPP log", len(entries))

    def _write_corrections(self) -> None:
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        if not noted:
            return
        try:
            count_corrections(noted, now=datetime.now(UTC))
        except Exception:
            connection.close_if_unusable_or_obsolete()
            logger.exception("The corrections of %d messages were not counted", len(noted))

    def _deliver(self, receivers: list[Receiver], results: list[Any]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_tell_all, receivers, results)


def _for_later(report: Incoming) -> Any:
    """Somebody keeps a lock for longer than locks are kept. Who only knocks can knock again."""
    return SET_ASIDE if isinstance(report, Report) else DatabaseAway()


def _next_batch(queue: deque[Entry]) -> list[Entry]:
    batch: list[Entry] = []
    costly = 0
    while queue and len(batch) < MOST_TOGETHER and costly < MOST_COSTLY:
        batch.append(queue.popleft())
        costly += batch[-1][0].is_costly
    return batch


def _tell_all(receivers: list[Receiver], results: list[Any]) -> None:
    for receiver, result in zip(receivers, results, strict=True):
        try:
            receiver(result)
        except Exception:
            logger.exception("An outcome could not be heard")


def _resolve(future: "asyncio.Future[Any]", result: Any) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _message(entry: LogEntry) -> OcppMessage:
    return OcppMessage(
        charge_point_id=entry.source.charge_point_id,
        community_id=entry.source.community_id,
        at=entry.at,
        direction=entry.direction,
        action=entry.action[:48],
        unique_id=entry.unique_id[:36],
        payload=entry.payload,
        error=entry.error[:300],
        answered_ms=entry.answered_ms,
        corrections=[str(one) for one in entry.corrections] or None,
    )
