"""One task a meter, started and stopped as rows change. A meter that fails waits longer each time and harms no other."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import DatabaseError, close_old_connections

from evbalancer.common.errors import DomainError
from grid.domain import readings
from grid.domain.readings import Measured
from grid.models import Circuit, Meter
from grid.readers.kinds import READERS
from grid.readers.source import ReadError, Source, Trouble, source_of

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)

RELOAD_S = 15
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
# A reader that says nothing for so long is started again: the meter counts as silent soon.
SILENT_S = 45
# What could not be used is shown for so long, though good readings come between.
TROUBLE_STAYS_S = 60.0


class Supervisor:
    def __init__(self, *, reload_s: float = RELOAD_S, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._reload_s, self._first_wait_s = reload_s, first_wait_s
        self._tasks: dict[Source, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set."""
        try:
            while not stop.is_set():
                await self._follow()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._reload_s)
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """Start what is new or changed, stop what is gone. Without a database everything goes on as it is."""
        try:
            wanted = await _in_database(_sources)
        except Exception:
            logger.exception("The meters can't be looked up")
            return
        for source in [source for source in self._tasks if source not in wanted]:
            self._tasks.pop(source).cancel()
        for source in wanted:
            if source not in self._tasks or self._tasks[source].done():
                self._tasks[source] = asyncio.create_task(self._watch(source))

    async def _watch(self, source: Source) -> None:
        wait_s = self._first_wait_s
        while True:
            try:
                async for _ in _keep(source):
                    wait_s = self._first_wait_s
            except (ReadError, DomainError) as error:
                await _note(source.meter_id, error.detail if isinstance(error, DomainError) else str(error))
            except TimeoutError:
                await _note(source.meter_id, f"No reading for {SILENT_S} s.")
            except Exception:
                # A defect of one reader must not end the others.
                logger.exception("The reader of meter %s failed", source.meter_id)
                await _note(source.meter_id, "The reader failed; see the log.")
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)


async def _keep(source: Source) -> AsyncIterator[None]:
    """Store a reading every `every_s`, whatever the meter's pace; yields after each. Raises TimeoutError in silence."""
    due, said, said_until = 0.0, "", 0.0
    async with aclosing(READERS[source.kind](source)) as found:
        while True:
            async with asyncio.timeout(SILENT_S):
                measured = await anext(found, None)
            if measured is None:
                return
            now = time.monotonic()
            if isinstance(measured, Trouble):
                # What follows may be right: the connection stays, and the meter's page says what came.
                if measured.text != said or now >= said_until:
                    await _note(source.meter_id, measured.text)
                said, said_until = measured.text, now + TROUBLE_STAYS_S
            elif now >= due:
                due = now + source.every_s - 0.5
                await _in_database(_record, source, measured, is_well=now >= said_until)
                yield


async def _in_database(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await sync_to_async(call)(*args, **kwargs)
    except DatabaseError:
        # The next call gets a connection that works.
        await sync_to_async(close_old_connections)()
        raise


def _record(source: Source, measured: Measured, *, is_well: bool) -> None:
    now = datetime.now(UTC)
    circuit = Circuit.objects.select_related("cluster").get(pk=source.circuit_id)
    readings.record_reading(circuit, base_load_ma=measured, measured_at=now, now=now)
    if is_well:
        Meter.objects.filter(pk=source.meter_id).exclude(error="").update(error="", error_at=None)


async def _note(meter_id: UUID, error: str) -> None:
    """For the admin: what is wrong, since when. Lost without a database, like the readings themselves."""
    logger.warning("Meter %s: %s", meter_id, error)
    with contextlib.suppress(DatabaseError):
        await _in_database(_store_error, meter_id, error[:200])


def _store_error(meter_id: UUID, error: str) -> None:
    Meter.objects.filter(pk=meter_id).exclude(error=error).update(error=error, error_at=datetime.now(UTC))


def _sources() -> Mapping[Source, None]:
    found: dict[Source, None] = {}
    rows = Meter.objects.filter(active=True, circuit__has_meter=True, circuit__retired_at=None)
    for meter in rows.select_related("circuit__cluster"):
        try:
            found[source_of(meter)] = None
        except (ValidationError, DomainError) as error:
            logger.warning("Meter %s can't be read: %s", meter.pk, type(error).__name__)
    return found
