from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from chargers.simulator.clock import Clock
from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.plant.defects import Faults
from chargers.simulator.plant.spec import ChargePointSpec, Settings
from chargers.simulator.plant.wiring import Amps3
from chargers.simulator.profiles import Grant, Limits, ProfileStore, lowest


class Plant(ABC):
    """The electrical side of a charge point: outlets, profiles, meters, and what flows. The site advances it."""

    clock: Clock
    faults: Faults
    profiles: ProfileStore

    def __init__(self, spec: ChargePointSpec, *, speed: float = 1.0) -> None:
        self.spec = spec
        self.settings = Settings()
        self.clock = Clock()
        self.faults = Faults()
        self.profiles = ProfileStore(limits=Limits(units=spec.rate_units), keyed_by=spec.profiles_keyed_by)
        self.available = True  # the whole charge point, connector 0
        self.on_change: Callable[[], None] = lambda: None
        self.connectors = {
            number: Connector(
                id=number,
                phases=spec.phases,
                rotation=spec.rotation,
                nameplate_ma=spec.nameplate_ma,
                voltage_v=spec.voltage_v,
                speed=speed,
                switches_phases=spec.switches_phases,
            )
            for number in range(1, spec.connectors + 1)
        }
        self._grants: dict[int, tuple[tuple[object, ...], Grant]] = {}

    @property
    @abstractmethod
    def online(self) -> bool:
        """Connected and accepted."""

    @abstractmethod
    def announce_status(self, connector: Connector) -> None: ...

    @abstractmethod
    def announce_sample(self, connector: Connector, context: str) -> None: ...

    @abstractmethod
    def profile_key(self, transaction: Transaction) -> str | None:
        """What a TxProfile must name to mean this transaction; None while the server has not named it."""

    def connector(self, connector_id: int) -> Connector:
        return self.connectors[connector_id]

    def draw_ma(self) -> Amps3:
        """What all cars here draw right now on the grid's phases L1, L2, L3."""
        draws = [connector.draw_ma() for connector in self.connectors.values()]
        return (sum(d[0] for d in draws), sum(d[1] for d in draws), sum(d[2] for d in draws))

    def advance(self, now_s: float) -> bool:
        """Move to now_s (monotonic): limits, currents, meters, statuses, samples. True when a current changed."""
        at = self.clock.now()
        changed = False
        for connector in self.connectors.values():
            limit_ma, phases = self._limit_ma(connector, at)
            changed |= connector.advance(now_s, limit_ma=limit_ma, phases=phases)
            self.watch_status(connector, now_s)
            self._sample(connector, now_s, at)
            self._expire(connector, now_s, at)
        return changed

    def touch(self) -> None:
        """Something happened between two ticks: bring the physics up to date and tell the site."""
        if self.advance(time.monotonic()):
            self.on_change()

    def _limit_ma(self, connector: Connector, at: float) -> tuple[int | None, int | None]:
        transaction = connector.transaction
        if self.faults.ignores_profiles or transaction is None:
            return None, None
        sharing = sum(1 for other in self.connectors.values() if other.transaction is not None)
        key = self.profile_key(transaction)
        state = (self.profiles.version, self.clock.skew_s, transaction.ref, key, sharing)
        known = self._grants.get(connector.id)
        if known is None or known[0] != state or at >= known[1].until:
            known = self._grants[connector.id] = (state, self._grant(connector, key, at, sharing))
        return known[1].limit_ma, known[1].phases

    def _grant(self, connector: Connector, key: str | None, at: float, sharing: int) -> Grant:
        whole = self.profiles.station_grant(at=at, feed=connector.feed)
        if whole.limit_ma is not None:
            # 1.6 section 3.13.4: the station's limit is for all connectors together.
            whole = replace(whole, limit_ma=whole.limit_ma // sharing)
        running = connector.running(key)
        own = self.profiles.connector_grant(connector.id, at=at, running=running, feed=connector.feed)
        return lowest(own, whole)

    def watch_status(self, connector: Connector, now_s: float, *, at_once: bool = False) -> None:
        status = connector.status()
        if status != connector.pending_status:
            connector.pending_status, connector.status_since_s = status, now_s
        lasted = now_s - connector.status_since_s >= self.settings.minimum_status_s
        if status != connector.reported_status and self.online and (lasted or at_once):
            connector.reported_status = status
            self.announce_status(connector)

    def _sample(self, connector: Connector, now_s: float, at: float) -> None:
        every_s = self.settings.sample_s
        if connector.transaction is not None and every_s > 0 and now_s >= connector.next_sample_s:
            behind = now_s - connector.next_sample_s > every_s
            connector.next_sample_s = (now_s if behind else connector.next_sample_s) + every_s
            self.announce_sample(connector, "Sample.Periodic")
        if self.settings.aligned_s > 0 and at >= connector.next_aligned_at:
            first = connector.next_aligned_at == 0
            connector.next_aligned_at = (at // self.settings.aligned_s + 1) * self.settings.aligned_s
            if not first and (connector.transaction is not None or self.online):
                self.announce_sample(connector, "Sample.Clock")

    def _expire(self, connector: Connector, now_s: float, at: float) -> None:
        if connector.reservation is not None and at >= connector.reservation.expires_at:
            connector.reservation = None
        if connector.authorized_tag is not None and now_s >= connector.authorized_until_s:
            connector.authorized_tag = connector.start_profile = connector.remote_start_id = None
