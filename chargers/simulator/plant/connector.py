from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from chargers.simulator.plant.battery import MIN_MA, Car
from chargers.simulator.plant.wiring import NOTHING, Amps3, check_wiring, to_grid
from chargers.simulator.profiles import Feed, Profile, Running


@dataclass(slots=True)
class Transaction:
    """The metered part of a car's stay, from the charge point's side."""

    connector_id: int
    id_tag: str
    started_at: float  # the charge point's own clock
    meter_start_wh: int
    reservation_id: int | None = None
    remote_start_id: int | None = None
    server_id: int | None = None  # OCPP 1.6: the answer to StartTransaction
    ref: str = field(default_factory=lambda: str(uuid.uuid4()))  # OCPP 2.0.1: the charge point's own id
    seq_no: int = 0
    denied: bool = False  # the server refused the tag: the contactor is open, the transaction goes on
    charging_state: str = ""

    def next_seq_no(self) -> int:
        self.seq_no += 1
        return self.seq_no - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter of a connector shows; phases are the charge point's own terminals, not the grid's."""

    at: float
    register_wh: float
    terminal_ma: Amps3
    phases: int
    voltage_v: float
    offered_ma: int
    soc_pct: float | None
    transaction_wh: float | None  # since the transaction's start

    @property
    def power_w(self) -> float:
        return sum(self.terminal_ma) * self.voltage_v / 1000


@dataclass(slots=True)
class Reservation:
    id: int
    id_tag: str
    expires_at: float
    parent_id_tag: str | None = None


@dataclass(slots=True)
class Connector:
    """One outlet: cable, contactor, meter, and the truth about what flows through it."""

    id: int
    phases: int = 3
    rotation: str = "RST"
    nameplate_ma: int = 32_000
    voltage_v: float = 230.0
    speed: float = 1.0
    switches_phases: bool = False
    car: Car | None = None
    transaction: Transaction | None = None
    reservation: Reservation | None = None
    register_wh: float = 0.0
    offered_ma: int = 0
    operative: bool = True
    inoperative_after_transaction: bool = False
    error_code: str = "NoError"
    welded: bool = False  # the contactor no longer opens
    authorized_tag: str | None = None
    authorized_until_s: float = 0.0  # monotonic
    remote_start_id: int | None = None
    start_profile: Profile | None = None  # came with a remote start, for the transaction that follows
    finishing: bool = False
    reported_status: str | None = None
    status_since_s: float = 0.0
    pending_status: str = ""
    next_sample_s: float = 0.0
    next_aligned_at: float = 0.0
    _terminal_ma: Amps3 = NOTHING
    _phases_in_use: int = 3
    _advanced_s: float | None = None

    def __post_init__(self) -> None:
        check_wiring(phases=self.phases, rotation=self.rotation)
        self._phases_in_use = self.phases

    @property
    def feed(self) -> Feed:
        return Feed(phases=self.phases, voltage_v=self.voltage_v)

    @property
    def terminal_ma(self) -> Amps3:
        return self._terminal_ma

    def draw_ma(self) -> Amps3:
        """What the car draws right now on the grid's phases L1, L2, L3."""
        return to_grid(self._terminal_ma, self.rotation)

    @property
    def closed(self) -> bool:
        """The contactor: closed while an allowed transaction runs, and for good once it is welded."""
        if self.welded:
            return True
        return self.transaction is not None and not self.transaction.denied and self.error_code == "NoError"

    def advance(self, now_s: float, *, limit_ma: int | None, phases: int | None = None) -> bool:
        """Bring meter, battery and current up to now_s (monotonic); True when the current changed.

        limit_ma is what the profiles say from now on (None: no limit); the nameplate always holds.
        """
        self.meter_to(now_s)
        before = self._terminal_ma
        if self.car is None or not self.closed:
            self.offered_ma = 0
            if self.car is not None:
                self.car.cut_off()
            self._terminal_ma = NOTHING
            return before != NOTHING
        offer = self.nameplate_ma if limit_ma is None else min(limit_ma, self.nameplate_ma)
        self.offered_ma = offer if offer >= MIN_MA else 0
        self.car.offer(self.offered_ma, at_s=now_s)
        self._phases_in_use = self.phases
        if phases is not None and self.switches_phases:
            self._phases_in_use = min(self.phases, phases)
        current_ma = min(self.car.current_ma(at_s=now_s), self.nameplate_ma)
        used = min(self.car.phases, self._phases_in_use)
        self._terminal_ma = (current_ma, current_ma if used > 1 else 0, current_ma if used > 2 else 0)
        return before != self._terminal_ma

    def meter_to(self, now_s: float) -> None:
        """Count the energy of the present current up to now_s (monotonic), in the register and in the battery."""
        if self._advanced_s is not None and self._terminal_ma != NOTHING:
            hours = (now_s - self._advanced_s) / 3600
            energy_wh = sum(self._terminal_ma) * self.voltage_v / 1000 * hours
            self.register_wh += energy_wh
            if self.car is not None:
                self.car.store(energy_wh * self.speed)
        self._advanced_s = now_s

    def reading(self, at: float) -> Reading:
        started_wh = self.transaction.meter_start_wh if self.transaction else None
        return Reading(
            at=at,
            register_wh=self.register_wh,
            terminal_ma=self._terminal_ma,
            phases=self.phases,
            voltage_v=self.voltage_v,
            offered_ma=self.offered_ma,
            soc_pct=self.car.soc_pct if self.car else None,
            transaction_wh=None if started_wh is None else self.register_wh - started_wh,
        )

    def running(self, key: str | None) -> Running | None:
        return Running(started_at=self.transaction.started_at, key=key) if self.transaction else None

    def status(self) -> str:
        """OCPP 1.6's ChargePointStatus; 2.0.1 has fewer words for the same."""
        if self.error_code != "NoError":
            return "Faulted"
        if self.transaction is not None:
            return self._charging_status()
        if not self.operative:
            return "Unavailable"
        if self.car is not None:
            return "Finishing" if self.finishing else "Preparing"
        if self.authorized_tag is not None:
            return "Preparing"
        return "Reserved" if self.reservation is not None else "Available"

    def _charging_status(self) -> str:
        if self.car is None:
            return "SuspendedEV"
        if not self.closed or self.offered_ma == 0:
            return "SuspendedEVSE"
        return "SuspendedEV" if self.car.is_full or self.offered_ma < self.car.min_ma else "Charging"
