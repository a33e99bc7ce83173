"""Published prices of a cluster: published, never edited, and read quarter by quarter."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from django.db import transaction

from chargers.models import Connector
from drivers.models import Driver
from grid.models import Cluster
from pricing.domain import signals, tariffs
from pricing.domain.choice import choose_price
from pricing.dynamic import Inputs, Step, Terms, price_steps
from pricing.enums import PriceBasis
from pricing.models import DynamicPrice, PricePublication
from pricing.rating.billed import WH_PER_MWH
from pricing.signals.series import QUARTER, QUARTER_S

T = TypeVar("T")

LEAST_AHEAD: Final = timedelta(hours=24)
# Where the market is not known so far: so that not every quarter needs a publication of its own.
SPARE: Final = timedelta(hours=6)
MOST_AHEAD: Final = timedelta(hours=72)

# The share of the connection that is expected to stay free in each of so many quarters, in per cent.
Headroom = Callable[[datetime, int], Sequence[int | None]]


def publish_prices(policy: DynamicPrice, *, headroom: Headroom, now: datetime) -> PricePublication | None:
    """Publish the prices of the next day, and further as far as the market is known. None where nothing changed.

    The quarter that runs keeps its price: a publication begins with the next one, unless it is the first.
    """
    begins_at = signals.quarter_of(now)
    if PricePublication.objects.filter(
        cluster=policy.cluster_id, begins_at__lte=now, ends_at__gt=now
    ).exists():
        begins_at += QUARTER
    known = _known(policy, begins_at)
    least = LEAST_AHEAD // QUARTER
    count = known if known >= least else least + SPARE // QUARTER
    inputs = Inputs(
        tuple(signals.values_between(policy.market, start=begins_at, count=count)),
        tuple(signals.values_between(policy.carbon, start=begins_at, count=count))
        if policy.carbon is not None
        else (None,) * count,
        tuple(headroom(begins_at, count)),
    )
    terms = terms_of(policy)
    prices = [step.total for step in price_steps(terms, inputs)]
    published = published_prices(policy.cluster_id, start=begins_at, count=count)
    reach = sum(price is not None for price in published)
    if reach >= max(known, least) and published[:reach] == prices[:reach]:
        return None
    with transaction.atomic():
        publication: PricePublication = PricePublication.objects.create(
            community_id=policy.community_id,
            cluster_id=policy.cluster_id,
            published_at=now,
            begins_at=begins_at,
            ends_at=begins_at + count * QUARTER,
            per_mwh_minor=prices,
            terms=terms.stored,
            inputs=inputs.stored,
        )
    return publication


def _known(policy: DynamicPrice, begins_at: datetime) -> int:
    """How many quarters there are to the last one that the market has a price for."""
    values = signals.values_between(policy.market, start=begins_at, count=MOST_AHEAD // QUARTER)
    return next((at + 1 for at in reversed(range(len(values))) if values[at] is not None), 0)


def terms_of(policy: DynamicPrice) -> Terms:
    return Terms(
        fallback=policy.fallback_per_mwh_minor,
        grid=policy.grid_fee_per_mwh_minor,
        levies=policy.levies_per_mwh_minor,
        tax_permille=policy.tax_permille,
        scarcity_most=policy.scarcity_most_per_mwh_minor,
        scarcity_from_pct=policy.scarcity_from_pct,
        carbon_per_tonne=policy.carbon_per_tonne_minor,
        floor=policy.floor_per_mwh_minor,
        ceiling=policy.ceiling_per_mwh_minor,
    )


def recompute_steps(publication: PricePublication) -> list[Step]:
    """Each price of a publication again, in parts, from what is stored with it."""
    return price_steps(Terms(**publication.terms), Inputs.of_stored(publication.inputs))


def publication_for(
    driver: Driver, connector: Connector | None, cluster: Cluster, *, now: datetime
) -> PricePublication | None:
    """What a slot is booked by that is booked now; None where the driver or the connector has another price."""
    choice = choose_price(cluster.community, at=now, driver=driver, connector=connector, cluster=cluster)
    return publication_in_force(cluster, now=now) if choice.follows_market else None


def publication_in_force(cluster: Cluster, *, now: datetime) -> PricePublication | None:
    """The newest publication that reaches beyond now, where the cluster's price follows the market."""
    rows = PricePublication.objects.filter(
        cluster=cluster, ends_at__gt=now, cluster__dynamic_price__active=True
    )
    return rows.order_by("-published_at", "-pk").first()


def published_prices(cluster: Cluster | UUID, *, start: datetime, count: int) -> list[int | None]:
    """The price of each quarter as it was published last before the quarter began; None where none was."""
    return _published(cluster, lambda publication: publication.per_mwh_minor, start=start, count=count)


def published_steps(cluster: Cluster | UUID, *, start: datetime, count: int) -> list[Step | None]:
    """The same in parts."""
    return _published(cluster, recompute_steps, start=start, count=count)


def _published(
    cluster: Cluster | UUID, read: Callable[[PricePublication], Sequence[T]], *, start: datetime, count: int
) -> list[T | None]:
    """What `read` finds for each quarter in the newest publication that has the quarter."""
    found: list[T | None] = [None] * count
    rows = PricePublication.objects.filter(
        cluster=cluster, begins_at__lt=start + count * QUARTER, ends_at__gt=start
    )
    missing = count
    for publication in rows.order_by("-published_at", "-pk").iterator(chunk_size=4):
        told, offset = read(publication), int((publication.begins_at - start) / QUARTER)
        for at in range(max(0, offset), min(count, offset + len(told))):
            if found[at] is None:
                found[at] = told[at - offset]
                missing -= 1
        if not missing:
            break
    return found


def prices_kept(
    cluster: Cluster | UUID, publication: PricePublication | None, *, start: datetime, count: int
) -> list[int | None]:
    """The prices for who booked by a publication: what is published later only ever lowers them."""
    newest = published_prices(cluster, start=start, count=count)
    if publication is None:
        return newest
    offset, told = int((start - publication.begins_at) / QUARTER), publication.per_mwh_minor
    return [
        _lower(price, told[offset + at] if 0 <= offset + at < len(told) else None)
        for at, price in enumerate(newest)
    ]


def _lower(newest: int | None, seen: int | None) -> int | None:
    known = [price for price in (newest, seen) if price is not None]
    return min(known, default=None)


def prices_ahead(
    cluster: Cluster,
    *,
    start: datetime,
    count: int,
    driver: Driver | None = None,
    connector: Connector | None = None,
    at: datetime | None = None,
) -> list[float]:
    """Price of each quarter from `start` on, in minor units per MWh: the published ones, else the tariff's. Empty without either.

    For a session that begins at that moment, or `at` another, of a driver or at a connector as far as they are known. Beyond the end of what is published, the last published price holds.
    """
    choice = choose_price(
        cluster.community, at=at or start, driver=driver, connector=connector, cluster=cluster
    )
    if choice.basis == PriceBasis.MARKET:
        published = published_prices(cluster, start=start, count=count)
        known = [value for value in published if value is not None]
        if known:
            last = next(value for value in reversed(published) if value is not None)
            return [float(last if value is None else value) for value in published]
    return tariffs.prices_per_mwh(choice.version, start=start, step=QUARTER, count=count)


def cost_bounds_minor(
    cluster: Cluster,
    *,
    energy_wh: int,
    power_w: int,
    start: datetime,
    end: datetime,
    driver: Driver | None = None,
    connector: Connector | None = None,
) -> tuple[int, int] | None:
    """The cost of `energy_wh` if all of it flows at up to `power_w` in the cheapest, and in the dearest, quarters of the
    window. Power that does not suffice, or is 0 for unknown, is taken to be just enough. None without a tariff or published prices."""
    count = max(1, -(-int((end - start).total_seconds()) // QUARTER_S))
    prices = sorted(
        prices_ahead(
            cluster, start=signals.quarter_of(start), count=count, driver=driver, connector=connector
        )
    )
    if not prices:
        return None
    most_wh = max(power_w * QUARTER_S / 3600, energy_wh / count)
    return _cost_minor(prices, energy_wh, most_wh), _cost_minor(prices[::-1], energy_wh, most_wh)


def cost_of_stretches_minor(
    cluster: Cluster,
    stretches: Sequence[tuple[datetime, datetime, float]],
    *,
    driver: Driver | None = None,
    connector: Connector | None = None,
) -> int | None:
    """The cost of power in W in stretches of time, in order, at the price of each quarter. None without a tariff or published prices."""
    if not stretches:
        return 0
    start = signals.quarter_of(stretches[0][0])
    count = -(-int((stretches[-1][1] - start).total_seconds()) // QUARTER_S)
    prices = prices_ahead(cluster, start=start, count=max(1, count), driver=driver, connector=connector)
    if not prices:
        return None
    cost = 0.0
    for begins_at, ends_at, power_w in stretches:
        for at, price in enumerate(prices):
            quarter = start + at * QUARTER
            within = min(ends_at, quarter + QUARTER) - max(begins_at, quarter)
            cost += max(0.0, within.total_seconds()) / 3600 * power_w * price / WH_PER_MWH
    return round(cost)


def _cost_minor(prices: Sequence[float], energy_wh: float, most_wh: float) -> int:
    cost = 0.0
    for price in prices:
        part_wh = min(most_wh, energy_wh)
        cost += part_wh * price / WH_PER_MWH
        energy_wh -= part_wh
    return round(cost)
