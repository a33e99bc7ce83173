"""Whether an emergency is granted, and how much of it. Pure: facts in, decision with reasons out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FRESH = timedelta(hours=2)
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
    reasons: tuple[str, ...]
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
        return Decision(Verdict.REFUSE, (*reasons, "The charge in the car covers the need already."))
    if _held_wh(facts) is None and facts.unproven is Unproven.BOUNDED and needed_wh > facts.unproven_most_wh:
        needed_wh = facts.unproven_most_wh
        reasons.append(f"Without the car's word at most {needed_wh / 1000:.3g} kWh are granted.")
    until = min(facts.needed_by, facts.now + LONGEST)
    minimum_ma = _minimum_ma(facts, needed_wh, until)
    asks = _doubts(facts)
    verdict = Verdict.ASK_MANAGER if asks else Verdict.GRANT
    return Decision(verdict, (*reasons, *asks), needed_wh, minimum_ma, until)


def _refusals(facts: Facts) -> list[str]:
    found = []
    if facts.needed_by <= facts.now:
        found.append("The time it is needed by has passed.")
    if not facts.plugged_in:
        found.append("The car is not plugged in at a charger of this community.")
    if facts.used_this_month >= facts.quota_per_month:
        found.append(
            f"{facts.used_this_month} of {facts.quota_per_month} emergencies of this month are used."
        )
    if facts.strikes >= NO_PRIORITY_FROM:
        found.append(f"{facts.strikes} strikes are in force: no priority until they lapse.")
    if facts.unproven is Unproven.DISTANCE and _held_wh(facts) is None and facts.distance_km is None:
        found.append("No linked car tells its charge: say how far you must drive.")
    return found


def _needed(facts: Facts) -> tuple[int, list[str]]:
    reasons = [_evidence(facts)]
    needed_wh = facts.energy_wh
    if facts.distance_km is not None:
        for_distance = facts.distance_km * 1000 // KM_PER_KWH
        if for_distance < needed_wh:
            needed_wh = for_distance
            reasons.append(f"{facts.distance_km} km need about {for_distance / 1000:.3g} kWh.")
    held_wh = _held_wh(facts)
    if held_wh is not None and facts.battery_wh is not None:
        spare = max(0, held_wh - facts.battery_wh * RESERVE_PCT // 100)
        room = facts.battery_wh - held_wh
        if facts.distance_km is not None and spare:
            needed_wh -= spare
            reasons.append(f"{spare / 1000:.3g} kWh of it are in the battery already.")
        if needed_wh > room:
            needed_wh = room
            reasons.append(f"The battery has room for {room / 1000:.3g} kWh.")
    return needed_wh, reasons


def _evidence(facts: Facts) -> str:
    """What the verdict rests on, said with every one."""
    if _held_wh(facts) is not None:
        return f"The car itself tells a charge of {facts.charge_pct} %."
    if facts.charge_pct is not None and facts.charge_at is not None and facts.now - facts.charge_at > FRESH:
        hours = int((facts.now - facts.charge_at).total_seconds() // 3600)
        return f"The car's last word on its charge is {hours} h old and proves nothing."
    return "No linked car tells its charge."


def _held_wh(facts: Facts) -> int | None:
    """Energy in the battery, if the car said so lately. An old reading refutes nothing and proves nothing."""
    if facts.battery_wh is None or facts.charge_pct is None or facts.charge_at is None:
        return None
    return facts.battery_wh * facts.charge_pct // 100 if facts.now - facts.charge_at <= FRESH else None


def _minimum_ma(facts: Facts, needed_wh: int, until: datetime) -> int:
    """The current that delivers the need in time: from the car's least to all it takes."""
    hours = (until - facts.now).total_seconds() / 3600
    share = needed_wh / hours / facts.power_at_minimum_w
    steps = -int(-facts.minimum_ma * share // 1000)
    return max(facts.minimum_ma, min(steps * 1000, facts.most_ma))


def _doubts(facts: Facts) -> list[str]:
    doubts = []
    if facts.needs_manager:
        doubts.append("A manager confirms each emergency here.")
    if facts.strikes:
        doubts.append("A strike is on record, so a manager decides.")
    if facts.unproven is Unproven.MANAGER and _held_wh(facts) is None:
        doubts.append("A manager confirms what no car proves.")
    return doubts
