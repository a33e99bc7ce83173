"""Whether an emergency is granted, and how much of it. Pure: facts in, decision with reasons out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from evbalancer.common.words.said import Said

# As long as everywhere else: `fleet.domain.vehicles.STALE_AFTER`, which a test compares.
TRUSTED_FOR = timedelta(hours=2)
LONGEST = timedelta(hours=12)
# A kWh carries a small car about 6 km; a generous 5 leaves room for winter.
KM_PER_KWH = 5
RESERVE_PCT = 10
# One strike asks for a manager's word; from here there is no priority until they lapse.
NO_PRIORITY_FROM = 2


class Unproven(StrEnum):
    """What a community does with a claim while no car tells its charge."""

    BOUNDED = "bounded"
    DISTANCE = "distance"
    MANAGER = "manager"


class Verdict(StrEnum):
    GRANT = "grant"
    ASK_MANAGER = "ask_manager"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a driver claims an emergency.

    energy_wh: asked for. charge_pct at charge_at: from the car itself, if it is linked; what a driver typed proves
    nothing. used_this_month: accepted ones in the community's calendar month. unproven and unproven_most_wh: the
    community's policy for claims without the car's fresh word.
    """

    now: datetime
    energy_wh: int
    needed_by: datetime
    plugged_in: bool
    used_this_month: int
    quota_per_month: int
    strikes: int
    needs_manager: bool
    minimum_ma: int
    power_at_minimum_w: int
    most_ma: int
    distance_km: int | None = None
    battery_wh: int | None = None
    charge_pct: int | None = None
    charge_at: datetime | None = None
    unproven: Unproven = Unproven.BOUNDED
    unproven_most_wh: int = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """minimum_ma is served before the rest is shared, until `until` or until granted_wh have flowed."""

    verdict: Verdict
    reasons: tuple[Said, ...]
    granted_wh: int = 0
    minimum_ma: int = 0
    until: datetime | None = None


def decide(facts: Facts) -> Decision:
    """Refuse what the facts refute; cut the rest to what is needed; ask a manager where policy or standing wants it."""
    refusals = _refusals(facts)
    if refusals:
        return Decision(Verdict.REFUSE, tuple(refusals))
    needed_wh, reasons = _needed(facts)
    if needed_wh <= 0:
        return Decision(Verdict.REFUSE, (*reasons, Said("emergency.covered")))
    if _held_wh(facts) is None and facts.unproven is Unproven.BOUNDED and needed_wh > facts.unproven_most_wh:
        needed_wh = facts.unproven_most_wh
        reasons.append(Said("emergency.unproven_most", {"energy_wh": needed_wh}))
    until = min(facts.needed_by, facts.now + LONGEST)
    minimum_ma = _minimum_ma(facts, needed_wh, until)
    asks = _doubts(facts)
    verdict = Verdict.ASK_MANAGER if asks else Verdict.GRANT
    return Decision(verdict, (*reasons, *asks), needed_wh, minimum_ma, until)


def _refusals(facts: Facts) -> list[Said]:
    found = []
    if facts.needed_by <= facts.now:
        found.append(Said("emergency.time_passed"))
    if not facts.plugged_in:
        found.append(Said("emergency.not_plugged_in"))
    if facts.used_this_month >= facts.quota_per_month:
        found.append(
            Said("emergency.month_used", {"used": facts.used_this_month, "all": facts.quota_per_month})
        )
    if facts.strikes >= NO_PRIORITY_FROM:
        found.append(Said("emergency.strikes_in_force", {"count": facts.strikes}))
    if facts.unproven is Unproven.DISTANCE and _held_wh(facts) is None and facts.distance_km is None:
        found.append(Said("emergency.distance_missing"))
    return found


def _needed(facts: Facts) -> tuple[int, list[Said]]:
    reasons = [_evidence(facts)]
    needed_wh = facts.energy_wh
    if facts.distance_km is not None:
        for_distance = facts.distance_km * 1000 // KM_PER_KWH
        if for_distance < needed_wh:
            needed_wh = for_distance
            reasons.append(
                Said(
                    "emergency.distance_needs", {"distance_km": facts.distance_km, "energy_wh": for_distance}
                )
            )
    held_wh = _held_wh(facts)
    if held_wh is not None and facts.battery_wh is not None:
        spare = max(0, held_wh - facts.battery_wh * RESERVE_PCT // 100)
        room = facts.battery_wh - held_wh
        if facts.distance_km is not None and spare:
            needed_wh -= spare
            reasons.append(Said("emergency.in_battery", {"energy_wh": spare}))
        if needed_wh > room:
            needed_wh = room
            reasons.append(Said("emergency.battery_room", {"energy_wh": room}))
    return needed_wh, reasons


def _evidence(facts: Facts) -> Said:
    """What the verdict rests on, said with every one."""
    if _held_wh(facts) is not None:
        return Said("emergency.car_tells", {"charge_pct": facts.charge_pct})
    if (
        facts.charge_pct is not None
        and facts.charge_at is not None
        and facts.now - facts.charge_at > TRUSTED_FOR
    ):
        hours = int((facts.now - facts.charge_at).total_seconds() // 3600)
        return Said("emergency.word_too_old", {"hours": hours})
    return Said("emergency.no_car_tells")


def _held_wh(facts: Facts) -> int | None:
    """Energy in the battery, if the car said so lately. An old reading refutes nothing and proves nothing."""
    if facts.battery_wh is None or facts.charge_pct is None or facts.charge_at is None:
        return None
    return facts.battery_wh * facts.charge_pct // 100 if facts.now - facts.charge_at <= TRUSTED_FOR else None


def _minimum_ma(facts: Facts, needed_wh: int, until: datetime) -> int:
    """The current that delivers the need in time: from the car's least to all it takes."""
    hours = (until - facts.now).total_seconds() / 3600
    share = needed_wh / hours / facts.power_at_minimum_w
    steps = -int(-facts.minimum_ma * share // 1000)
    return max(facts.minimum_ma, min(steps * 1000, facts.most_ma))


def _doubts(facts: Facts) -> list[Said]:
    doubts = []
    if facts.needs_manager:
        doubts.append(Said("emergency.manager_confirms_each"))
    if facts.strikes:
        doubts.append(Said("emergency.strike_on_record"))
    if facts.unproven is Unproven.MANAGER and _held_wh(facts) is None:
        doubts.append(Said("emergency.manager_confirms_unproven"))
    return doubts
