"""Signs of abuse. Pure: facts in, findings with their evidence out. A finding is not a verdict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

OVERSTAY, NO_SHOW, HOARDING, TAG_SHARING = "overstay", "no_show", "hoarding", "tag_sharing"
ENERGY_MISMATCH, TAMPERING, REFUTED_EMERGENCY = "energy_mismatch", "tampering", "refuted_emergency"
# Of what the charger takes in, so much reaches the battery; see `fleet.domain.curve`.
EFFICIENCY = 0.9
# A car tells whole percents: each end may be off by half of one.
ROUNDING_PCT = 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A community's policy."""

    overstay_grace: timedelta = timedelta(minutes=30)
    emergency_stay: timedelta = timedelta(hours=3)
    no_shows: int = 3
    no_show_period: timedelta = timedelta(days=30)
    open_slots: int = 5
    unused_share: float = 0.5
    # A car that moves on is two transactions for a moment, where one's stop comes late.
    shared_for: timedelta = timedelta(minutes=10)
    # The meter may differ from what the car took in by this share, and at least by this much.
    energy_share: float = 0.25
    energy_wh: int = 3_000
    tamper_events: int = 1


@dataclass(frozen=True, slots=True)
class Stay:
    """A car that stood after its energy was done: from `done_at` until `left_at`, or still."""

    key: str
    driver: str
    done_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waited for a connector, from `start` until `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A booking as far as it matters here. `state` is the slot's state."""

    key: str
    driver: str
    begins_at: datetime
    state: str
    energy_wh: int
    received_wh: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """A transaction by a tag; still running without `end`. `vehicle` is empty where the car is not known."""

    key: str
    driver: str
    tag: str
    connector: str
    vehicle: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What the meter counted in a session, beside what the car told at both of its ends."""

    key: str
    driver: str
    metered_wh: int
    battery_wh: int
    from_pct: int
    to_pct: int


@dataclass(frozen=True, slots=True)
class Served:
    """An emergency that was granted, and when its car left; still there without `left_at`."""

    key: str
    driver: str
    needed_by: datetime
    granted_wh: int
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sign:
    """A security event of a charger while somebody's car stood there. `session` and `driver` are that stay's."""

    session: str
    driver: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` makes it unique: the same subject is found once, however often the scan runs."""

    kind: str
    driver: str
    subject: str
    evidence: Mapping[str, object] = field(default_factory=dict)


def overstays(
    stays: Iterable[Stay], waits: Sequence[Wait], policy: Thresholds, *, now: datetime
) -> Iterator[Finding]:
    """A finished car that stood beyond the grace while somebody else waited for a connector."""
    ordered = _merged(sorted(waits, key=lambda wait: wait.start))
    for stay in stays:
        free_by = stay.done_at + policy.overstay_grace
        waited = kept_waiting(stay, ordered, policy, now=now)
        if waited:
            yield Finding(
                OVERSTAY,
                stay.driver,
                stay.key,
                {
                    "done_at": stay.done_at.isoformat(),
                    "free_by": free_by.isoformat(),
                    "left_at": stay.left_at.isoformat() if stay.left_at else None,
                    "others_waited_s": int(waited.total_seconds()),
                },
            )


def kept_waiting(stay: Stay, waits: Sequence[Wait], policy: Thresholds, *, now: datetime) -> timedelta:
    """How long beyond the grace somebody waited while the car stood there. `waits` in order of their start."""
    return _overlap(stay.done_at + policy.overstay_grace, stay.left_at or now, waits)


def no_shows(slots: Iterable[Slot], policy: Thresholds, *, now: datetime) -> Iterator[Finding]:
    """Slots that lapsed because the car did not come, as often as the policy bears and more."""
    since = now - policy.no_show_period
    lapsed = [slot for slot in slots if slot.state == "lapsed" and slot.begins_at > since]
    for driver, group in _by_driver(lapsed):
        missed = sorted(group, key=lambda slot: slot.begins_at)
        if len(missed) >= policy.no_shows:
            # Found again only when as many more were missed.
            newest = missed[len(missed) // policy.no_shows * policy.no_shows - 1]
            yield Finding(
                NO_SHOW,
                driver,
                newest.key,
                {"missed": [slot.begins_at.isoformat() for slot in missed], "allowed": policy.no_shows - 1},
            )


def hoarding(slots: Iterable[Slot], policy: Thresholds) -> Iterator[Finding]:
    """More open slots at once than the policy bears, most of earlier ones' energy having been left unused."""
    for driver, group in _by_driver(slots):
        held = [slot for slot in group if slot.state in ("promised", "partly_promised", "queued")]
        past = [slot for slot in group if slot.state in ("fulfilled", "lapsed", "cancelled")]
        booked_wh = sum(slot.energy_wh for slot in past)
        used = sum(min(slot.received_wh, slot.energy_wh) for slot in past)
        unused = 1 - used / booked_wh if booked_wh else 0.0
        if len(held) > policy.open_slots and unused > policy.unused_share:
            first = min(held, key=lambda slot: (slot.begins_at, slot.key))
            yield Finding(
                HOARDING,
                driver,
                first.key,
                {"open_slots": len(held), "allowed": policy.open_slots, "unused_share": round(unused, 2)},
            )


def tag_sharing(charges: Iterable[Charge], policy: Thresholds, *, now: datetime) -> Iterator[Finding]:
    """One tag that charged on two connectors at once. Two known cars of one driver are their own business."""
    ordered = sorted(charges, key=lambda charge: (charge.tag, charge.start, charge.key))
    for _, group in groupby(ordered, key=lambda charge: charge.tag):
        running: list[Charge] = []
        for charge in group:
            running = [other for other in running if (other.end or now) > charge.start]
            for other in running:
                together = min(other.end or now, charge.end or now) - charge.start
                both_known = charge.vehicle and other.vehicle and charge.vehicle != other.vehicle
                if charge.connector != other.connector and not both_known and together > policy.shared_for:
                    evidence = {
                        "sessions": [other.key, charge.key],
                        "since": charge.start.isoformat(),
                        "together_s": int(together.total_seconds()),
                    }
                    yield Finding(TAG_SHARING, charge.driver, charge.key, evidence)
                    break
            running.append(charge)


def refuted_emergencies(claims: Iterable[Served], policy: Thresholds, *, now: datetime) -> Iterator[Finding]:
    """Power that was taken from others for a drive that did not take place in time, nor long after."""
    for claim in claims:
        stayed = (claim.left_at or now) - claim.needed_by
        if stayed > policy.emergency_stay:
            evidence = {
                "needed_by": claim.needed_by.isoformat(),
                "left_at": claim.left_at.isoformat() if claim.left_at else None,
                "stayed_s": int(stayed.total_seconds()),
                "granted_wh": claim.granted_wh,
            }
            yield Finding(REFUTED_EMERGENCY, claim.driver, claim.key, evidence)


def energy_mismatches(intakes: Iterable[Intake], policy: Thresholds) -> Iterator[Finding]:
    """Sessions whose meter and car contradict beyond the tolerance and the rounding of whole percents."""
    for intake in intakes:
        gained_pct = intake.to_pct - intake.from_pct
        expected_wh = max(0, round(intake.battery_wh * gained_pct / 100 / EFFICIENCY))
        rounding_wh = intake.battery_wh * ROUNDING_PCT / 100 / EFFICIENCY
        tolerance_wh = round(max(policy.energy_wh, expected_wh * policy.energy_share) + rounding_wh)
        if abs(intake.metered_wh - expected_wh) > tolerance_wh:
            evidence = {
                "metered_wh": intake.metered_wh,
                "expected_wh": expected_wh,
                "tolerance_wh": tolerance_wh,
                "battery_wh": intake.battery_wh,
                "from_pct": intake.from_pct,
                "to_pct": intake.to_pct,
            }
            yield Finding(ENERGY_MISMATCH, intake.driver, intake.key, evidence)


def tampering(signs: Iterable[Sign], policy: Thresholds) -> Iterator[Finding]:
    """Stays during which the charger reported as many signs of tampering as the policy bears and more."""
    ordered = sorted(signs, key=lambda sign: (sign.session, sign.at))
    for session, group in groupby(ordered, key=lambda sign: sign.session):
        found = list(group)
        if len(found) >= policy.tamper_events:
            events = [{"kind": sign.kind, "at": sign.at.isoformat()} for sign in found]
            yield Finding(TAMPERING, found[0].driver, session, {"events": events})


def _by_driver(slots: Iterable[Slot]) -> Iterator[tuple[str, list[Slot]]]:
    ordered = sorted(slots, key=lambda slot: slot.driver)
    for driver, group in groupby(ordered, key=lambda slot: slot.driver):
        yield driver, list(group)


def _merged(waits: Sequence[Wait]) -> list[Wait]:
    """The same time without overlaps: thousands of waits are a few spans, and each stay looks at those only."""
    spans: list[Wait] = []
    for wait in waits:
        if spans and wait.start <= spans[-1].end:
            spans[-1] = Wait(spans[-1].start, max(spans[-1].end, wait.end))
        else:
            spans.append(wait)
    return spans


def _overlap(start: datetime, end: datetime, waits: Sequence[Wait]) -> timedelta:
    """How long between `start` and `end` at least one waited; `waits` in order of their start."""
    total = timedelta(0)
    reached = start
    for wait in waits:
        if wait.start >= end:
            break
        begin, until = max(wait.start, reached), min(wait.end, end)
        if until > begin:
            total += until - begin
            reached = until
    return total
