"""What signals say: taken whole or not at all, kept as it was published, and read quarter by quarter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from evbalancer.common.errors import InvalidInput
from grid.domain import audit
from pricing.enums import SignalQuantity
from pricing.models import EnergySignal, SignalPublication
from pricing.signals.series import QUARTER, QUARTER_S, Series, SignalRefused, Source, Told, said, series_of

# What is older serves nothing; what is further ahead is no forecast of any market.
OLDEST: Final = timedelta(days=62)
FURTHEST: Final = timedelta(days=14)
# Clocks of machines differ a little.
CLOCKS_DIFFER: Final = timedelta(minutes=5)
ORIGIN_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who brings it, by which way, and when. `field` is the input that a refusal is about."""

    origin: str
    field: str
    actor: audit.Actor
    now: datetime


def take_source(signal: EnergySignal, source: Source, hearing: Hearing) -> SignalPublication | None:
    """Take what a file or a push says, with an entry in the audit trail. None where it says nothing new.

    Raises InvalidInput, with the row at fault: nothing of it was taken then.
    """
    try:
        told = source.read()
        series = judge_told(signal, told, now=hearing.now)
    except SignalRefused as refusal:
        raise InvalidInput(hearing.field, str(refusal)) from refusal
    with transaction.atomic():
        publication = store_series(
            signal, series, published_at=told.published_at, origin=hearing.origin, now=hearing.now
        )
        if publication is not None:
            audit.record_entry(
                actor=hearing.actor,
                action="signal.received",
                target=signal,
                after={
                    "origin": publication.origin,
                    "begins_at": publication.begins_at,
                    "ends_at": publication.ends_at,
                },
                now=hearing.now,
            )
    return publication


def judge_told(signal: EnergySignal, told: Told, *, now: datetime) -> Series:
    """The quarters of what was said, where it is about this signal and about now. Raises SignalRefused."""
    currency = signal.community.currency
    is_price = signal.quantity == SignalQuantity.PRICE
    if told.unit.is_price != is_price:
        raise SignalRefused(
            "It says prices, but the signal is about carbon."
            if told.unit.is_price
            else "It says carbon, but the signal is about prices."
        )
    if told.unit.is_price and told.currency not in ("", currency):
        raise SignalRefused(f"Its prices are in {told.currency[:8]}, the community's in {currency}.")
    series = series_of(told, currency=currency)
    if series.begins_at < now - OLDEST:
        raise SignalRefused(f"It begins at {said(series.begins_at)}: more than {OLDEST.days} days ago.")
    if series.ends_at > now + FURTHEST:
        raise SignalRefused(f"It reaches to {said(series.ends_at)}: more than {FURTHEST.days} days ahead.")
    if told.published_at is not None and told.published_at > now + CLOCKS_DIFFER:
        raise SignalRefused(f"It was published at {said(told.published_at)}, which is yet to come.")
    return series


@transaction.atomic
def store_series(
    signal: EnergySignal, series: Series, *, published_at: datetime | None, origin: str, now: datetime
) -> SignalPublication | None:
    """Keep the series as a publication, unless all of it is known. The signal was heard either way."""
    EnergySignal.objects.filter(pk=signal.pk).update(heard_at=now, error="")
    signal.heard_at, signal.error = now, ""
    known = values_between(signal, start=series.begins_at, count=len(series.values))
    if known == list(series.values):
        return None
    publication: SignalPublication = SignalPublication.objects.create(
        community_id=signal.community_id,
        signal=signal,
        begins_at=series.begins_at,
        ends_at=series.ends_at,
        values=list(series.values),
        published_at=published_at or now,
        received_at=now,
        origin=origin[:ORIGIN_LENGTH],
    )
    return publication


def values_between(signal: EnergySignal, *, start: datetime, count: int) -> list[int | None]:
    """The value of each of `count` quarters from `start` on, which begins one; None where nothing was said."""
    values: list[int | None] = [None] * count
    rows = SignalPublication.objects.filter(
        signal=signal, begins_at__lt=start + count * QUARTER, ends_at__gt=start
    )
    for begins_at, told in rows.order_by("received_at", "pk").values_list("begins_at", "values"):
        _lay_over(values, told, offset=int((begins_at - start) / QUARTER))
    return values


def _lay_over(values: list[int | None], told: Sequence[int], *, offset: int) -> None:
    first, last = max(0, offset), min(len(values), offset + len(told))
    values[first:last] = told[first - offset : last - offset]


def with_state(signals: QuerySet[EnergySignal], *, now: datetime) -> QuerySet[EnergySignal]:
    """With `known_until`, the end of the last quarter that has a value, and `is_silent`: nothing is known of the quarter that runs."""
    now_known = SignalPublication.objects.filter(signal=OuterRef("pk"), begins_at__lte=now, ends_at__gt=now)
    return signals.annotate(known_until=Max("publications__ends_at"), is_silent=~Exists(now_known))


def quarter_of(moment: datetime) -> datetime:
    """The begin of the quarter of an hour that holds a moment."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % QUARTER_S, UTC)
