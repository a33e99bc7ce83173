"""A cluster's month for its managers: what came in, what the energy cost, and the peak that balancing avoided. From stored rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from grid.models import Cluster
from pricing.domain import signals
from pricing.domain.reports.peaks import Loads, read_loads
from pricing.domain.reports.purchases import Purchases, purchase_prices
from pricing.domain.reports.savings import Saving, sum_savings
from pricing.domain.statements.demand import charge_of_month
from pricing.domain.statements.lines import month_after, month_begin
from pricing.domain.statements.taxes import read_tax_rates, shares_of, tax_lines
from pricing.enums import LineKind
from pricing.models import BillLine, LoadProfile
from pricing.rating.billed import WH_PER_MWH
from pricing.rating.demand import demand_charge_minor
from pricing.signals.series import QUARTER


@dataclass(frozen=True, slots=True)
class Day:
    """Of the sessions that ended on a local day. Amounts in minor units, revenue with the tax in it."""

    day: date
    energy_wh: int
    revenue_minor: int
    purchase_minor: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What the month's peak costs, and what balancing avoided of it: below zero where charging at once would have cost less."""

    per_kw_minor: int
    charge_minor: int
    avoided_minor: int


@dataclass(frozen=True, slots=True)
class Account:
    """Of the sessions that ended in a local month; energy flows are counted where they flowed. Amounts in minor units.

    `purchase_minor` covers `priced_wh` of the sold energy: of the rest no market price is stored. `unmeasured` sessions have no load
    profile, so nothing of them is in purchase, peaks and savings. `beside_minor` is the revenue that no session has: shares, free energy and
    fees of bookings. `passed_on_minor` is what drivers paid of the demand charge, without tax, and no margin. `elsewhere_minor` belongs
    to the whole community, which has other clusters too, and is in no figure.
    """

    month: date
    until: datetime
    currency: str
    sessions: int
    energy_wh: int
    revenue_minor: int
    beside_minor: int
    elsewhere_minor: int
    tax_minor: int
    passed_on_minor: int
    priced_wh: int
    purchase_minor: int
    with_fees: bool
    unmeasured: int
    saving: Saving
    loads: Loads | None
    demand: Demand | None
    days: tuple[Day, ...]

    @property
    def margin_minor(self) -> int | None:
        """Revenue without tax and demand charge, less what its energy cost; None where that is not known of all of it."""
        if self.priced_wh < self.energy_wh:
            return None
        return self.revenue_minor - self.tax_minor - self.passed_on_minor - self.purchase_minor


def read_account(cluster: Cluster, *, month: date, now: datetime) -> Account:
    """The month that holds a day, up to now."""
    zone = ZoneInfo(cluster.community.time_zone)
    begin = month_begin(month, zone.key)
    end = min(month_begin(month_after(month), zone.key), max(now, begin))
    lines = _read_lines(cluster, begin=begin, end=end)
    profiles = list(
        LoadProfile.objects.filter(cluster=cluster, ended_at__gte=begin, begins_at__lt=end).order_by("pk")
    )
    ended = [row for row in profiles if row.ended_at < end]
    first = signals.quarter_of(min([begin, *(row.begins_at for row in ended)]))
    count = max(1, -((first - end) // QUARTER))
    purchases = purchase_prices(cluster, start=first, count=count)
    bought = {row.pk: _bought(row, purchases, first=first) for row in ended}
    sold = {line.session_id for line in lines} - {None}
    month_start = signals.quarter_of(begin)
    # Without the quarter that runs.
    loads = read_loads(cluster, profiles, start=month_start, count=max(1, (end - month_start) // QUARTER))
    shared = [line for line in lines if line.kind == LineKind.DEMAND]
    return Account(
        month=month.replace(day=1),
        until=end,
        currency=cluster.community.currency,
        sessions=len(sold),
        energy_wh=sum(line.energy_wh for line in lines if line.kind in BillLine.METERED),
        revenue_minor=sum(line.amount_minor for line in lines),
        beside_minor=sum(line.amount_minor for line in lines if line.session_id is None),
        elsewhere_minor=_elsewhere_minor(cluster, begin=begin, end=end),
        tax_minor=_tax_minor(cluster, lines),
        passed_on_minor=sum(line.amount_minor for line in shared) - _tax_minor(cluster, shared),
        priced_wh=sum(priced_wh for priced_wh, _ in bought.values()),
        purchase_minor=round(sum(cost for _, cost in bought.values())),
        with_fees=purchases.with_fees,
        unmeasured=len(sold - {row.session_id for row in ended}),
        saving=sum_savings(row.saved_minor for row in ended),
        loads=loads,
        demand=_demand(cluster, loads, month),
        days=_days(lines, ended, bought, zone),
    )


def _read_lines(cluster: Cluster, *, begin: datetime, end: datetime) -> list[BillLine]:
    """Of its sessions, its bookings and its demand charge; and what is the community's, where it has this cluster alone."""
    own = Q(session__connector__charge_point__cluster=cluster) | Q(cluster=cluster)
    if _is_alone(cluster):
        own |= Q(community=cluster.community_id, session=None, cluster=None)
    rows = BillLine.objects.filter(own, ended_at__gte=begin, ended_at__lt=end, waiver=None)
    return list(rows.order_by("ended_at", "pk"))


def _elsewhere_minor(cluster: Cluster, *, begin: datetime, end: datetime) -> int:
    if _is_alone(cluster):
        return 0
    rows = BillLine.objects.filter(
        community=cluster.community_id,
        session=None,
        cluster=None,
        ended_at__gte=begin,
        ended_at__lt=end,
        waiver=None,
    )
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def _is_alone(cluster: Cluster) -> bool:
    return not Cluster.objects.filter(community=cluster.community_id).exclude(pk=cluster.pk).exists()


def _demand(cluster: Cluster, loads: Loads | None, month: date) -> Demand | None:
    """None without a price of the peak, or without a peak."""
    charge = charge_of_month(cluster, month=month)
    if charge is None or loads is None:
        return None
    price = charge.per_kw_minor
    as_it_was, at_once = (
        demand_charge_minor(max(each, default=0), per_kw_minor=price)
        for each in (loads.actual_w, loads.at_once_w)
    )
    return Demand(price, as_it_was, at_once - as_it_was)


def _tax_minor(cluster: Cluster, lines: Sequence[BillLine]) -> int:
    rates = read_tax_rates(cluster.community)
    return sum(
        each.tax_minor for each in tax_lines(share for line in lines for share in shares_of(line, rates))
    )


def _bought(profile: LoadProfile, purchases: Purchases, *, first: datetime) -> tuple[int, float]:
    """The energy of a session whose price is known, and what it cost."""
    offset = (profile.begins_at - first) // QUARTER
    told = list(zip(profile.energies_wh, purchases.per_mwh_minor[offset:], strict=False))
    known = [(energy_wh, price) for energy_wh, price in told if price is not None]
    return sum(wh for wh, _ in known), sum(wh * price for wh, price in known) / WH_PER_MWH


def _days(
    lines: Sequence[BillLine],
    ended: Sequence[LoadProfile],
    bought: dict[UUID, tuple[int, float]],
    zone: ZoneInfo,
) -> tuple[Day, ...]:
    found: dict[date, list[float]] = {}
    for line in lines:
        sums = found.setdefault(line.ended_at.astimezone(zone).date(), [0, 0, 0])
        sums[0] += line.energy_wh if line.kind in BillLine.METERED else 0
        sums[1] += line.amount_minor
    for row in ended:
        found.setdefault(row.ended_at.astimezone(zone).date(), [0, 0, 0])[2] += bought[row.pk][1]
    return tuple(Day(day, *map(round, sums)) for day, sums in sorted(found.items()))
