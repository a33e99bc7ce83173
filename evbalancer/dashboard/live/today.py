"""Figures of the day, and what energy costs now and when it is cheap."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from chargers.models import MeterValue, Session
from evbalancer.dashboard.live.curve import local_day
from evbalancer.dashboard.live.facts import Facts
from grid.domain import demand
from grid.models import Cluster
from pricing.domain import curves, signals
from pricing.domain.choice import active_policy
from scheduling.domain.views import analytics
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

PRICE_STEP: Final = timedelta(minutes=15)
PRICE_HORIZON: Final = 96
FAIRNESS_OVER: Final = timedelta(days=30)


def today(facts: Facts) -> dict[str, Any]:
    midnight, _ = local_day(facts.now, facts.cluster.community.time_zone)
    energy_wh, cars = _energy_since(facts, midnight)
    since = facts.now - FAIRNESS_OVER
    return {
        "energy_wh": energy_wh,
        "cars": cars,
        "jain": _jain(facts, since),
        "ready_on_time": _ready_on_time(facts, since),
        "over_days": FAIRNESS_OVER.days,
        "billed": _billed(facts),
    }


def _billed(facts: Facts) -> dict[str, int] | None:
    """The month's highest metering interval at the grid connection and its target; None where none is set."""
    seen = demand.read_billed_peak(facts.tree.root, now=facts.now)
    if seen is None:
        return None
    return {
        "month_peak_w": seen.month_peak_w,
        "target_w": seen.target.target_w,
    }


def _jain(facts: Facts, since: datetime) -> float | None:
    """Jain's index over drivers of energy received by energy wanted; one driver alone is neither fair nor unfair."""
    report = analytics.report_fairness(facts.cluster, start=since, end=facts.now)
    return round(report.jain, 3) if report.jain is not None and len(report.lines) > 1 else None


def _ready_on_time(facts: Facts, since: datetime) -> dict[str, int] | None:
    """Of the slots that were used and whose time is over: how many had their energy."""
    over = SlotRequest.objects.filter(
        cluster=facts.cluster,
        session__isnull=False,
        ready_by__range=(since, facts.now),
    ).exclude(state=SlotState.CANCELLED)
    total = over.count()
    return {"ready": over.filter(state=SlotState.FULFILLED).count(), "of": total} if total else None


def _energy_since(facts: Facts, midnight: datetime) -> tuple[int, int]:
    """Wh to cars since local midnight, and to how many. Of a night's session only what came after midnight counts."""
    sessions = Session.objects.filter(
        connector__charge_point__cluster=facts.cluster,
        started_at__isnull=False,
        energy_wh__gt=0,
    ).filter(Q(stopped_at=None) | Q(stopped_at__gte=midnight))
    before = (
        MeterValue.objects.filter(
            session_id=OuterRef("pk"), received_at__lt=midnight, energy_wh__isnull=False
        )
        .order_by("-received_at")
        .values("energy_wh")[:1]
    )
    energies = sessions.annotate(
        register_wh=Subquery(before), whose=Coalesce("vehicle_id", "driver_id", "pk")
    ).values_list("started_at", "energy_wh", "meter_start_wh", "register_wh", "whose")
    total_wh = 0
    # A car that comes twice is one car; of a visitor's nothing is known but the stay.
    cars: set[UUID] = set()
    for started_at, energy_wh, start_wh, register_wh, whose in energies:
        earlier_wh = 0
        if started_at is not None and started_at < midnight:
            # Without a register from before midnight nobody knows what came after it: nothing is claimed.
            earlier_wh = energy_wh if register_wh is None else max(0, register_wh - (start_wh or 0))
        since_wh = max(0, energy_wh - earlier_wh)
        total_wh += since_wh
        if since_wh:
            cars.add(whose)
    return total_wh, len(cars)


def price(cluster: Cluster, *, now: datetime) -> dict[str, Any] | None:
    """Price per kWh now, in parts where it follows the market, and the next window that costs less, looking a day ahead.

    None without a tariff and a published price.
    """
    start = signals.quarter_of(now)
    ahead = curves.prices_ahead(cluster, start=start, count=PRICE_HORIZON)
    if not ahead:
        return None
    cheaper = [index for index, value in enumerate(ahead) if value < ahead[0]]
    window = None
    if cheaper:
        least = min(ahead)
        begin = ahead.index(least)
        end = next((i for i in range(begin, len(ahead)) if ahead[i] != least), len(ahead))
        window = {
            "price_per_kwh_minor": least / 1000,
            "from": (start + begin * PRICE_STEP).isoformat(),
            "to": (start + end * PRICE_STEP).isoformat(),
        }
    dearer = next((index for index, value in enumerate(ahead) if value > ahead[0]), None)
    return {
        "currency": cluster.community.currency,
        "per_kwh_minor": ahead[0] / 1000,
        "cheap": window,
        "dearer_at": (start + dearer * PRICE_STEP).isoformat() if dearer is not None else None,
        "parts": _parts_now(cluster, start=start),
    }


def _parts_now(cluster: Cluster, *, start: datetime) -> dict[str, Any] | None:
    """In minor units per MWh; None where the tariff counts."""
    if active_policy(cluster) is None:
        return None
    [step] = curves.published_steps(cluster, start=start, count=1)
    return asdict(step) if step is not None else None
