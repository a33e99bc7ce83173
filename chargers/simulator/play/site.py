from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from chargers.simulator.link import Dial, dial_websocket
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.plant.wiring import Amps3
from chargers.simulator.play.history import History, check_circuits
from chargers.simulator.station import Station
from chargers.simulator.v16.charge_point import ChargePoint
from chargers.simulator.v21.charge_point_v21 import ChargePointV21
from chargers.simulator.v201.charge_point_v201 import ChargePointV201

logger = logging.getLogger(__name__)

MAKERS: dict[str, type[Station]] = {"1.6": ChargePoint, "2.0.1": ChargePointV201, "2.1": ChargePointV21}


@dataclass(frozen=True, slots=True)
class Totals:
    """One line of what a site does at the moment."""

    charge_points: int
    online: int
    cars: int
    charging: int
    power_w: float
    queued: int

    def __str__(self) -> str:
        return (
            f"{self.online}/{self.charge_points} online, {self.cars} cars, {self.charging} charging, "
            f"{self.power_w / 1000:.1f} kW, {self.queued} messages waiting"
        )


class Site:
    """Any number of simulated charge points in one event loop, and the truth about what they draw together.

    `url` is the endpoint without the identity. `circuits` maps a circuit to its parent (None: the root); charge
    points name theirs in their spec. Use as `async with`; nothing is left behind.
    """

    def __init__(
        self,
        url: str,
        *,
        circuits: dict[str, str | None] | None = None,
        tick_s: float = 0.1,
        speed: float = 1.0,
        seed: int = 0,
        keep_samples: int | None = None,
        dial: Dial = dial_websocket,
    ) -> None:
        check_circuits(circuits or {})
        self.url = url
        self.tick_s = tick_s
        self.speed = speed
        self.seed = seed
        self.dial = dial
        self.history = History(parents=dict(circuits or {}), keep=keep_samples)
        self.charge_points: dict[str, Station] = {}
        self._ticker: asyncio.Task[None] | None = None

    def add(self, spec: ChargePointSpec) -> Station:
        """Build a charge point; on a running site it connects at once."""
        if spec.id in self.charge_points:
            raise ValueError(f"charge point {spec.id!r} is there twice")
        if spec.circuit and self.history.parents and spec.circuit not in self.history.parents:
            raise ValueError(f"charge point {spec.id!r} hangs on {spec.circuit!r}, which does not exist")
        station = MAKERS[spec.version](spec, url=self.url, speed=self.speed, seed=self.seed, dial=self.dial)
        station.on_change = self._record
        self.charge_points[spec.id] = station
        if self._ticker is not None:
            station.start()
        return station

    def __getitem__(self, identity: str) -> Station:
        return self.charge_points[identity]

    async def __aenter__(self) -> Self:
        self._ticker = asyncio.create_task(self._tick(), name="simulated site")
        for station in self.charge_points.values():
            station.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        await asyncio.gather(*(station.stop() for station in self.charge_points.values()))

    async def _tick(self) -> None:
        due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            for station in self.charge_points.values():
                try:
                    station.advance(now_s)
                except Exception:
                    logger.exception("%s: the simulated charge point failed", station.spec.id)
            self._record()
            due_s = max(due_s + self.tick_s, now_s)
            await asyncio.sleep(due_s - time.monotonic())

    def _record(self) -> None:
        self.history.record(time.time(), self.draws())

    def draws(self) -> Iterator[tuple[str, Amps3]]:
        """What is drawn where, at this moment."""
        for station in self.charge_points.values():
            yield station.spec.circuit, station.draw_ma()

    async def until(self, condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
        """Wait until condition() holds; TimeoutError with the site's totals when it does not come true."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"not within {timeout_s} s: {self.totals()}")
            await asyncio.sleep(min(0.02, self.tick_s))

    async def connected(self, *, timeout_s: float = 30.0) -> None:
        """Wait until every charge point is connected and accepted."""
        stations = self.charge_points.values()
        await self.until(lambda: all(station.online for station in stations), timeout_s=timeout_s)

    def totals(self) -> Totals:
        connectors = [c for station in self.charge_points.values() for c in station.connectors.values()]
        return Totals(
            charge_points=len(self.charge_points),
            online=sum(station.online for station in self.charge_points.values()),
            cars=sum(c.car is not None for c in connectors),
            charging=sum(any(c.terminal_ma) for c in connectors),
            power_w=sum(sum(c.terminal_ma) * c.voltage_v / 1000 for c in connectors),
            queued=sum(len(station.talker.outbox) for station in self.charge_points.values()),
        )
