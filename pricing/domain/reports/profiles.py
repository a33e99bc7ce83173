"""Load profiles: each ended session quarter by quarter, beside what it would have been at once. Computed after the bill, apart from it."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Sum

from chargers.models import Session
from evbalancer.common.loops import for_each
from evbalancer.common.units import ma_to_w
from pricing.domain import signals
from pricing.domain.billing import minor_of, register_of
from pricing.domain.curve_bills import split_by_curve
from pricing.domain.versions import rater_of
from pricing.enums import LineKind
from pricing.models import BillLine, LoadProfile
from pricing.rating.at_once import HOUR_S, energies_wh, register_at_once
from pricing.rating.billed import amount_minor
from pricing.rating.register import Register
from pricing.signals.series import QUARTER, QUARTER_S

# Of an install that is older than its profiles, the months that people still look at.
LOOKS_BACK: Final = timedelta(days=62)
MOST_AT_ONCE: Final = 500
LONGEST_ROUND_S: Final = 20.0


def measure_profiles(*, now: datetime) -> int:
    """Measure billed sessions without a profile, newest first. Returns how many; the others have their turn in the next run."""
    lines = BillLine.objects.filter(
        kind=LineKind.ENERGY, ended_at__gte=now - LOOKS_BACK, session__load_profile=None
    ).select_related(
        "session__community", "session__vehicle", "session__connector__charge_point__cluster", "version"
    )
    due = lines.order_by("-ended_at")[:MOST_AT_ONCE]
    return for_each(due, measure_profile, what="The load profile of bill line", longest_s=LONGEST_ROUND_S)


def measure_profile(line: BillLine) -> bool:
    """Store the profile of a billed session. True once it is stored."""
    LoadProfile.objects.update_or_create(session=line.session, defaults=facts_of(line))
    return True


def forget_profile(session: Session) -> None:
    """After a correction: what was measured no longer holds, and is measured again."""
    LoadProfile.objects.filter(session=session).delete()


def facts_of(line: BillLine) -> dict[str, object]:
    """The columns of a billed session's profile, as far as its facts and prices are known."""
    session = line.metered_session
    register = register_of(session, line.ended_at)
    start = signals.quarter_of(register.start)
    quarters_wh = energies_wh(register, start=start, length=QUARTER)
    begin, power_w = _begin(session, line), _power_w(session, quarters_wh)
    at_once = register_at_once(session.energy_wh, power_w=power_w, begin=begin, end=line.ended_at)
    is_priced = bool(line.parts) and session.energy_wh > 0
    return {
        "community_id": line.community_id,
        "cluster_id": session.connector.charge_point.cluster_id,
        "begins_at": start,
        "ended_at": line.ended_at,
        "energies_wh": quarters_wh,
        "at_once_from": begin,
        "at_once_w": power_w,
        "cost_minor": _billed_minor(session) if is_priced else None,
        "at_once_minor": _cost_minor(line, at_once) if is_priced else None,
    }


def at_once_wh(profile: LoadProfile) -> tuple[datetime, list[int]]:
    """The quarters of the same energy at once: where they begin, and what would have flowed in each."""
    start = signals.quarter_of(profile.at_once_from)
    total_wh = sum(profile.energies_wh)
    begin = profile.at_once_from
    register = register_at_once(total_wh, power_w=profile.at_once_w, begin=begin, end=begin)
    return start, energies_wh(register, start=start, length=QUARTER)


def _begin(session: Session, line: BillLine) -> datetime:
    """From plug-in on; a later transaction of a stay could not begin before the one before it had ended."""
    return line.started_at if session.stay_began_at else min(session.plugged_at, line.started_at)


def _power_w(session: Session, quarters_wh: list[int]) -> int:
    """What the connector and the car take, and not less than was measured in any quarter."""
    connector, car = session.connector, session.vehicle
    phases, each_ma = len(connector.wired_phases), connector.max_current_ma
    if car is not None:
        phases, each_ma = min(phases, car.phases), min(each_ma, car.max_current_ma)
    if session.phases_seen:
        phases = len(session.phases_seen)
    voltage_v = connector.charge_point.cluster.voltage_v
    measured_w = -(-max(quarters_wh) * HOUR_S // QUARTER_S)
    return max(1, ma_to_w(each_ma, voltage_v=voltage_v, phases=phases), measured_w)


def _cost_minor(line: BillLine, at_once: Register) -> int | None:
    """By the version that the bill names, or by the published prices; None where one of them is not known."""
    session = line.metered_session
    if line.version is not None:
        rater = rater_of(line.version, time_zone=session.community.time_zone)
        rated = rater.rate(at_once.session(rater.bounds, rater.zone, is_sated=session.ended_sated))
        return minor_of(rated.total)
    if line.tariff_id is not None:
        return None
    curve = split_by_curve(session, at_once)
    return amount_minor(curve) if curve is not None else None


def _billed_minor(session: Session) -> int:
    lines = BillLine.objects.filter(session=session, kind__in=(LineKind.ENERGY, LineKind.ADJUSTMENT))
    return int(lines.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
