"""The fairness ledger: what sessions wanted and received, and how much more a driver who went short weighs today."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from chargers.models import Session
from drivers.domain.standing import strikes_in_force
from grid.models import Cluster
from scheduling.models import FairnessEntry, SlotRequest

HALF_LIFE = timedelta(days=7)
REMEMBERED = 4 * HALF_LIFE
# A small session that got nothing must not outweigh a large one that got half.
PRIOR_WH = 10_000
DEFAULT_WISH_WH = 20_000
FULL_PCT = 99
STRIKE_COSTS, LEAST_FACTOR = 0.25, 0.5


def ledger_weights(cluster: Cluster, driver_ids: Collection[UUID], *, now: datetime) -> dict[UUID, float]:
    """1.0 for who got all they wanted, up to 2.0 for who got nothing of late. Newer entries count more.

    Each strike in force takes a quarter, down to half: less in a shortage, never nothing.
    """
    wanted: dict[UUID, float] = defaultdict(float)
    missed: dict[UUID, float] = defaultdict(float)
    rows = FairnessEntry.objects.filter(
        cluster=cluster, driver_id__in=list(driver_ids), at__gt=now - REMEMBERED
    )
    for driver_id, at, wanted_wh, received_wh in rows.values_list(
        "driver_id", "at", "wanted_wh", "received_wh"
    ):
        kept = 0.5 ** ((now - at) / HALF_LIFE)
        wanted[driver_id] += kept * wanted_wh
        missed[driver_id] += kept * max(0, wanted_wh - received_wh)
    strikes = strikes_in_force(driver_ids, now=now)
    return {
        driver: (1.0 + missed[driver] / (wanted[driver] + PRIOR_WH)) * strike_factor(strikes.get(driver, 0))
        for driver in driver_ids
    }


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
