"""The fairness ledger: what sessions wanted and received, and how much more a driver who went short weighs today."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest, TruncDate

from chargers.models import Session
from drivers.domain.standing import strikes_in_force
from grid.models import Cluster
from scheduling.models import FairnessEntry, SlotRequest

HALF_LIFE = timedelta(days=14)
REMEMBERED = 3 * HALF_LIFE
# A small session that got nothing must not outweigh a large one that got half.
PRIOR_WH = 10_000
# The exponent: at 3 a driver who got nothing for three nights has half of it back after 14; at 8 weights jump.
STEEPNESS = 3
LEAST_WEIGHT, MOST_WEIGHT = 1 / 3, 4.0
TRIFLE = 0.02  # where hardly anybody goes short, missing next to nothing must not weigh
DEFAULT_WISH_WH = 20_000
FULL_PCT = 99
STRIKE_COSTS, LEAST_FACTOR = 0.25, 0.5


def ledger_weights(cluster: Cluster, driver_ids: Collection[UUID], *, now: datetime) -> dict[UUID, float]:
    """1.0 for who went as short as the community did, up to 4 for who went shorter, down to a third. See docs/fairness.md.

    Each strike in force takes a quarter, down to half: less in a shortage, never nothing.
    """
    wanted: dict[UUID, float] = defaultdict(float)
    missed: dict[UUID, float] = defaultdict(float)
    remembered = FairnessEntry.objects.filter(cluster=cluster, at__gt=now - REMEMBERED)
    rows = remembered.filter(driver_id__in=list(driver_ids))
    for driver_id, at, wanted_wh, received_wh in rows.values_list(
        "driver_id", "at", "wanted_wh", "received_wh"
    ):
        kept = 0.5 ** ((now - at) / HALF_LIFE)
        wanted[driver_id] += kept * wanted_wh
        missed[driver_id] += kept * max(0, wanted_wh - received_wh)
    usual = _usual_shortage(remembered, now=now)
    strikes = strikes_in_force(driver_ids, now=now)
    return {
        driver: relative_weight(wanted[driver], missed[driver], usual=usual)
        * strike_factor(strikes.get(driver, 0))
        for driver in driver_ids
    }


def relative_weight(wanted_wh: float, missed_wh: float, *, usual: float) -> float:
    """How much more a driver counts who missed this much of what was wanted, where the community missed `usual` of it."""
    own = (missed_wh + PRIOR_WH * usual) / (wanted_wh + PRIOR_WH)
    ratio = (own + TRIFLE) / (usual + TRIFLE)
    return float(min(MOST_WEIGHT, max(LEAST_WEIGHT, ratio**STEEPNESS)))


def _usual_shortage(remembered: QuerySet[FairnessEntry], *, now: datetime) -> float:
    """What part of its wishes the community missed, newer days counting more. Summed by day where the rows are."""
    days = (
        remembered.annotate(
            day=TruncDate("at", tzinfo=UTC), short_wh=Greatest(F("wanted_wh") - F("received_wh"), 0)
        )
        .order_by()
        .values("day")
        .annotate(wanted=Sum("wanted_wh"), missed=Sum("short_wh"))
    )
    wanted = missed = 0.0
    for day in days.values_list("day", "wanted", "missed"):
        kept = 0.5 ** (timedelta(days=(now.date() - day[0]).days) / HALF_LIFE)
        wanted += kept * day[1]
        missed += kept * day[2]
    return missed / wanted if wanted else 0.0


def strike_factor(strikes: int) -> float:
    return max(LEAST_FACTOR, 1.0 - STRIKE_COSTS * strikes)


def weight_of(cluster: Cluster, driver_id: UUID, *, now: datetime) -> float:
    return ledger_weights(cluster, [driver_id], now=now)[driver_id]


def record_session(session: Session, *, now: datetime) -> FairnessEntry | None:
    """Write the ledger's line of an ended session, once; nothing for a car that no driver is known of."""
    if session.driver_id is None or FairnessEntry.objects.filter(session=session).exists():
        return None
    slot = SlotRequest.objects.filter(session=session).order_by("created_at").last()
    wanted_wh = max(wanted(session, slot), 0)
    return FairnessEntry.objects.create(
        community_id=session.community_id,
        cluster_id=session.connector.circuit.cluster_id,
        driver_id=session.driver_id,
        session=session,
        at=now,
        wanted_wh=wanted_wh,
        promised_wh=slot.promised_wh if slot else 0,
        received_wh=session.energy_wh,
        waited_s=_waited_s(session),
    )


def wanted(session: Session, slot: SlotRequest | None) -> int:
    """What the session wanted in Wh: as asked, else the room in the battery, else a usual evening's energy.

    Never more than the battery holds: an inflated wish buys no weight. A car that ended full wanted what it got.
    """
    vehicle = session.vehicle
    if session.charge_pct is not None and session.charge_pct >= FULL_PCT:
        return session.energy_wh
    if slot is not None:
        wish_wh = int(slot.energy_wh)
    elif vehicle is not None and vehicle.battery_wh and session.charge_pct is not None:
        wish_wh = int(session.energy_wh + vehicle.battery_wh * (100 - session.charge_pct) // 100)
    else:
        wish_wh = max(DEFAULT_WISH_WH, session.energy_wh)
    return min(wish_wh, vehicle.battery_wh) if vehicle is not None and vehicle.battery_wh else wish_wh


def _waited_s(session: Session) -> int:
    """From plugging in to the first power, as far as the transaction's start tells."""
    if session.started_at is None:
        return 0
    return max(0, int((session.started_at - session.plugged_at).total_seconds()))
