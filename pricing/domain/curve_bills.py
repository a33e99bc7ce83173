"""Sessions billed by published prices: those in force before each quarter, or lower ones that their slot was booked by."""

from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

from chargers.models import Session
from pricing.domain import signals
from pricing.domain.choice import active_policy
from pricing.domain.curves import prices_kept
from pricing.models import PricePublication
from pricing.rating.billed import BilledPart, split_as_billed
from pricing.rating.register import Register
from pricing.signals.series import QUARTER

# Which publication a session was booked by; slots are known above, which registers itself.
FindBooking = Callable[[UUID], UUID | None]
_finders: Final[list[FindBooking]] = []


def finds_bookings(finder: FindBooking) -> FindBooking:
    """Register who knows the slot of a session; used in an app's `receivers` module."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def with_published_prices(session_ids: Collection[UUID]) -> set[UUID]:
    """Those of these sessions whose cluster has published prices."""
    rows = Session.objects.filter(
        pk__in=session_ids, connector__charge_point__cluster__price_publications__isnull=False
    )
    return set(rows.values_list("pk", flat=True).distinct())


def split_by_curve(
    session: Session, register: Register, *, follows_market: bool = True
) -> list[BilledPart] | None:
    """The energy of a session at the prices of its quarters, alike ones joined; None where its tariff counts.

    That is where prices don't follow the market, or were not published for all of its time. Who booked by a publication keeps it.
    """
    cluster_id = session.connector.charge_point.cluster_id
    booked_by = [found for finder in _finders if (found := finder(session.pk)) is not None]
    publication = PricePublication.objects.filter(pk__in=booked_by, cluster=cluster_id).first()
    if publication is None and (not follows_market or active_policy(cluster_id) is None):
        return None
    start = signals.quarter_of(register.start)
    count = max(1, -((start - register.end) // QUARTER))
    prices = prices_kept(cluster_id, publication, start=start, count=count)
    parts: list[BilledPart] = []
    for at, price in enumerate(prices):
        if price is None:
            return None
        if not parts or parts[-1].price_per_mwh_minor != price:
            begin = max(register.start, start + at * QUARTER)
            parts.append(BilledPart(begin, register.end, 0, price))
    return split_as_billed(register, parts)


def words_of_part(part: BilledPart) -> dict[str, Any]:
    """A part as a bill keeps it."""
    return {
        "start": part.start.isoformat(),
        "end": part.end.isoformat(),
        "energy_wh": part.energy_wh,
        "price_per_mwh_minor": part.price_per_mwh_minor,
    }
