"""The most a connector could be drawing right now, whatever the network does. Pure.

    R = max(confirmed limit, every value sent whose outcome is unknown,
            the previous higher value until Accepted + settle time, fallback)
    fallback = the confirmed persistent default, else the nameplate

Source: OCPP 1.6 section 3.13.6 (a charger that loses the server keeps its profile) and docs/promises.md, E1-E6.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self


@dataclass(frozen=True, slots=True)
class Hold:
    """What is known of one connector's limit, in mA per phase. None means: nothing of that kind."""

    nameplate_ma: int
    fallback_ma: int | None = None
    confirmed_ma: int | None = None
    open_ma: int | None = None
    in_doubt_ma: int | None = None
    settling_ma: int | None = None
    settled_at: datetime | None = None
    uncontrollable: bool = False

    def reservation_ma(self, now: datetime) -> int:
        """mA per wired phase that no other car may be given at `now`."""
        if self.uncontrollable or self.fallback_ma is None:
            return self.nameplate_ma
        settling = self.settling_ma if self.settled_at is not None and now < self.settled_at else None
        known = (self.fallback_ma, self.confirmed_ma, self.open_ma, self.in_doubt_ma, settling)
        return min(self.nameplate_ma, max(value for value in known if value is not None))

    def accepted(self, limit_ma: int, *, now: datetime, settle: timedelta) -> Self:
        """The charger took `limit_ma`. What it replaces stays reserved until the car must have followed."""
        taken = replace(self, confirmed_ma=limit_ma, open_ma=None, in_doubt_ma=None, uncontrollable=False)
        raised = self.confirmed_ma is not None and limit_ma >= self.confirmed_ma and self.in_doubt_ma is None
        if raised and not self.uncontrollable:
            # A cut that settles meanwhile keeps its own clock.
            return taken
        return taken.settling_from(self.reservation_ma(now), now=now, settle=settle)

    def defaulted(self, fallback_ma: int, *, now: datetime, settle: timedelta) -> Self:
        """The charger took a persistent default: from here on it is safe without us."""
        before = self.reservation_ma(now)
        return replace(self, fallback_ma=fallback_ma).settling_from(before, now=now, settle=settle)

    def refused(self) -> Self:
        """Rejected means not applied: what was confirmed before still holds."""
        return replace(self, open_ma=None)

    def lost(self, limit_ma: int) -> Self:
        """No answer means unknown: the value may hold, and so may the one before."""
        return replace(self, open_ma=None, in_doubt_ma=max(limit_ma, self.in_doubt_ma or 0))

    def changed_car(self, *, now: datetime, settle: timedelta) -> Self:
        """A transaction began or ended: its limits are gone, the default rules; the old draw may linger."""
        before = self.reservation_ma(now)
        cleared = replace(self, confirmed_ma=None, open_ma=None, in_doubt_ma=None)
        return cleared.settling_from(before, now=now, settle=settle)

    def settling_from(self, before_ma: int, *, now: datetime, settle: timedelta) -> Self:
        """Keep the previous `before_ma` reserved until the car must have followed what holds now."""
        if before_ma <= replace(self, settling_ma=None, settled_at=None).reservation_ma(now):
            return replace(self, settling_ma=None, settled_at=None)
        return replace(self, settling_ma=before_ma, settled_at=now + settle)
