"""The registers of a meter as they are still known: value by value, or of each five minutes or hour where the values are gone."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from chargers.models import MeterMean, MeterValue, Session

Register = tuple[datetime, int]


def read_registers(session: Session) -> list[Register]:
    """Those of a session that count, by the charger's clock: moment and Wh. Of a mean its first and its last."""
    values = _of_values(Q(session=session)).order_by("measured_at").values_list("measured_at", "energy_wh")
    found = [(at, wh) for at, wh in values if wh is not None]
    found += _of_means(MeterMean.objects.filter(session=session))
    return sorted(found)


def read_last_register(connector_id: UUID, *, before: datetime) -> Register | None:
    """The last of a connector at or before the moment."""
    values = _of_values(Q(connector=connector_id, measured_at__lte=before))
    newest = values.order_by("-measured_at").values_list("measured_at", "energy_wh").first()
    means = MeterMean.objects.filter(connector=connector_id, first_at__lte=before).order_by("-first_at")[:1]
    known = [(at, wh) for at, wh in _of_means(means) if at <= before]
    if newest is not None and newest[1] is not None:
        known.append((newest[0], newest[1]))
    return max(known, default=None)


def _of_values(which: Q) -> QuerySet[MeterValue]:
    return MeterValue.objects.filter(which, energy_wh__isnull=False, quarantine="")


def _of_means(means: QuerySet[MeterMean]) -> Iterator[Register]:
    for first_at, first_wh, last_at, last_wh in means.values_list(
        "first_at", "first_wh", "last_at", "last_wh"
    ):
        if first_at is None or last_at is None or first_wh is None or last_wh is None:
            continue
        yield first_at, first_wh
        if last_at != first_at:
            yield last_at, last_wh
