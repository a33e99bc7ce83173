"""A simulated station with one connector and a car: physics and OCPP's rules of profiles, nothing of the server's code."""

from collections import deque
from dataclasses import dataclass, field

NEVER = float("inf")
PAUSE_BELOW_MA = 6_000


@dataclass(slots=True)
class Profile:
    limit_ma: int
    end_s: float


@dataclass(slots=True)
class Station:
    name: int
    nameplate_ma: int
    wired: tuple[int, ...]
    clock_late_s: float = 0.0  # its clock runs this much behind: a lease ends later by as much
    relative: bool = True
    lapses: bool = True
    ends_at_zero: bool = False
    counts_from_receipt: bool = False
    fallback: tuple[int, float] | None = None  # fallback, wait
    # The car, and how slow it is.
    plugged: bool = False
    car_ma: int = 0
    car_phases: tuple[int, ...] = ()
    lag_s: float = 10.0
    # The transaction and the profile that belongs to it.
    tx: int = 0
    tx_began_s: float = 0.0
    profile: Profile | None = None
    # The link.
    up: bool = True
    socket: int = 0
    dead_until_s: float = 0.0
    reads_s: float = 0.0
    queue: deque = field(default_factory=deque)
    # What it draws now, and until when a former grant may linger.
    draw_ma: int = 0
    granted_ma: int = 0
    lingering: list[tuple[float, int]] = field(default_factory=list)
    next_look_s: float = 0.0

    def grant(self, now: float) -> int:
        """The limit that the station tells the car, and when that may change by itself."""
        self.next_look_s = NEVER
        if not self.tx:
            return 0
        profile = self.profile
        if profile is not None:
            if now < profile.end_s:
                self.next_look_s = profile.end_s
                return profile.limit_ma
            self.profile = None
        if self.fallback is None:
            return self.nameplate_ma
        fallback_ma, wait_s = self.fallback
        waits_until = self.tx_began_s + wait_s
        if self.relative and now < waits_until:
            self.next_look_s = waits_until
            return 0
        return fallback_ma

    def step(self, now: float) -> None:
        """The car follows a cut within its lag, and a raise at once: the worst that a good car does."""
        granted = self.grant(now)
        if granted < PAUSE_BELOW_MA:
            granted = 0
        granted = min(granted, self.car_ma, self.nameplate_ma)
        if granted < self.granted_ma:
            self.lingering.append((now + self.lag_s, self.granted_ma))
        self.granted_ma = granted
        if self.lingering:
            self.lingering = [(end, was) for end, was in self.lingering if end > now and was > granted]
            for end, was in self.lingering:
                granted = max(granted, was)
                self.next_look_s = min(self.next_look_s, end)
        self.draw_ma = granted

    def begin(self, number: int, now: float) -> None:
        self.tx, self.tx_began_s, self.profile = number, now, None
        self.queue.append(("start", number))
        self.step(now)

    def end(self, now: float) -> None:
        """The contactor opens: nothing lingers."""
        self.queue.append(("stop", self.tx))
        self.tx, self.profile, self.draw_ma, self.granted_ma = 0, None, 0, 0
        self.lingering.clear()
        self.next_look_s = NEVER

    def set_limit(self, tx: int, limit_ma: int, start_s: float, end_s: float, now: float) -> bool:
        """SetChargingProfile, TxProfile: refused for another transaction than the running one."""
        if not self.tx or tx != self.tx:
            return False
        if self.counts_from_receipt:
            end_s = now + (end_s - start_s)
        end_s = end_s + self.clock_late_s if self.lapses else NEVER
        self.profile = Profile(limit_ma, end_s)
        if limit_ma == 0 and self.ends_at_zero:
            self.end(now)
        self.step(now)
        return True
