"""What a community pays for its energy, quarter by quarter, as far as stored signals say it."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from grid.models import Cluster
from pricing.domain import signals
from pricing.enums import SignalQuantity
from pricing.models import DynamicPrice, EnergySignal, PricePublication
from pricing.signals.series import QUARTER


@dataclass(frozen=True, slots=True)
class Purchases:
    """Minor units per MWh without tax, one entry a quarter; None where no market price is stored. `with_fees`: with the grid fee and
    levies of the cluster's policy.
    """

    per_mwh_minor: tuple[int | None, ...]
    with_fees: bool


def purchase_prices(cluster: Cluster, *, start: datetime, count: int) -> Purchases:
    """The market's prices, with the fees that were published for each quarter. Without a policy the community's only price signal counts."""
    policy = DynamicPrice.objects.filter(cluster=cluster).select_related("market").first()
    signal = policy.market if policy is not None else _only_signal(cluster)
    if signal is None:
        return Purchases((None,) * count, with_fees=False)
    market = signals.values_between(signal, start=start, count=count)
    if policy is None:
        return Purchases(tuple(market), with_fees=False)
    rows = PricePublication.objects.filter(
        cluster=cluster, ends_at__gt=start, begins_at__lt=start + count * QUARTER
    )
    told = list(rows.order_by("begins_at").values_list("begins_at", "terms__grid", "terms__levies"))
    begins = [begins_at for begins_at, _, _ in told]
    usual = policy.grid_fee_per_mwh_minor + policy.levies_per_mwh_minor
    fees = [usual, *(grid + levies for _, grid, levies in told)]
    prices = [
        None if value is None else value + fees[bisect_right(begins, start + at * QUARTER)]
        for at, value in enumerate(market)
    ]
    return Purchases(tuple(prices), with_fees=True)


def _only_signal(cluster: Cluster) -> EnergySignal | None:
    rows = EnergySignal.objects.filter(
        community=cluster.community_id, quantity=SignalQuantity.PRICE, active=True
    )
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None
