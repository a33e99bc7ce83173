"""Readings of building meters leave when they are over their time; what the building took stays with the rebalances."""

from collections.abc import Sequence
from uuid import UUID

from evbalancer.common.db.batches import Batch, Ledger
from grid.domain.retention.periods import Periods
from grid.models import Circuit, MeterReading


def readings_ledger(periods: Periods) -> Ledger:
    """Circuit by circuit, the oldest first."""

    def find(place: str | None, size: int) -> Batch:
        circuits = Circuit.objects.order_by("pk").values_list("pk", "community_id")
        if place is not None:
            circuits = circuits.filter(pk__gte=UUID(place))
        for circuit_id, community_id in circuits:
            end = periods.ends.get(community_id)
            if end is None:
                continue
            rows = MeterReading.objects.filter(circuit=circuit_id, received_at__lt=end).order_by(
                "received_at"
            )
            found = list(rows.values_list("pk", flat=True)[:size])
            if found:
                return Batch(found, str(circuit_id))
        return Batch([], None)

    return Ledger("building meters", find, _clear)


def _clear(ids: Sequence[UUID]) -> int:
    gone, _ = MeterReading.objects.filter(pk__in=ids).delete()
    return gone
