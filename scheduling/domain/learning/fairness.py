"""The fairness ledger: the energy that sessions wanted and received, and how much more a driver who went short weighs today."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest, TruncDate

from chargers.models import Session
from drivers.domain.standing import strikes_in_force
from drivers.models import Driver
from evbalancer.common.db.prepared import One, Several, prepared
from grid.models import Cluster
from scheduling.domain.learning import habits
from scheduling.domain.learning.visits import Visit
from scheduling.enums import SlotState
from scheduling.models import FairnessEntry, SlotRequest
from scheduling.rules.guard import Learnt, StayFact

HALF_LIFE = timedelta(days=14)
REMEMBERED = 3 * HALF_LIFE
# A small session that got nothing must not outweigh a large one that got half.
PRIOR_WH = 10_000
# The exponent: at 3 a driver who got nothing for three nights has two thirds of it back after 14; at 8 weights jump.
STEEPNESS = 3
LEAST_WEIGHT, MOST_WEIGHT = 1 / 3, 4.0
TRIFLE = 0.02  # where hardly anybody goes short, missing next to nothing must not weigh
STRIKE_COSTS, LEAST_FACTOR = 0.25, 0.5
# Energy that a driver gave up by stopping or leaving early was nobody's to give.
DUE_WH = F("wanted_wh") - F("given_up_wh")


@dataclass(frozen=True, slots=True)
class Balance:
    """A driver's account at one cluster, newer lines counting more. short_wh: by how much it is short of what was usual there;
    below 0, beyond it. weight: of the driver's wishes in a shortage until that is made good, without strikes.
    """

    cluster: Cluster
    wanted_wh: int
    missed_wh: int
    usual: float
    weight: float

    @property
    def short_wh(self) -> int:
        return round(self.missed_wh - self.usual * self.wanted_wh)


def balances_of(driver: Driver, *, now: datetime) -> list[Balance]:
    """At each cluster where the driver charged within what is remembered."""
    own = FairnessEntry.objects.filter(driver=driver, at__gt=now - REMEMBERED)
    clusters = Cluster.objects.filter(pk__in=own.order_by().values("cluster"), retired_at=None)
    return [_balance(driver, cluster, now=now) for cluster in clusters.order_by("name")]


def _balance(driver: Driver, cluster: Cluster, *, now: datetime) -> Balance:
    own = FairnessEntry.objects.filter(cluster=cluster, driver=driver, at__gt=now - REMEMBERED)
    wanted_wh, missed_wh = _faded_sums(own.values_list("at", "received_wh", DUE_WH), now=now)
    usual = usual_shortage(cluster, now=now)
    weight = relative_weight(wanted_wh, missed_wh, usual=usual)
    return Balance(cluster, round(wanted_wh), round(missed_wh), usual, weight)


def _faded_sums(rows: Iterable[tuple[datetime, int, int]], *, now: datetime) -> tuple[float, float]:
    """Wanted and missed."""
    wanted_wh = missed_wh = 0.0
    for at, received_wh, due_wh in rows:
        kept = faded_share(now - at)
        wanted_wh += kept * due_wh
        missed_wh += kept * max(0, due_wh - received_wh)
    return wanted_wh, missed_wh


def ledger_weights(cluster: Cluster, driver_ids: Collection[UUID], *, now: datetime) -> dict[UUID, float]:
    """1.0 for who went as short as the community did, up to 4 for who went shorter, down to a third. See docs/fairness.md.

    Each strike in force takes a quarter, down to half: less in a shortage, never nothing.
    """
    lines: dict[UUID, list[tuple[datetime, int, int]]] = defaultdict(list)
    entries = _entries_of(cluster_id=cluster.pk, driver_ids=driver_ids, since=now - REMEMBERED)
    for driver_id, at, received_wh, due_wh in entries:
        lines[driver_id].append((at, received_wh, due_wh))
    usual = usual_shortage(cluster, now=now)
    strikes = strikes_in_force(driver_ids, now=now)
    return {
        driver: relative_weight(*_faded_sums(lines[driver], now=now), usual=usual)
        * strike_factor(strikes.get(driver, 0))
        for driver in driver_ids
    }


@prepared
def _entries_of(
    cluster_id: One, driver_ids: Several, since: One
) -> QuerySet[FairnessEntry, tuple[UUID, datetime, int, int]]:
    rows = FairnessEntry.objects.filter(cluster=cluster_id, at__gt=since, driver_id__in=driver_ids)
    return rows.values_list("driver_id", "at", "received_wh", DUE_WH)


def faded_share(age: timedelta) -> float:
    """The weight of a line of the ledger at this age."""
    return float(0.5 ** (age / HALF_LIFE))


def relative_weight(wanted_wh: float, missed_wh: float, *, usual: float) -> float:
    """How much more a driver counts who missed this much of what was wanted, where the community missed `usual` of it."""
    own = (missed_wh + PRIOR_WH * usual) / (wanted_wh + PRIOR_WH)
    ratio = (own + TRIFLE) / (usual + TRIFLE)
    return float(min(MOST_WEIGHT, max(LEAST_WEIGHT, ratio**STEEPNESS)))


def usual_shortage(cluster: Cluster, *, now: datetime) -> float:
    """The share of its wishes that the community missed, newer days counting more. The database sums by day."""
    wanted = missed = 0.0
    for day in _days_of(cluster_id=cluster.pk, since=now - REMEMBERED):
        kept = faded_share(timedelta(days=(now.date() - day[0]).days))
        wanted += kept * day[1]
        missed += kept * day[2]
    return missed / wanted if wanted else 0.0


@prepared
def _days_of(cluster_id: One, since: One) -> QuerySet[Any, tuple[date, int, int]]:
    return (
        FairnessEntry.objects.filter(cluster=cluster_id, at__gt=since)
        .annotate(day=TruncDate("at", tzinfo=UTC), short_wh=Greatest(DUE_WH - F("received_wh"), 0))
        .order_by()
        .values("day")
        .annotate(wanted=Sum(DUE_WH), missed=Sum("short_wh"))
        .values_list("day", "wanted", "missed")
    )


def strike_factor(strikes: int) -> float:
    return max(LEAST_FACTOR, 1.0 - STRIKE_COSTS * strikes)


def record_session(session: Session, *, now: datetime) -> FairnessEntry | None:
    """Write the ledger's line of an ended stay, once; nothing for a car that no driver is known of.

    `session` is its last. A wish of an earlier transaction of the stay counts only once.
    """
    visit = Visit.of(session, now=now)
    if visit.driver_id is None or FairnessEntry.objects.filter(stay_id=session.stay_id).exists():
        return None
    slot = highest_wish(session.stay_id)
    wanted_wh = count_wanted_wh(visit, slot, habits.learnt_of_one(visit.driver_id))
    line: FairnessEntry = FairnessEntry.objects.create(
        community_id=session.community_id,
        cluster_id=session.connector.circuit.cluster_id,
        driver_id=visit.driver_id,
        session=session,
        stay_id=session.stay_id,
        at=now,
        wanted_wh=wanted_wh,
        given_up_wh=given_up(visit, slot, wanted_wh=wanted_wh),
        promised_wh=slot.promised_wh if slot else 0,
        received_wh=visit.received_wh,
        waited_s=visit.waited_s,
    )
    _learn_of_stay(line, visit, slot, now=now)
    return line


def _learn_of_stay(line: FairnessEntry, visit: Visit, slot: SlotRequest | None, *, now: datetime) -> None:
    """The lesson of an ended stay about its driver, beside its line in the ledger."""
    if visit.left_at < visit.began_at:
        # The clock was set back meanwhile: how long the car was there is not known.
        return
    fact = StayFact(
        asked_wh=slot.energy_wh if slot is not None else None,
        received_wh=visit.received_wh,
        had_enough=visit.is_full or visit.received_wh >= line.wanted_wh,
        is_sated=visit.is_full,
        overrun_s=round((visit.left_at - slot.ready_by).total_seconds()) if slot is not None else None,
        stayed_s=round((visit.left_at - visit.began_at).total_seconds()),
    )
    habits.note_stay(line, fact, visit, now=now)


def highest_wish(stay_id: UUID) -> SlotRequest | None:
    """The wish of the stay: the highest that it used, of equal ones the newest."""
    used = SlotRequest.objects.filter(session__stay_id=stay_id).exclude(state=SlotState.REFUSED)
    return used.order_by("energy_wh", "created_at").last()


def count_wanted_wh(visit: Visit, slot: SlotRequest | None, learnt: Learnt) -> int:
    """The stay's wish in Wh, as it counts in the plan; silence counts as the usual wish.

    Never more than the battery holds: an inflated wish buys no weight. A car that took no more wanted what it got.
    """
    if visit.is_full:
        return visit.received_wh
    if slot is not None:
        wish_wh = max(learnt.counted_wh(slot.energy_wh), slot.promised_wh)
    else:
        wish_wh = max(learnt.silent_wh, visit.received_wh)
        if visit.battery_wh and visit.charge_pct is not None:
            room_wh = visit.battery_wh * (100 - visit.charge_pct) // 100
            wish_wh = min(wish_wh, visit.received_wh + room_wh)
    return min(wish_wh, visit.battery_wh) if visit.battery_wh else wish_wh


def given_up(visit: Visit, slot: SlotRequest | None, *, wanted_wh: int) -> int:
    """The part of the missing energy that the driver gave up, in Wh, so that nobody else kept it from the car.

    That is what full power would still have brought from stopping, or leaving, to the time that was asked for; and what
    it could not have brought while the car charged.
    """
    missing_wh = max(0, wanted_wh - visit.received_wh)
    kept_wh = min(missing_wh, max(0, visit.most_wh(visit.charged_for) - visit.received_wh))
    if slot is not None and visit.given_up_at < slot.ready_by:
        kept_wh = max(0, kept_wh - visit.most_wh(slot.ready_by - visit.given_up_at))
    return missing_wh - kept_wh
