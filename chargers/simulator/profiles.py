from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

INF = math.inf
RECURRENCE_S = {"Daily": 86_400.0, "Weekly": 604_800.0}


class Purpose(StrEnum):
    STATION_MAX = "StationMax"  # ChargePointMaxProfile, ChargingStationMaxProfile
    EXTERNAL = "External"  # ChargingStationExternalConstraints of 2.0.1
    TX_DEFAULT = "TxDefault"
    TX = "Tx"


class KeyedBy(StrEnum):
    """By what a charge point knows that a profile replaces one that it holds. Makes differ."""

    ID_OR_SLOT = (
        "id or slot"  # 1.6 section 5.16.3 as most read it: an id anywhere, or a connector's level and purpose
    )
    ID = "id"
    SLOT = "slot"
    LEVEL = "level"  # level and purpose, whichever connector: the same section to the letter


class ProfileError(Exception):
    """The charge point answers Rejected; the text is the reason it would give (2.0.1: reasonCode)."""


@dataclass(frozen=True, slots=True)
class Period:
    start_s: float
    limit: float  # in the schedule's unit
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    unit: str  # "A" per phase or "W" in total
    periods: tuple[Period, ...]
    duration_s: float | None = None
    start: float | None = None  # unix seconds


@dataclass(frozen=True, slots=True)
class Profile:
    id: int
    stack_level: int
    purpose: Purpose
    kind: str  # Absolute, Recurring or Relative
    schedule: Schedule
    recurrency: str | None = None
    valid_from: float | None = None
    valid_to: float | None = None
    transaction_key: str | None = None
    installed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a charge point can store; the OCPP configuration keys report the same numbers."""

    max_stack_level: int = 9
    max_periods: int = 24
    max_profiles: int = 20
    units: tuple[str, ...] = ("A", "W")


@dataclass(frozen=True, slots=True)
class Grant:
    """The limit in force (None: nothing limits) and the moment until which that answer stands."""

    limit_ma: int | None
    until: float
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    connector_id: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class Feed:
    """The electrical side of a connector, needed to read a limit in W as a current."""

    phases: int = 3
    voltage_v: float = 230.0


@dataclass(frozen=True, slots=True)
class Running:
    """The transaction on a connector as far as profiles care."""

    started_at: float
    key: str | None


@dataclass(slots=True)
class ProfileStore:
    """The charging profiles of one charge point, stacked as OCPP 1.6 section 3.13 says.

    Faults a real charge point may have: `ignores_duration` (a schedule never ends), `ignores_relative` (a relative
    schedule counts from its installation) and `outranked_ma` (a local profile above every stack level).
    """

    limits: Limits = field(default_factory=Limits)
    slots: list[Slot] = field(default_factory=list)
    ignores_duration: bool = False
    ignores_relative: bool = False
    keyed_by: KeyedBy = KeyedBy.ID_OR_SLOT
    outranked_ma: int | None = None
    local_ma: int | None = None  # what an outside system allows the whole charge point
    version: int = 0  # changes with everything that may change an answer

    def misbehave(
        self,
        *,
        ignores_duration: bool | None = None,
        ignores_relative: bool | None = None,
        outranked_ma: int | None = None,
    ) -> None:
        """Set the faults that are given; outranked_ma below 0 takes that fault away."""
        if ignores_duration is not None:
            self.ignores_duration = ignores_duration
        if ignores_relative is not None:
            self.ignores_relative = ignores_relative
        if outranked_ma is not None:
            self.outranked_ma = outranked_ma if outranked_ma >= 0 else None
        self.version += 1

    def limit_locally(self, limit_ma: int | None) -> None:
        self.local_ma = limit_ma
        self.version += 1

    def install(self, profile: Profile, *, connector_id: int, now: float, running: Running | None) -> None:
        """Add a profile or replace the one it supersedes; ProfileError leaves the store as it was."""
        self.check(profile, connector_id, running)
        kept = [slot for slot in self.slots if not self._is_superseded(slot, profile, connector_id)]
        if len(kept) >= self.limits.max_profiles:
            raise ProfileError("TooManyProfiles")
        self.slots = [*kept, Slot(connector_id, replace(profile, installed_at=now))]
        self.version += 1

    def _is_superseded(self, slot: Slot, newcomer: Profile, connector_id: int) -> bool:
        known = slot.profile
        same_id = known.id == newcomer.id
        same_level = known.purpose is newcomer.purpose and known.stack_level == newcomer.stack_level
        same_slot = same_level and slot.connector_id == connector_id
        return {
            KeyedBy.ID_OR_SLOT: same_id or same_slot,
            KeyedBy.ID: same_id,
            KeyedBy.SLOT: same_slot,
            KeyedBy.LEVEL: same_id or same_level,
        }[self.keyed_by]

    def check(self, profile: Profile, connector_id: int, running: Running | None) -> None:
        """Raise ProfileError for a profile this charge point cannot take."""
        schedule = profile.schedule
        if not 0 <= profile.stack_level <= self.limits.max_stack_level:
            raise ProfileError("InvalidStackLevel")
        if not schedule.periods or len(schedule.periods) > self.limits.max_periods:
            raise ProfileError("InvalidSchedule")
        starts = [period.start_s for period in schedule.periods]
        if starts[0] != 0 or any(later <= earlier for earlier, later in itertools.pairwise(starts)):
            raise ProfileError("InvalidSchedule")
        if schedule.unit not in self.limits.units:
            raise ProfileError("UnsupportedRateUnit")
        if profile.kind == "Recurring" and (profile.recurrency not in RECURRENCE_S or schedule.start is None):
            raise ProfileError("InvalidProfile")
        if profile.purpose is Purpose.STATION_MAX and (connector_id != 0 or profile.kind == "Relative"):
            raise ProfileError("InvalidProfile")
        if profile.purpose is Purpose.TX:
            if connector_id == 0 or running is None:
                raise ProfileError("TxNotFound")
            if profile.transaction_key is not None and profile.transaction_key != running.key:
                raise ProfileError("TxNotFound")

    def clear(
        self,
        *,
        profile_id: int | None = None,
        connector_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
    ) -> list[Slot]:
        """Remove what matches every criterion that is given and return it; an id alone decides."""

        def matches(slot: Slot) -> bool:
            if profile_id is not None:
                return slot.profile.id == profile_id
            return (
                connector_id in (None, slot.connector_id)
                and purpose in (None, slot.profile.purpose)
                and stack_level in (None, slot.profile.stack_level)
            )

        gone = [slot for slot in self.slots if matches(slot)]
        if gone:
            self.slots = [slot for slot in self.slots if not matches(slot)]
            self.version += 1
        return gone

    def end_transaction(self, connector_id: int) -> None:
        """A TxProfile dies with its transaction."""
        self.clear(connector_id=connector_id, purpose=Purpose.TX)

    def forget_transactions(self) -> None:
        """A reboot: what is bound to a transaction is gone, the defaults stay."""
        self.clear(purpose=Purpose.TX)

    def station_grant(self, *, at: float, feed: Feed) -> Grant:
        """The limit for the whole charge point, all connectors together."""
        grants = [
            self._prevailing((s.profile for s in self.slots if s.profile.purpose is purpose), at, None, feed)
            for purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL)
        ]
        return lowest(Grant(self.local_ma, INF), *grants)

    def connector_grant(self, connector_id: int, *, at: float, running: Running | None, feed: Feed) -> Grant:
        """The limit of one connector by TxProfile, else TxDefaultProfile (3.13.3 and 3.13.4)."""
        if self.outranked_ma is not None:
            return Grant(self.outranked_ma, INF)
        started_at = running.started_at if running else at
        own = [
            s.profile
            for s in self.slots
            if s.connector_id == connector_id and s.profile.purpose is Purpose.TX
        ]
        by_tx = self._prevailing(own if running else (), at, started_at, feed)
        if by_tx.limit_ma is not None:
            return by_tx
        by_default = self._prevailing(self._defaults(connector_id), at, started_at, feed)
        return replace(by_default, until=min(by_tx.until, by_default.until))

    def _defaults(self, connector_id: int) -> list[Profile]:
        # A default of the connector itself replaces that of connector 0 on the same stack level, nowhere else.
        by_level: dict[int, Profile] = {}
        for wanted in (0, connector_id):
            for slot in self.slots:
                if slot.profile.purpose is Purpose.TX_DEFAULT and slot.connector_id == wanted:
                    by_level[slot.profile.stack_level] = slot.profile
        return list(by_level.values())

    def _prevailing(
        self, profiles: Iterable[Profile], at: float, started_at: float | None, feed: Feed
    ) -> Grant:
        best: tuple[int, Period, Schedule] | None = None
        until = INF
        for profile in profiles:
            period, changes_at = self._active_period(profile, at, started_at)
            until = min(until, changes_at)
            if period is not None and (best is None or profile.stack_level > best[0]):
                best = (profile.stack_level, period, profile.schedule)
        if best is None:
            return Grant(None, until)
        _, period, schedule = best
        return Grant(limit_ma(period, schedule.unit, feed), until, period.phases)

    def _active_period(
        self, profile: Profile, at: float, started_at: float | None
    ) -> tuple[Period | None, float]:
        """The period of a profile that holds at a moment, if any, and when that may change."""
        if profile.valid_from is not None and at < profile.valid_from:
            return None, profile.valid_from
        ceiling = profile.valid_to if profile.valid_to is not None else INF
        if at >= ceiling:
            return None, INF
        schedule = profile.schedule
        start = self._schedule_start(profile, at, started_at)
        if at < start:
            return None, min(start, ceiling)
        end = INF
        if profile.kind == "Recurring":
            every_s = RECURRENCE_S[profile.recurrency or "Daily"]
            start += math.floor((at - start) / every_s) * every_s
            end = start + every_s
        again_at = end
        if schedule.duration_s is not None and not self.ignores_duration:
            end = min(end, start + schedule.duration_s)
        if at >= end:
            return None, min(again_at, ceiling)
        current = schedule.periods[0]
        for period in schedule.periods[1:]:
            if at < start + period.start_s:
                end = min(end, start + period.start_s)
                break
            current = period
        return current, min(end, ceiling)

    def _schedule_start(self, profile: Profile, at: float, started_at: float | None) -> float:
        if profile.kind == "Relative" and self.ignores_relative:
            return profile.installed_at
        if profile.kind == "Relative" or profile.schedule.start is None:
            # An absolute schedule without a start is relative to the start of charging (7.13).
            return started_at if started_at is not None else min(at, profile.installed_at)
        return profile.schedule.start


def limit_ma(period: Period, unit: str, feed: Feed) -> int:
    """A period's limit as mA per phase; W are shared by the phases in use (three unless numberPhases says less)."""
    if unit == "A":
        return round(period.limit * 1000)
    phases = min(feed.phases, period.phases or 3)
    return int(period.limit * 1000 / (feed.voltage_v * phases))


def lowest(*grants: Grant) -> Grant:
    """The minimum of several grants (3.13.4), valid until the first of them changes."""
    until = min(grant.until for grant in grants)
    limited = [grant for grant in grants if grant.limit_ma is not None]
    if not limited:
        return Grant(None, until)
    phases = [grant.phases for grant in limited if grant.phases is not None]
    return Grant(
        min(grant.limit_ma for grant in limited if grant.limit_ma is not None),
        until,
        min(phases) if phases else None,
    )


def composite(
    store: ProfileStore,
    connector_id: int,
    *,
    start: float,
    duration_s: float,
    running: Running | None,
    feed: Feed,
    nameplate_ma: int,
) -> list[tuple[float, int]]:
    """The composite schedule as (offset in s, mA per phase); connector 0 is the whole charge point."""
    periods: list[tuple[float, int]] = []
    at = start
    while at < start + duration_s:
        grant = store.station_grant(at=at, feed=feed)
        if connector_id:
            # Idle connectors are asked as if a transaction began with the schedule.
            asked = running or Running(started_at=start, key=None)
            grant = lowest(grant, store.connector_grant(connector_id, at=at, running=asked, feed=feed))
        value_ma = nameplate_ma if grant.limit_ma is None else min(nameplate_ma, grant.limit_ma)
        if not periods or periods[-1][1] != value_ma:
            periods.append((at - start, value_ma))
        at = max(grant.until, at + 0.001)  # float dust must not hold the loop
    return periods
