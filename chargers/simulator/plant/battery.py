from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MIN_MA = 6_000  # IEC 61851: below 6 A a car does not charge


@dataclass(slots=True)
class Car:
    """An electric car: what it draws follows what it is offered, late and never above its own needs.

    `settle_s` is the time between a change of the offer and the change of the current; `wake_s` is the same for a
    car that was paused. `obeys` False is a car that ignores the pilot signal and draws all it can.
    """

    battery_wh: int = 60_000
    soc_pct: float = 40.0
    target_pct: float = 100.0
    phases: int = 3
    max_ma: int = 16_000
    min_ma: int = MIN_MA
    settle_s: float = 3.0
    wake_s: float = 0.0
    taper_from_pct: float = 80.0
    obeys: bool = True
    name: str = ""
    _following_ma: int = field(default=0, repr=False)
    _offered_ma: int = field(default=0, repr=False)
    _pending: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    def __post_init__(self) -> None:
        if self.phases not in (1, 2, 3):
            raise ValueError(f"a car charges on 1, 2 or 3 phases, not {self.phases!r}")
        if self.battery_wh <= 0 or not 0 <= self.soc_pct <= 100:
            raise ValueError("a car needs a battery above 0 Wh and a charge between 0 and 100 %")
        if self.settle_s < 0 or self.wake_s < 0:
            raise ValueError("settle_s and wake_s of a car must not be negative")

    @property
    def is_full(self) -> bool:
        return self.soc_pct >= self.target_pct

    @property
    def wanted_ma(self) -> int:
        """What the car would draw per phase if nothing limited it: flat, then falling to its minimum at 100 %."""
        if self.is_full:
            return 0
        if self.soc_pct <= self.taper_from_pct:
            return self.max_ma
        left = (100.0 - self.soc_pct) / (100.0 - self.taper_from_pct)
        return max(self.min_ma, int(self.min_ma + (self.max_ma - self.min_ma) * left))

    def offer(self, limit_ma: int, *, at_s: float) -> None:
        """The pilot signal now says limit_ma (0: pause); the current follows when the car has settled."""
        if limit_ma == self._offered_ma:
            return
        wakes = self._offered_ma < self.min_ma <= limit_ma
        due_s = at_s + max(self.settle_s, self.wake_s if wakes else 0.0)
        # A cut overtakes a raise that the car has not woken up for.
        while self._pending and self._pending[-1][0] > due_s:
            self._pending.pop()
        self._pending.append((due_s, limit_ma))
        self._offered_ma = limit_ma

    def current_ma(self, *, at_s: float) -> int:
        """What the car draws on each of its phases at that moment."""
        while self._pending and self._pending[0][0] <= at_s:
            self._following_ma = self._pending.popleft()[1]
        if not self.obeys:
            return self.wanted_ma if self._offered_ma or self._following_ma else 0
        if self._following_ma < self.min_ma:
            return 0
        return min(self._following_ma, self.wanted_ma)

    def cut_off(self) -> None:
        """The contactor opened or the cable is out: nothing flows, whatever the car would do."""
        self._pending.clear()
        self._following_ma = self._offered_ma = 0

    def store(self, energy_wh: float) -> None:
        self.soc_pct = min(self.target_pct, self.soc_pct + 100.0 * energy_wh / self.battery_wh)
